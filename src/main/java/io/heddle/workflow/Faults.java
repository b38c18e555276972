package io.heddle.workflow;

import java.util.ArrayList;
import java.util.List;

/** The faults of one document as they are found. Past the first hundred it only counts. */
final class Faults {

  static final int MOST_LISTED = 100;

  private final List<Fault> listed = new ArrayList<>();

  private int unlisted;

  void add(Place place, String problem) {
    if (isFull()) {
      unlisted++;
      return;
    }
    String pointer = place.pointer();
    // A cut pointer stands on an ancestor, of which the problem would not be true.
    listed.add(
        new Fault(pointer, place.isCut() ? "holds a long-named member that " + problem : problem));
  }

  boolean isFull() {
    return listed.size() == MOST_LISTED;
  }

  boolean isEmpty() {
    return listed.isEmpty();
  }

  List<Fault> list() {
    if (unlisted == 0) {
      return List.copyOf(listed);
    }
    List<Fault> all = new ArrayList<>(listed);
    all.add(
        new Fault(
            "",
            unlisted == 1
                ? "has 1 more fault that is not listed"
                : "has %d more faults that are not listed".formatted(unlisted)));
    return List.copyOf(all);
  }
}
