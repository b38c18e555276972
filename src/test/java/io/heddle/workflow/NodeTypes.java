package io.heddle.workflow;

import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A handful of node types to validate definitions against. */
final class NodeTypes {

  private NodeTypes() {}

  static Map<String, NodeExecutor> all() {
    Map<String, NodeExecutor> types = new HashMap<>();
    for (NodeExecutor executor :
        new NodeExecutor[] {new Noop(), new Echo(), new Delay(), new Fail()}) {
      types.put(executor.typeId(), executor);
    }
    return types;
  }

  private record Noop() implements NodeExecutor {

    @Override
    public String typeId() {
      return "core.noop";
    }

    @Override
    public NodeResult execute(NodeContext context) {
      return NodeResult.completed();
    }
  }

  private record Echo() implements NodeExecutor {

    @Override
    public String typeId() {
      return "core.identity";
    }

    @Override
    public NodeResult execute(NodeContext context) {
      return NodeResult.completed(context.inputs());
    }
  }

  private record Delay() implements NodeExecutor {

    @Override
    public String typeId() {
      return "core.delay";
    }

    @Override
    public Map<String, String> configFaults(Map<String, @Nullable Object> config) {
      Map<String, String> faults = new HashMap<>();
      if (config.containsKey("ms") && !(config.get("ms") instanceof Integer)) {
        faults.put("/ms", "must be an integer");
      }
      if (config.containsKey("a/b")) {
        faults.put("/a~1b", "must not be there");
      }
      if (config.size() > 5) {
        faults.put("", "must hold at most 5 members");
      }
      return faults;
    }

    @Override
    public NodeResult execute(NodeContext context) {
      return context.wakeups() == 0
          ? NodeResult.parked(Duration.ofMillis(1))
          : NodeResult.completed();
    }
  }

  private record Fail() implements NodeExecutor {

    @Override
    public String typeId() {
      return "core.fail";
    }

    @Override
    public NodeResult execute(NodeContext context) {
      return NodeResult.failed("failed_on_purpose", "This node always fails");
    }
  }
}
