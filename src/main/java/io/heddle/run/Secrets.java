package io.heddle.run;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What of a run is for its nodes and nobody else. It is kept with the state, for what is sensitive
 * in a run depends on what was: a value that a sensitive variable held before is still a secret,
 * and a variable can become sensitive by what it is given. Immutable.
 *
 * @param variables the names of variables whose values are not shown
 * @param values other values that are not shown wherever they appear, in clear
 */
public record Secrets(Set<String> variables, List<@Nullable Object> values) {

  /** Nothing is secret. */
  public static final Secrets NONE = new Secrets(Set.of(), List.of());

  public Secrets {
    variables = Collections.unmodifiableSet(new LinkedHashSet<>(variables));
    values = Collections.unmodifiableList(new ArrayList<>(values));
  }

  /** Whether everything may be shown. */
  public boolean isEmpty() {
    return variables.isEmpty() && values.isEmpty();
  }

  /** These and one more variable. */
  public Secrets withVariable(String name) {
    if (variables.contains(name)) {
      return this;
    }
    Set<String> more = new LinkedHashSet<>(variables);
    more.add(name);
    return new Secrets(more, values);
  }

  /** These and one more value. */
  public Secrets withValue(@Nullable Object value) {
    if (values.contains(value)) {
      return this;
    }
    List<@Nullable Object> more = new ArrayList<>(values);
    more.add(value);
    return new Secrets(variables, more);
  }

  @Override
  public String toString() {
    return "Secrets[variables=%s, values=%d]".formatted(variables, values.size());
  }
}
