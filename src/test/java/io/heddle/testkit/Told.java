package io.heddle.testkit;

import io.heddle.run.RunEvent;
import java.util.List;

/** What a log tells, without the ids and times in which two logs always differ. */
public final class Told {

  private Told() {}

  /** Each event with its type, its node and what it says. */
  public static List<String> by(List<RunEvent> log) {
    return log.stream()
        .map(event -> event.type() + " " + event.nodeId() + " " + event.payload())
        .toList();
  }

  /** The place of what each event follows from; -1 for those that follow from none. */
  public static List<Integer> causes(List<RunEvent> log) {
    List<String> ids = log.stream().map(RunEvent::eventId).toList();
    return log.stream().map(event -> ids.indexOf(event.causationId())).toList();
  }
}
