package io.heddle.workflow;

import io.heddle.expression.Regex;
import org.jspecify.annotations.Nullable;

/** What must be true of a run besides the trigger rule for an edge to be followed. */
public sealed interface EdgeCondition {

  /** An expression gives true. */
  record Expression(String expression) implements EdgeCondition {

    // The text may hold a secret.
    @Override
    public String toString() {
      return "Expression";
    }
  }

  /** The value of a path is this JSON value; numbers are compared by what they amount to. */
  record Equals(ValuePath left, @Nullable Object right) implements EdgeCondition {

    // The value may be a secret.
    @Override
    public String toString() {
      return "Equals[left=%s]".formatted(left);
    }
  }

  /** The value of a path is not this JSON value. */
  record NotEquals(ValuePath left, @Nullable Object right) implements EdgeCondition {

    // The value may be a secret.
    @Override
    public String toString() {
      return "NotEquals[left=%s]".formatted(left);
    }
  }

  /** The value of a path is a text with this part, an array with this item or has this member. */
  record Contains(ValuePath left, @Nullable Object right) implements EdgeCondition {

    /** The longest part to look for, since that takes the product of both lengths. */
    static final int LONGEST_PART = 1_000;

    // The value may be a secret.
    @Override
    public String toString() {
      return "Contains[left=%s]".formatted(left);
    }
  }

  /** The value of a path is a text in which a regular expression is found. */
  record Matches(ValuePath left, Regex right) implements EdgeCondition {}
}
