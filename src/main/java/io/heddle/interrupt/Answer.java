package io.heddle.interrupt;

import io.heddle.workflow.Fault;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What an answer comes to when it is held against its question. */
sealed interface Answer {

  /** It settles the question; the value is as the node will see it. */
  record Settles(@Nullable Object value) implements Answer {}

  /** It is kept, and the question stands. */
  record Asks(Map<String, @Nullable Object> remark) implements Answer {}

  /** It is not an answer to this question. */
  record Unacceptable(List<Fault> faults) implements Answer {}

  /** It is an event that something else waits for. */
  record Unrelated() implements Answer {}

  /** A single fault. */
  static Answer unacceptable(String pointer, String problem) {
    return new Unacceptable(List.of(new Fault(pointer, problem)));
  }
}
