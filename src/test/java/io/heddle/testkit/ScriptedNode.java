package io.heddle.testkit;

import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;

/** A node type that does what a test says. */
public final class ScriptedNode implements NodeExecutor {

  /** What is done when a node of the type executes. */
  @FunctionalInterface
  public interface Script {
    NodeResult execute(NodeContext context) throws Exception;
  }

  private final String typeId;

  private final boolean pure;

  private volatile Script script = context -> NodeResult.completed();

  private ScriptedNode(String typeId, boolean pure) {
    this.typeId = typeId;
    this.pure = pure;
  }

  public static ScriptedNode acting(String typeId) {
    return new ScriptedNode(typeId, false);
  }

  public static ScriptedNode pure(String typeId) {
    return new ScriptedNode(typeId, true);
  }

  /** From now on, nodes do this. */
  public void does(Script script) {
    this.script = script;
  }

  @Override
  public String typeId() {
    return typeId;
  }

  @Override
  public boolean pure() {
    return pure;
  }

  @Override
  public NodeResult execute(NodeContext context) throws Exception {
    return script.execute(context);
  }
}
