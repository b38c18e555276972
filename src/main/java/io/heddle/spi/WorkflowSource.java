package io.heddle.spi;

import java.util.List;

/**
 * Offers workflow definitions to every tenant of the host. Read once at start; a definition that is
 * not valid stops the start with a list of its faults.
 */
public interface WorkflowSource {

  /** The definitions, never null; an id must not appear twice over all sources. */
  List<Document> workflows();

  /**
   * One definition.
   *
   * @param origin where it comes from, for error messages: a file name, a class name
   * @param json the workflow definition of the protocol as JSON text
   */
  record Document(String origin, String json) {}
}
