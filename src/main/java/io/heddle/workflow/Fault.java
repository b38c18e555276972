package io.heddle.workflow;

/**
 * One thing that is wrong with what a caller sent. Quotes no value of it that could be a secret.
 *
 * @param pointer JSON pointer (RFC 6901) of the faulty place; empty for the whole
 * @param problem what the place must or must not be, as a predicate
 */
public record Fault(String pointer, String problem) {

  @Override
  public String toString() {
    return (pointer.isEmpty() ? "The document" : pointer) + " " + problem;
  }
}
