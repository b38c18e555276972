package io.heddle.spi;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Makes a method of a Spring bean the executor of a node type, where {@link NodeExecutor} would
 * need a class:
 *
 * <pre>{@code
 * record Order(String customer, long cents) {}
 * record Receipt(String id) {}
 *
 * @WorkflowNode("acme.charge-card")
 * Receipt charge(Order order, NodeContext node) throws Exception {
 *   Object id = node.once("acme:charge", key -> payments.charge(order, key));
 *   return new Receipt((String) id);
 * }
 * }</pre>
 *
 * <p>The method takes the node's inputs, its {@link NodeContext}, both in any order, or nothing.
 * Inputs are read from JSON into the declared type: a record, a bean or a {@code Map}, its members
 * being the input ports; an absent port is null. What does not fit, and what a record's constructor
 * refuses with an {@code IllegalArgumentException}, fails the node for good with {@code
 * validation_error}; so do Bean Validation constraints, if the application has a validator.
 *
 * <p>It returns a record, a bean or a {@code Map}, whose members become the output ports, a {@link
 * NodeResult} to park, suspend or fail, or nothing. What it throws means what it means for {@link
 * NodeExecutor#execute}. As there, the bean must be thread-safe, and the method is called again
 * when the process died before its outcome was stored.
 */
@Documented
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
public @interface WorkflowNode {

  /** The node type, see {@link NodeExecutor#typeId()}. */
  String value();

  /** See {@link NodeExecutor#pure()}. */
  boolean pure() default false;
}
