package io.heddle.expression;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * A regular expression in the syntax of RE2, which searches in linear time: no lookaround and no
 * backreferences. Bounded in its size and in what one search may cost. Immutable.
 */
public final class Regex {

  /** The longest pattern in characters. */
  public static final int MAX_LENGTH = 1_000;

  private static final int MAX_PROGRAM = 2_000;

  // A step takes some ten nanoseconds, so that no search takes much longer than half a second.
  private static final long MAX_STEPS = 50_000_000;

  // Counted repetitions are written out by the compiler, nested ones multiply: ((a{99}){99}){99}.
  private static final long MAX_EXPANSION = 50_000;

  private static final java.util.regex.Pattern COUNTED =
      java.util.regex.Pattern.compile("(\\))?\\{(\\d{1,9})(?:,(\\d{0,9}))?\\}");

  private final Pattern pattern;

  private Regex(Pattern pattern) {
    this.pattern = pattern;
  }

  /**
   * Compiles a pattern.
   *
   * @throws ExpressionException saying what is wrong with it
   */
  public static Regex compile(String pattern) throws ExpressionException {
    if (pattern.length() > MAX_LENGTH) {
      throw new ExpressionException(
          "must be at most %d characters of a regular expression".formatted(MAX_LENGTH));
    }
    if (expansion(pattern) > MAX_EXPANSION) {
      throw new ExpressionException("repeats too much for a regular expression");
    }
    Pattern compiled;
    try {
      compiled = Pattern.compile(pattern);
    } catch (PatternSyntaxException e) {
      throw new ExpressionException("is not a regular expression of the RE2 syntax");
    }
    if (compiled.programSize() > MAX_PROGRAM) {
      throw new ExpressionException("repeats too much for a regular expression");
    }
    return new Regex(compiled);
  }

  /**
   * Whether the pattern matches anywhere in the text.
   *
   * @throws ExpressionException if the search would take too long
   */
  public boolean find(String text) throws ExpressionException {
    if (steps(text) > MAX_STEPS) {
      throw new ExpressionException("searches a text that is too long for it");
    }
    return pattern.matcher(text).find();
  }

  /** How many instructions the pattern was compiled to; a search executes each per character. */
  public int size() {
    return pattern.programSize();
  }

  /** The most steps that a search can take. */
  long steps(String text) {
    return (long) text.length() * size();
  }

  /** No fewer instructions than the pattern is compiled to. */
  private static long expansion(String pattern) {
    double largest = 1;
    double groups = 1;
    var counted = COUNTED.matcher(pattern);
    while (counted.find()) {
      String most = counted.group(3);
      double count = Long.parseLong(most == null || most.isEmpty() ? counted.group(2) : most);
      if (counted.group(1) == null) {
        largest = Math.max(largest, count);
      } else {
        groups *= Math.max(1, count);
      }
    }
    return (long) (pattern.length() * largest * groups);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Regex regex && pattern.pattern().equals(regex.pattern.pattern());
  }

  @Override
  public int hashCode() {
    return pattern.pattern().hashCode();
  }

  // The pattern may hold a secret.
  @Override
  public String toString() {
    return "Regex";
  }
}
