package io.heddle.engine;

import io.heddle.expression.ExpressionException;
import io.heddle.json.Json;
import io.heddle.workflow.EdgeCondition;
import io.heddle.workflow.ValuePath;
import java.util.List;
import java.util.Map;
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
      return Json.same(find(equals.left(), scope), equals.right());
    }
    if (condition instanceof EdgeCondition.NotEquals differs) {
      return !Json.same(find(differs.left(), scope), differs.right());
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
      return items.stream().anyMatch(item -> Json.same(item, part));
    }
    if (part instanceof String text) {
      return whole instanceof Map<?, ?> members
          ? members.containsKey(text)
          : whole instanceof String string && string.contains(text);
    }
    return false;
  }
}
