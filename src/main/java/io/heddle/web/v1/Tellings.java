package io.heddle.web.v1;

import io.heddle.run.EventType;
import io.heddle.web.EventStreams.Then;
import java.util.List;

/** What a stream tells one after the other, however it is framed. Used by one thread at a time. */
interface Tellings {

  /**
   * Some of what is to be told.
   *
   * @param then what comes after it
   * @param length of the log when it was read for this
   */
  record Part(List<Telling> tellings, Then then, long length) {

    /** There is no such run any more. */
    static final Part NONE = new Part(List.of(), Then.GONE, 0);
  }

  /**
   * What one frame tells.
   *
   * @param id where a reader who has it goes on after
   * @param event the name of the frame
   * @param data one JSON value on one line
   * @param urgent whether it may not be held back
   */
  record Telling(long id, String event, String data, boolean urgent) {

    static Telling of(EventType type, long sequence, String event, String data) {
      return new Telling(
          sequence,
          event,
          data,
          type.isTerminal() || V1Mapping.spell(type).equals("node.suspended"));
    }
  }

  /** What can be told now, in an amount that fits into memory for each open stream. */
  Part next();
}
