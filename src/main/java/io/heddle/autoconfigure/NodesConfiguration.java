package io.heddle.autoconfigure;

import io.heddle.engine.EngineNodes;
import io.heddle.engine.NodeExecutors;
import io.heddle.engine.RuntimeCapabilities;
import io.heddle.engine.node.ApprovalGateNode;
import io.heddle.engine.node.ChannelWriteNode;
import io.heddle.engine.node.ClarificationGateNode;
import io.heddle.engine.node.ConversationGateNode;
import io.heddle.engine.node.DelayNode;
import io.heddle.engine.node.FailNode;
import io.heddle.engine.node.GovernanceGateNode;
import io.heddle.engine.node.IdentityNode;
import io.heddle.engine.node.InterruptNode;
import io.heddle.engine.node.NoopNode;
import io.heddle.secret.SecretDirectory;
import io.heddle.secret.SecretSources;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.SecretSource;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

/** The node types that every host executes, and what they are given. */
@Configuration(proxyBeanMethods = false)
final class NodesConfiguration {

  @Bean
  NoopNode heddleNoopNode() {
    return new NoopNode();
  }

  @Bean
  IdentityNode heddleIdentityNode() {
    return new IdentityNode();
  }

  @Bean
  DelayNode heddleDelayNode() {
    return new DelayNode();
  }

  @Bean
  FailNode heddleFailNode() {
    return new FailNode();
  }

  @Bean
  ChannelWriteNode heddleChannelWriteNode() {
    return new ChannelWriteNode();
  }

  @Bean
  NodeExecutor heddleSubWorkflowNode() {
    return EngineNodes.subWorkflow();
  }

  /** Only tests let a definition take the decisions of the agent it is about. */
  @Bean
  NodeExecutor heddleSupervisorNode(HeddleProperties properties) {
    return EngineNodes.supervisor(properties.conformance().enabled());
  }

  @Bean
  NodeExecutor heddleDispatchNode() {
    return EngineNodes.dispatch();
  }

  @Bean
  ApprovalGateNode heddleApprovalGateNode() {
    return new ApprovalGateNode();
  }

  /** Nobody could decide at such a gate where no role is known. */
  @Bean
  @Conditional(OnRoles.class)
  GovernanceGateNode heddleGovernanceGateNode() {
    return new GovernanceGateNode();
  }

  @Bean
  ClarificationGateNode heddleClarificationGateNode() {
    return new ClarificationGateNode();
  }

  /** Only tests let a definition converse with itself. */
  @Bean
  ConversationGateNode heddleConversationGateNode(HeddleProperties properties) {
    return new ConversationGateNode(properties.conformance().enabled());
  }

  @Bean
  InterruptNode heddleInterruptNode() {
    return new InterruptNode();
  }

  /** None yet: every node type of this host runs on its own. */
  @Bean
  @ConditionalOnMissingBean
  RuntimeCapabilities heddleRuntimeCapabilities() {
    return new RuntimeCapabilities(Set.of());
  }

  @Bean
  SecretSources heddleSecretSources(
      ObjectProvider<SecretSource> sources, HeddleProperties properties, Environment environment) {
    List<SecretSource> all = new ArrayList<>(sources.orderedStream().toList());
    if (properties.secrets().directory() != null) {
      all.add(new SecretDirectory(Path.of(properties.secrets().directory())));
    }
    all.add(new PropertySecrets(environment));
    if (properties.conformance().enabled()) {
      all.add(new ConformanceCanary(environment.getProperty("OPENWOP_CANARY_SECRET_VALUE")));
    }
    return new SecretSources(all);
  }

  @Bean
  NodeExecutors heddleNodeExecutors(
      ObjectProvider<NodeExecutor> executors,
      SecretSources secrets,
      ConfigurableListableBeanFactory beans) {
    List<NodeExecutor> all = new ArrayList<>(executors.orderedStream().toList());
    all.addAll(WorkflowMethods.of(beans));
    return new NodeExecutors(all, secrets);
  }
}
