package io.heddle.engine;

import io.heddle.expression.ExpressionException;
import io.heddle.workflow.EdgeCondition;
import io.heddle.workflow.ValuePath;
import java.math.BigDecimal;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Whether the conditions of edges hold. Pure. */
final class Conditions {

  private Conditions() {}

  /**
   * Whether a condition holds.
   *
   * @param scope as the edge sees it; see {@link EvaluationScope#behind}
   * @throws ExpressionException if the condition is an expression that gives neither true nor
   *     false, or a pattern for which the text is too long
   */
  static boolean holds(EdgeCondition condition, EvaluationScope scope) throws ExpressionException {
    if (condition instanceof EdgeCondition.Expression expression) {
      if (scope.evaluate(expression.expression()) instanceof Boolean verdict) {
        return verdict;
      }
      throw new ExpressionException("gives neither true nor false");
    }
    if (condition instanceof EdgeCondition.Equals equals) {
      return isSame(find(equals.left(), scope), equals.right());
    }
    if (condition instanceof EdgeCondition.NotEquals differs) {
      return !isSame(find(differs.left(), scope), differs.right());
    }
    if (condition instanceof EdgeCondition.Contains contains) {
      return contains(find(contains.left(), scope), contains.right());
    }
    EdgeCondition.Matches matches = (EdgeCondition.Matches) condition;
    return find(matches.left(), scope) instanceof String text && matches.right().find(text);
  }

  private static @Nullable Object find(ValuePath path, EvaluationScope scope) {
    return path.follow(scope.root(path.root()));
  }

  private static boolean contains(@Nullable Object whole, @Nullable Object part) {
    if (whole instanceof List<?> items) {
      return items.stream().anyMatch(item -> isSame(item, part));
    }
    if (part instanceof String text) {
      return whole instanceof Map<?, ?> members
          ? members.containsKey(text)
          : whole instanceof String string && string.contains(text);
    }
    return false;
  }

  /** Whether two JSON values are the same; numbers are if they amount to the same. */
  private static boolean isSame(@Nullable Object a, @Nullable Object b) {
    if (a instanceof Number left && b instanceof Number right) {
      return decimal(left).compareTo(decimal(right)) == 0;
    }
    if (a instanceof List<?> left && b instanceof List<?> right) {
      Iterator<?> others = right.iterator();
      return left.size() == right.size()
          && left.stream().allMatch(item -> isSame(item, others.next()));
    }
    if (a instanceof Map<?, ?> left && b instanceof Map<?, ?> right) {
      return left.keySet().equals(right.keySet())
          && left.entrySet().stream()
              .allMatch(member -> isSame(member.getValue(), right.get(member.getKey())));
    }
    return Objects.equals(a, b);
  }

  private static BigDecimal decimal(Number number) {
    return new BigDecimal(number.toString());
  }
}
