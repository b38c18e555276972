package io.heddle.testkit;

import io.heddle.json.Json;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import io.heddle.testkit.Gate.Execution;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.web.server.context.WebServerInitializedEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What a host in a process of a test has beyond its real self. */
@Configuration(proxyBeanMethods = false)
class HostInTest {

  /** Tells the test where the host serves, as soon as it does. */
  @Bean
  ApplicationListener<WebServerInitializedEvent> portFile(
      @Value("${test.port-file}") Path portFile) {
    return event -> {
      try {
        Path complete = Files.createTempFile(portFile.getParent(), "port", null);
        Files.writeString(complete, Integer.toString(event.getWebServer().getPort()));
        Files.move(complete, portFile, StandardCopyOption.ATOMIC_MOVE);
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    };
  }

  /** A test that is killed leaves no host behind. */
  @Bean
  ApplicationListener<WebServerInitializedEvent> parentWatch() {
    return event ->
        ProcessHandle.current()
            .parent()
            .ifPresent(parent -> parent.onExit().thenRun(() -> Runtime.getRuntime().halt(1)));
  }

  @Bean
  NodeExecutor gatedNode(@Value("${test.directory}") Path directory) {
    return new GatedNode(new Gate(directory));
  }

  @Bean
  NodeExecutor deadlyNode(@Value("${test.directory}") Path directory) {
    return new DeadlyNode(new Gate(directory));
  }

  @Bean
  NodeExecutor effectNode() {
    return new EffectNode();
  }

  @Bean
  NodeExecutor orderingNode(@Value("${test.directory}") Path directory) {
    return new OrderingNode(new Provider(directory));
  }

  /**
   * A node that orders something outside, once, and takes its time before and after. Its config
   * says for how many milliseconds, and how often it fails although it has ordered.
   */
  private record OrderingNode(Provider provider) implements NodeExecutor {

    @Override
    public String typeId() {
      return "test.ordering";
    }

    @Override
    public NodeResult execute(NodeContext context) throws Exception {
      int takes = (int) context.config().getOrDefault("takes", 20);
      Thread.sleep(takes);
      Object receipt =
          context.once("test:order", key -> provider.order(context.runId(), context.nodeId(), key));
      Thread.sleep(takes);
      if (context.attempt() < (int) context.config().getOrDefault("failures", 0)) {
        return new NodeResult.Failed("test.later", "Not yet", true);
      }
      return NodeResult.completed(Json.members("order", receipt));
    }
  }

  /** A node with outside effects, of which the host knows nothing but that it may have them. */
  private record EffectNode() implements NodeExecutor {

    @Override
    public String typeId() {
      return "test.effect";
    }

    @Override
    public NodeResult execute(NodeContext context) {
      return NodeResult.completed();
    }
  }

  /** A node that takes its process with it. */
  private record DeadlyNode(Gate gate) implements NodeExecutor {

    @Override
    public String typeId() {
      return "test.deadly";
    }

    @Override
    public NodeResult execute(NodeContext context) {
      gate.enter(new Execution(context.runId(), context.attempt(), ProcessHandle.current().pid()));
      Runtime.getRuntime().halt(137);
      return NodeResult.completed();
    }
  }

  /** A node with outside effects that takes as long as the test wants. */
  private record GatedNode(Gate gate) implements NodeExecutor {

    @Override
    public String typeId() {
      return "test.gated";
    }

    @Override
    public NodeResult execute(NodeContext context) throws InterruptedException {
      Execution execution =
          new Execution(context.runId(), context.attempt(), ProcessHandle.current().pid());
      gate.enter(execution);
      while (!gate.isOpen(execution)) {
        // Another process opens it: there is nothing to be notified by.
        Thread.sleep(5);
      }
      return NodeResult.completed();
    }
  }
}
