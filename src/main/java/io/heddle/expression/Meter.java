package io.heddle.expression;

import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.ast.CelExpr;
import dev.cel.common.ast.CelExpr.CelCall;
import dev.cel.common.ast.CelExpr.ExprKind.Kind;
import dev.cel.common.navigation.CelNavigableAst;
import dev.cel.common.navigation.CelNavigableExpr;
import dev.cel.common.values.CelByteString;
import dev.cel.runtime.CelEvaluationListener;
import dev.cel.runtime.CelFunctionBinding;
import dev.cel.runtime.CelFunctionResolver;
import dev.cel.runtime.CelLateFunctionBindings;
import java.io.Serial;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Bounds the work of one evaluation. The rounds of comprehensions alone do not: {@code [[1]].map(x,
 * [x, x]).map(x, [x, x])…} doubles its value with every step and repeats nothing.
 *
 * <p>The interpreter tells of every part it has evaluated. Each is charged one unit, texts by their
 * length, and lists and maps by all they hold when they are built or compared. The sum does not
 * depend on the machine, so an expression that is refused once is refused always.
 */
final class Meter implements CelEvaluationListener {

  static final String EXHAUSTED = "takes more work than an expression may";

  private static final long ALLOWED = 1_000_000;

  private static final int CHARACTERS_PER_UNIT = 16;

  private static final int STEPS_PER_UNIT = 50;

  private static final int UNITS_PER_REGEX = 5_000;

  private static final int LONGEST_TIME = 64;

  /** What becomes of the value of a part of an expression. */
  enum Role {
    /** It is compared or hashed with all it holds. */
    COMPARED,
    /** It is read as a time, by code that is slow for long texts. */
    TIME
  }

  private final Map<Long, Role> roles;

  private final Map<String, Regex> regexes = new HashMap<>();

  private long left = ALLOWED;

  Meter(Map<Long, Role> roles) {
    this.roles = roles;
  }

  /** The parts of an expression whose values must be looked at, by their id. */
  static Map<Long, Role> roles(CelAbstractSyntaxTree tree) {
    Map<Long, Role> roles = new HashMap<>();
    CelNavigableAst.fromAst(tree)
        .getRoot()
        .allNodes()
        .map(CelNavigableExpr::expr)
        .forEach(expr -> roles(expr, roles));
    return Map.copyOf(roles);
  }

  private static void roles(CelExpr expr, Map<Long, Role> roles) {
    if (expr.getKind() == Kind.CALL) {
      CelCall call = expr.call();
      List<CelExpr> operands = new ArrayList<>(call.args());
      call.target().ifPresent(operands::add);
      switch (call.function()) {
        case "_==_", "_!=_", "@in" ->
            operands.forEach(operand -> roles.put(operand.id(), Role.COMPARED));
        case "_[_]" -> roles.put(call.args().get(1).id(), Role.COMPARED);
        case "duration", "timestamp" ->
            operands.forEach(operand -> roles.put(operand.id(), Role.TIME));
        default -> {
          // Its costs are in proportion to its operands, which are charged anyway.
        }
      }
    }
  }

  /** The functions whose costs are the product of their operands. */
  CelFunctionResolver functions() {
    return CelLateFunctionBindings.from(
        CelFunctionBinding.from("matches", String.class, String.class, this::matches),
        CelFunctionBinding.from("matches_string", String.class, String.class, this::matches),
        CelFunctionBinding.from("contains_string", String.class, String.class, this::contains));
  }

  boolean isExhausted() {
    return left < 0;
  }

  @Override
  public void callback(CelExpr expr, Object value) {
    charge(1);
    Role role = roles.get(expr.id());
    if (value instanceof String text) {
      charge(text.length() / CHARACTERS_PER_UNIT);
      if (role == Role.TIME && text.length() > LONGEST_TIME) {
        throw new IllegalArgumentException("A time is not that long");
      }
    } else if (value instanceof CelByteString bytes) {
      charge(bytes.size() / CHARACTERS_PER_UNIT);
    } else if (role == Role.COMPARED) {
      charge(value, true);
    } else if (isBuilt(expr, value)) {
      charge(value, false);
    }
  }

  private static boolean isBuilt(CelExpr expr, Object value) {
    return switch (expr.getKind()) {
      case LIST, MAP, COMPREHENSION -> true;
      // What a comprehension collects is of another class, and charged at its end.
      case CALL -> expr.call().function().equals("_+_") && value instanceof ArrayList;
      default -> false;
    };
  }

  /** Charges a value by what it holds; values that were given are opened only to be compared. */
  private void charge(Object value, boolean compared) {
    charge(1);
    if (!compared && CelValues.isGiven(value)) {
      return;
    }
    if (value instanceof List<?> list) {
      list.forEach(item -> charge(item, compared));
    } else if (value instanceof Map<?, ?> map) {
      map.forEach(
          (key, member) -> {
            charge(key, compared);
            charge(member, compared);
          });
    } else if (value instanceof String text) {
      charge(text.length() / CHARACTERS_PER_UNIT);
    }
  }

  private void charge(long units) {
    left = left < units ? -1 : left - units;
    if (isExhausted()) {
      throw new Exhausted();
    }
  }

  private boolean matches(String text, String pattern) {
    try {
      Regex regex = regexes.get(pattern);
      if (regex == null) {
        charge(UNITS_PER_REGEX);
        regex = Regex.compile(pattern);
        regexes.put(pattern, regex);
      }
      charge(regex.steps(text) / STEPS_PER_UNIT);
      return regex.find(text);
    } catch (ExpressionException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private boolean contains(String text, String part) {
    charge((long) text.length() * part.length() / STEPS_PER_UNIT);
    return text.contains(part);
  }

  private static final class Exhausted extends RuntimeException {

    @Serial private static final long serialVersionUID = 1L;

    Exhausted() {
      super(EXHAUSTED, null, false, false);
    }
  }
}
