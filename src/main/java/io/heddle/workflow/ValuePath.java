package io.heddle.workflow;

import io.heddle.expression.Roots;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The way to a value of a run: names of members and numbers of items, with dots between them. A
 * name that holds a dot itself cannot be reached.
 *
 * @param root one of {@link Roots}
 * @param steps what comes after the root
 */
public record ValuePath(String root, List<String> steps) {

  /** The longest way in characters. */
  static final int MAX_LENGTH = 1_000;

  public ValuePath {
    steps = List.copyOf(steps);
  }

  /** Reads a path; one that begins with no root begins in the outputs of the edge's source. */
  public static ValuePath parse(String path) {
    List<String> steps = List.of(path.split("\\.", -1));
    String first = steps.get(0);
    return Roots.isRoot(first)
        ? new ValuePath(first, steps.subList(1, steps.size()))
        : new ValuePath(Roots.OUTPUT, steps);
  }

  /** Whether a text can be parsed to a path: no step of it is empty. */
  static boolean isPath(String path) {
    return !path.isEmpty() && !path.startsWith(".") && !path.endsWith(".") && !path.contains("..");
  }

  /** The value that is found when the path is followed from the value of its root, or null. */
  public @Nullable Object follow(@Nullable Object value) {
    for (String step : steps) {
      if (value instanceof Map<?, ?> members) {
        value = members.get(step);
      } else if (value instanceof List<?> items) {
        value = item(items, step);
      } else {
        return null;
      }
    }
    return value;
  }

  private static @Nullable Object item(List<?> items, String step) {
    if (!step.matches("0|[1-9]\\d{0,8}")) {
      return null;
    }
    int index = Integer.parseInt(step);
    return index < items.size() ? items.get(index) : null;
  }

  @Override
  public String toString() {
    return steps.isEmpty() ? root : root + "." + String.join(".", steps);
  }
}
