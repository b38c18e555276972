package io.heddle.redaction;

import io.heddle.json.Json;
import io.heddle.run.RunState;
import io.heddle.run.Secrets;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Keeps what a workflow declares as sensitive out of what is told of a run. Members of that name
 * are replaced as a whole. What such a member holds is also found elsewhere: in another variable,
 * in the output of a node, within a text. It is found as it is, so not if a node encoded or
 * shortened it, and only if it is long enough that it does not stand there by chance. Immutable.
 */
public final class Masking {

  // Shorter texts and numbers are everywhere: "ok", "eur", 100.
  private static final int SHORTEST = 4;

  // Looked for one by one; whoever declares more than that gets everything masked.
  private static final int MOST = 500;

  private static final Masking NONE = new Masking(Set.of(), List.of());

  private final Set<String> names;

  private final boolean everything;

  private final Set<BigDecimal> numbers = new LinkedHashSet<>();

  private final @Nullable Pattern texts;

  private Masking(Set<String> names, List<@Nullable Object> values) {
    this.names = names;
    Set<String> found = new LinkedHashSet<>();
    values.forEach(value -> collect(value, found));
    this.everything = found.size() > MOST;
    this.texts = found.isEmpty() || everything ? null : anyOf(found);
  }

  /** What must not be told of a run that stands like this. */
  public static Masking of(RunState state) {
    Secrets secrets = state.secrets();
    if (secrets.isEmpty()) {
      return NONE;
    }
    List<@Nullable Object> values = new ArrayList<>(secrets.values());
    secrets.variables().forEach(name -> values.add(state.variables().get(name)));
    return new Masking(secrets.variables(), values);
  }

  /** Whether there is nothing to hide. */
  public boolean isEmpty() {
    return this == NONE;
  }

  /** Variables or inputs of the run: sensitive ones are replaced as a whole. */
  public Map<String, @Nullable Object> named(Map<String, @Nullable Object> members) {
    if (isEmpty()) {
      return members;
    }
    Map<String, @Nullable Object> masked = new LinkedHashMap<>();
    members.forEach((name, member) -> masked.put(name, named(name, member)));
    return masked;
  }

  /** One variable or input of the run. */
  public @Nullable Object named(String name, @Nullable Object value) {
    return names.contains(name) ? Redactor.MARK : value(value);
  }

  /** Whether anything of a variable or input of the run would be replaced. */
  public boolean hides(String name, @Nullable Object value) {
    return !isEmpty() && !Objects.equals(named(name, value), value);
  }

  /**
   * What a node gave.
   *
   * @param sensitivity what the workflow says of ports: true replaces the value as a whole, false
   *     shows it whatever it holds
   */
  public Map<String, @Nullable Object> outputs(
      Map<String, Boolean> sensitivity, Map<String, @Nullable Object> outputs) {
    if (isEmpty() && !sensitivity.containsValue(true)) {
      return outputs;
    }
    Map<String, @Nullable Object> masked = new LinkedHashMap<>();
    outputs.forEach(
        (port, value) -> {
          Boolean sensitive = sensitivity.get(port);
          masked.put(port, sensitive == null ? value(value) : sensitive ? Redactor.MARK : value);
        });
    return masked;
  }

  /** An object of no name, with marks for what it holds of what is sensitive. */
  public Map<String, @Nullable Object> members(Map<String, @Nullable Object> object) {
    return outputs(Map.of(), object);
  }

  /** A value of no name, with marks for what it holds of what is sensitive. */
  public @Nullable Object value(@Nullable Object value) {
    if (isEmpty()) {
      return value;
    }
    if (value instanceof String text) {
      return text(text);
    }
    if (value instanceof Number number) {
      return everything || numbers.contains(Json.normalised(number)) ? Redactor.MARK : number;
    }
    if (value instanceof Map<?, ?> map) {
      Map<String, @Nullable Object> masked = new LinkedHashMap<>();
      map.forEach((name, member) -> masked.put(text((String) name), value(member)));
      return masked;
    }
    if (value instanceof List<?> list) {
      List<@Nullable Object> masked = new ArrayList<>(list.size());
      list.forEach(item -> masked.add(value(item)));
      return masked;
    }
    return value;
  }

  /** A text, with marks for what it holds of what is sensitive. */
  public String text(String text) {
    if (everything) {
      return Redactor.MARK;
    }
    return texts == null
        ? text
        : texts.matcher(text).replaceAll(Matcher.quoteReplacement(Redactor.MARK));
  }

  private void collect(@Nullable Object value, Set<String> found) {
    if (value instanceof String text && text.length() >= SHORTEST) {
      found.add(text);
    } else if (value instanceof Number number) {
      String spelled = number.toString();
      if (spelled.length() >= SHORTEST) {
        numbers.add(new BigDecimal(spelled).stripTrailingZeros());
        found.add(spelled);
      }
    } else if (value instanceof Map<?, ?> map) {
      map.values().forEach(member -> collect(member, found));
    } else if (value instanceof List<?> list) {
      list.forEach(item -> collect(item, found));
    }
  }

  private static Pattern anyOf(Set<String> texts) {
    // The longest first, so that nothing is left of one that another one is a part of.
    return Pattern.compile(
        texts.stream()
            .sorted(Comparator.comparingInt(String::length).reversed())
            .map(Pattern::quote)
            .collect(Collectors.joining("|")));
  }

  @Override
  public String toString() {
    return "Masking" + names;
  }
}
