package io.heddle.workflow;

import org.jspecify.annotations.Nullable;

/** Where an input port of a node gets its value from. */
public sealed interface PortValue {

  /** A JSON value that is part of the definition. */
  record Static(@Nullable Object value) implements PortValue {

    // The value may be a secret.
    @Override
    public String toString() {
      return "Static";
    }
  }

  /** What an expression gives; see {@link WorkflowDefinition#expressions()}. */
  record Expression(String expression) implements PortValue {

    // The text may hold a secret.
    @Override
    public String toString() {
      return "Expression";
    }
  }

  /**
   * A variable of the run.
   *
   * @param optional whether the port may stay empty; the variable then need not be declared
   */
  record Variable(String variableName, boolean optional) implements PortValue {}

  /**
   * An output of another node of the workflow.
   *
   * @param optional whether the port may stay empty
   */
  record Connection(String nodeId, String outputKey, boolean optional) implements PortValue {}
}
