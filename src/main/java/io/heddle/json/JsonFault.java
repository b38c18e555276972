package io.heddle.json;

import java.io.Serial;

/** A JSON value that is refused, with the place of the fault. Never quotes the value itself. */
public final class JsonFault extends RuntimeException {

  @Serial private static final long serialVersionUID = 1L;

  private final String pointer;

  private final String problem;

  /**
   * @param pointer JSON pointer (RFC 6901) of the faulty place; empty for the whole document
   * @param problem what the place must or must not be, as a predicate
   */
  public JsonFault(String pointer, String problem) {
    super((pointer.isEmpty() ? "The JSON document" : pointer) + " " + problem);
    this.pointer = pointer;
    this.problem = problem;
  }

  /** The JSON pointer of the faulty place; empty for the whole document. */
  public String pointer() {
    return pointer;
  }

  /** What the place must or must not be. */
  public String problem() {
    return problem;
  }
}
