package io.heddle.workflow;

import io.heddle.expression.ExpressionException;
import io.heddle.expression.Expressions;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Compiles the expressions of ports and the conditions of edges, which is how they are checked.
 * What the shape of the document has reported is left out.
 */
final class Formulas {

  private final Element document;

  private final Faults faults;

  private final Expressions.Builder expressions = new Expressions.Builder();

  private final Map<Place, EdgeCondition> conditions = new HashMap<>();

  Formulas(Element document, Faults faults) {
    this.document = document;
    this.faults = faults;
  }

  void check() {
    for (Element node : document.items("nodes")) {
      for (Element port : node.entries("inputs")) {
        String expression = port.text("expression");
        if ("expression".equals(port.text("type")) && expression != null && !expression.isEmpty()) {
          attempt(port.at("expression"), () -> expressions.port(expression));
        }
      }
    }
    for (Element edge : document.items("edges")) {
      Element condition = edge.object("condition");
      if (condition != null) {
        condition(edge, condition);
      }
    }
  }

  /** All expressions that are sound. */
  Expressions expressions() {
    return expressions.build();
  }

  /** The condition of an edge, or null if it has none that is sound. */
  @Nullable EdgeCondition condition(Element edge) {
    return conditions.get(edge.place());
  }

  private void condition(Element edge, Element condition) {
    boolean isExpression = !condition.has("type") && condition.has("expression");
    String type = isExpression ? "expression" : condition.text("type");
    if (type == null && !condition.has("type")) {
      faults.add(condition.at("type"), "is required");
    }
    if (type == null || !DefinitionShape.CONDITION_TYPES.contains(type)) {
      return;
    }
    if (type.equals("expression")) {
      String expression = required(condition, "expression");
      if (expression != null) {
        attempt(
            condition.at("expression"),
            () -> {
              expressions.condition(expression);
              conditions.put(edge.place(), new EdgeCondition.Expression(expression));
            });
      }
      return;
    }
    ValuePath left = left(condition);
    Object right = condition.get("right");
    if (!condition.has("right")) {
      faults.add(condition.at("right"), "is required");
    } else if (left != null) {
      switch (type) {
        case "equals" -> conditions.put(edge.place(), new EdgeCondition.Equals(left, right));
        case "notEquals" -> conditions.put(edge.place(), new EdgeCondition.NotEquals(left, right));
        case "contains" -> contains(edge, condition, left, right);
        case "regex" -> matches(edge, condition, left, right);
        default -> throw new IllegalStateException("A condition of this type has no meaning yet");
      }
    }
  }

  private @Nullable ValuePath left(Element condition) {
    String left = required(condition, "left");
    if (left == null) {
      return null;
    }
    if (left.length() > ValuePath.MAX_LENGTH) {
      faults.add(
          condition.at("left"),
          "must be at most %d characters long".formatted(ValuePath.MAX_LENGTH));
      return null;
    }
    if (!ValuePath.isPath(left)) {
      faults.add(condition.at("left"), "must be names with dots between them");
      return null;
    }
    return ValuePath.parse(left);
  }

  private void contains(Element edge, Element condition, ValuePath left, @Nullable Object right) {
    if (right instanceof String part && part.length() > EdgeCondition.Contains.LONGEST_PART) {
      faults.add(
          condition.at("right"),
          "must be at most %d characters long".formatted(EdgeCondition.Contains.LONGEST_PART));
    } else {
      conditions.put(edge.place(), new EdgeCondition.Contains(left, right));
    }
  }

  private void matches(Element edge, Element condition, ValuePath left, @Nullable Object right) {
    if (right instanceof String pattern) {
      attempt(
          condition.at("right"),
          () ->
              conditions.put(
                  edge.place(), new EdgeCondition.Matches(left, expressions.regex(pattern))));
    } else {
      faults.add(condition.at("right"), "must be a string");
    }
  }

  private @Nullable String required(Element condition, String member) {
    if (!condition.has(member)) {
      faults.add(condition.at(member), "is required");
    }
    return condition.text(member);
  }

  private interface Attempt {
    void run() throws ExpressionException;
  }

  private void attempt(Place place, Attempt attempt) {
    try {
      attempt.run();
    } catch (ExpressionException e) {
      faults.add(place, e.problem());
    }
  }
}
