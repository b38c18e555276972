package io.heddle.workflow;

import io.heddle.json.Json;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * A place in a document. Written out as a JSON pointer only when something is wrong there, since
 * nearly all places are fine.
 */
record Place(@Nullable Place parent, String token) {

  static final Place ROOT = new Place(null, "");

  private static final int LONGEST_POINTER = 256;

  Place at(String member) {
    return new Place(this, member);
  }

  Place at(int index) {
    return new Place(this, String.valueOf(index));
  }

  /** The place that a JSON pointer leads to from here. */
  Place below(String pointer) {
    Place place = this;
    String[] steps = pointer.split("/", -1);
    for (int i = 1; i < steps.length; i++) {
      place = place.at(steps[i].replace("~1", "/").replace("~0", "~"));
    }
    return place;
  }

  /** The pointer of this place or, when that is too long to show, of its nearest ancestor. */
  String pointer() {
    StringBuilder pointer = new StringBuilder();
    for (Place place : trail()) {
      String step = Json.pointer("", place.token);
      if (pointer.length() + step.length() > LONGEST_POINTER) {
        break;
      }
      pointer.append(step);
    }
    return pointer.toString();
  }

  boolean isCut() {
    int length = 0;
    for (Place place : trail()) {
      length += Json.pointer("", place.token).length();
    }
    return length > LONGEST_POINTER;
  }

  private Deque<Place> trail() {
    Deque<Place> trail = new ArrayDeque<>();
    Place place = this;
    while (place.parent != null) {
      trail.addFirst(place);
      place = place.parent;
    }
    return trail;
  }
}
