package io.heddle.expression;

import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.CelIssue;
import dev.cel.common.CelOptions;
import dev.cel.common.CelValidationException;
import dev.cel.common.CelValidationResult;
import dev.cel.common.ast.CelExpr.CelMap;
import dev.cel.common.ast.CelExpr.ExprKind.Kind;
import dev.cel.common.navigation.CelNavigableAst;
import dev.cel.common.navigation.CelNavigableExpr;
import dev.cel.common.types.CelKind;
import dev.cel.common.types.SimpleType;
import dev.cel.compiler.CelCompiler;
import dev.cel.compiler.CelCompilerBuilder;
import dev.cel.compiler.CelCompilerFactory;
import dev.cel.parser.CelStandardMacro;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelRuntime;
import dev.cel.runtime.CelRuntimeFactory;
import dev.cel.runtime.CelStandardFunctions;
import dev.cel.runtime.CelStandardFunctions.StandardFunction;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The expressions of one workflow definition, in the Common Expression Language, compiled once and
 * found by their text. Immutable and thread-safe.
 *
 * <p>An expression sees the {@link Roots} and JSON values below them: whole numbers in the range of
 * a long are {@code int}, all others {@code double}. It has the functions of the language and no
 * other, so there is neither a clock nor chance. Its text, its nesting, the rounds of its
 * comprehensions, its total work and the size of its result are bounded, each by a number that does
 * not depend on the machine.
 */
public final class Expressions {

  /** The longest expression in code points. */
  public static final int MAX_LENGTH = 4_096;

  /** The deepest nesting of operators, calls and members. */
  public static final int MAX_NESTING = 64;

  /** The most rounds of all comprehensions of one evaluation together. */
  public static final int MAX_ROUNDS = 10_000;

  /** The most different expressions of one definition, regular ones included. */
  public static final int MAX_EXPRESSIONS = 500;

  /** The most characters of all expressions of one definition together. */
  public static final int MAX_CHARACTERS = 100_000;

  /** No expressions at all. */
  public static final Expressions NONE = new Expressions(Map.of());

  private static final String FAILED = "cannot be evaluated with these values";

  private static final Pattern PLACE = Pattern.compile("evaluation error at <input>:(\\d+):.*");

  /** Set up when the first expression is compiled, for most hosts have none at their start. */
  private static final class Language {

    private static final CelOptions OPTIONS =
        CelOptions.current()
            .maxExpressionCodePointSize(MAX_LENGTH)
            .maxParseRecursionDepth(MAX_NESTING)
            .maxParseErrorRecoveryLimit(1)
            .comprehensionMaxIterations(MAX_ROUNDS)
            .enableHeterogeneousNumericComparisons(true)
            .evaluateCanonicalTypesToNativeValues(true)
            .build();

    // What can be expensive out of proportion to its operands is brought by the meter.
    private static final CelRuntime RUNTIME =
        CelRuntimeFactory.standardCelRuntimeBuilder()
            .setOptions(OPTIONS)
            .setStandardEnvironmentEnabled(false)
            .setStandardFunctions(
                CelStandardFunctions.newBuilder()
                    .excludeFunctions(StandardFunction.MATCHES, StandardFunction.CONTAINS)
                    .build())
            .build();

    private static final CelCompiler FOR_PORTS = compiler().build();

    private static final CelCompiler FOR_EDGES =
        compiler().addVar(Roots.OUTPUT, SimpleType.DYN).build();

    private static CelCompilerBuilder compiler() {
      CelCompilerBuilder builder =
          CelCompilerFactory.standardCelCompilerBuilder()
              .setOptions(OPTIONS)
              .setStandardMacros(CelStandardMacro.STANDARD_MACROS);
      Roots.EVERYWHERE.forEach(root -> builder.addVar(root, SimpleType.DYN));
      return builder;
    }
  }

  private record Compiled(CelRuntime.Program program, Map<Long, Meter.Role> roles) {}

  private final Map<String, Compiled> bySource;

  private Expressions(Map<String, Compiled> bySource) {
    this.bySource = Map.copyOf(bySource);
  }

  /**
   * Collects the expressions of one definition. Each is compiled once, however often it is used.
   */
  public static final class Builder {

    private final Map<String, Outcome> ports = new HashMap<>();

    private final Map<String, Outcome> conditions = new HashMap<>();

    private final Map<String, Regex> regexes = new HashMap<>();

    private int counted;

    private int characters;

    /**
     * Adds the expression of an input port.
     *
     * @throws ExpressionException saying what is wrong with it
     */
    public void port(String source) throws ExpressionException {
      ports.computeIfAbsent(source, it -> outcome(Language.FOR_PORTS, it)).check();
    }

    /**
     * Adds the condition of an edge, which gives true or false.
     *
     * @throws ExpressionException saying what is wrong with it
     */
    public void condition(String source) throws ExpressionException {
      Outcome outcome = conditions.computeIfAbsent(source, it -> outcome(Language.FOR_EDGES, it));
      outcome.check();
      if (outcome.kind() != CelKind.BOOL && outcome.kind() != CelKind.DYN) {
        throw new ExpressionException("must give true or false");
      }
    }

    /**
     * Compiles a regular expression.
     *
     * @throws ExpressionException saying what is wrong with it
     */
    public Regex regex(String pattern) throws ExpressionException {
      Regex known = regexes.get(pattern);
      if (known != null) {
        return known;
      }
      count(pattern);
      Regex regex = Regex.compile(pattern);
      regexes.put(pattern, regex);
      return regex;
    }

    /** The expressions that were added and are sound. */
    public Expressions build() {
      Map<String, Compiled> sound = new HashMap<>();
      for (Map<String, Outcome> outcomes : List.of(ports, conditions)) {
        outcomes.forEach(
            (source, outcome) -> {
              if (outcome.compiled() != null) {
                sound.put(source, outcome.compiled());
              }
            });
      }
      return new Expressions(sound);
    }

    private Outcome outcome(CelCompiler compiler, String source) {
      try {
        count(source);
        CelAbstractSyntaxTree tree = compile(compiler, source);
        return new Outcome(
            new Compiled(Language.RUNTIME.createProgram(tree), Meter.roles(tree)),
            tree.getResultType().kind(),
            "");
      } catch (ExpressionException e) {
        return new Outcome(null, CelKind.ERROR, e.problem());
      } catch (CelEvaluationException | RuntimeException e) {
        return new Outcome(null, CelKind.ERROR, "is not an expression that can be evaluated");
      }
    }

    /** Compiling takes time, so that one definition must not ask for it without end. */
    private void count(String source) throws ExpressionException {
      counted++;
      characters += source.length();
      if (counted > MAX_EXPRESSIONS || characters > MAX_CHARACTERS) {
        throw new ExpressionException(
            "is more than the %d expressions or %d characters of them that a workflow may have"
                .formatted(MAX_EXPRESSIONS, MAX_CHARACTERS));
      }
    }
  }

  private record Outcome(@Nullable Compiled compiled, CelKind kind, String problem) {

    void check() throws ExpressionException {
      if (compiled == null) {
        throw new ExpressionException(problem);
      }
    }
  }

  /**
   * Evaluates one of the expressions.
   *
   * @param roots the value of each root by its name, as JSON; asked only for what is used
   * @return a JSON value
   * @throws ExpressionException when there is no such value, or it would cost too much
   */
  public @Nullable Object evaluate(String source, Function<String, Map<String, ?>> roots)
      throws ExpressionException {
    Compiled compiled = bySource.get(source);
    if (compiled == null) {
      throw new IllegalArgumentException("The expression is none of this definition");
    }
    Meter meter = new Meter(compiled.roles());
    Object value;
    try {
      value =
          compiled
              .program()
              .trace(
                  name -> Optional.of(CelValues.fromJson(roots.apply(name))),
                  meter.functions(),
                  meter);
    } catch (CelEvaluationException e) {
      throw new ExpressionException(
          meter.isExhausted() ? Meter.EXHAUSTED : problem(e) + place(e.getMessage()));
    } catch (RuntimeException e) {
      // A mistake of the interpreter must fail one node, not whoever executes the run.
      throw new ExpressionException(FAILED);
    }
    if (meter.isExhausted()) {
      // A logical operator may have swallowed the refusal of one of its sides.
      throw new ExpressionException(Meter.EXHAUSTED);
    }
    return CelValues.toJson(value);
  }

  private static CelAbstractSyntaxTree compile(CelCompiler compiler, String source)
      throws ExpressionException {
    if (source.codePointCount(0, source.length()) > MAX_LENGTH) {
      throw new ExpressionException(
          "must be at most %d characters of an expression".formatted(MAX_LENGTH));
    }
    CelValidationResult parsed = compiler.parse(source);
    if (parsed.hasError()) {
      CelIssue issue = parsed.getErrors().get(0);
      throw new ExpressionException(
          issue.getMessage().contains("recursion limit")
              ? "must not be nested deeper than %d levels".formatted(MAX_NESTING)
              : "does not parse as an expression" + place(issue));
    }
    try {
      refuseComputedNames(parsed.getAst());
      CelValidationResult checked = compiler.check(parsed.getAst());
      if (checked.hasError()) {
        CelIssue issue = checked.getErrors().get(0);
        throw new ExpressionException(
            (issue.getMessage().startsWith("undeclared reference")
                    ? "uses a name that is not known here"
                    : "does to a value what values of its type do not take")
                + place(issue));
      }
      return checked.getAst();
    } catch (CelValidationException e) {
      throw new IllegalStateException("An expression without errors has a syntax tree", e);
    }
  }

  /**
   * Keeps the types of an expression small. An object has the type of its names besides that of its
   * members, so the type of {@code [1].map(x, {x: x}).map(x, {x: x})…} would double with every step
   * and fill the memory before anything is evaluated.
   */
  private static void refuseComputedNames(CelAbstractSyntaxTree tree) throws ExpressionException {
    boolean computed =
        CelNavigableAst.fromAst(tree)
            .getRoot()
            .allNodes()
            .map(CelNavigableExpr::expr)
            .filter(expr -> expr.getKind() == Kind.MAP)
            .flatMap(expr -> expr.map().entries().stream())
            .map(CelMap.Entry::key)
            .anyMatch(
                key ->
                    key.getKind() != Kind.CONSTANT
                        && !(key.getKind() == Kind.CALL && key.call().function().equals("string")));
    if (computed) {
      throw new ExpressionException("must name the members of an object by texts or by string(…)");
    }
  }

  private static String place(CelIssue issue) {
    return " (line %d, column %d)"
        .formatted(issue.getSourceLocation().getLine(), issue.getSourceLocation().getColumn() + 1);
  }

  /** The place is only said in the message, of which the rest may quote values. */
  private static String place(@Nullable String message) {
    var place = message == null ? null : PLACE.matcher(message.lines().findFirst().orElse(""));
    return place == null || !place.matches() ? "" : " (offset %s)".formatted(place.group(1));
  }

  private static String problem(CelEvaluationException e) {
    return switch (e.getErrorCode()) {
      case ATTRIBUTE_NOT_FOUND -> "uses a member that is not there";
      case INDEX_OUT_OF_BOUNDS -> "uses an item that is not there";
      case DIVIDE_BY_ZERO -> "divides by zero";
      case NUMERIC_OVERFLOW -> "leaves the range of its numbers";
      case DUPLICATE_ATTRIBUTE -> "gives an object the same member twice";
      case BAD_FORMAT -> "converts a text that has not the format for it";
      case ITERATION_BUDGET_EXCEEDED ->
          "takes more than %d rounds of its comprehensions".formatted(MAX_ROUNDS);
      case OVERLOAD_NOT_FOUND, AMBIGUOUS_OVERLOAD ->
          "does to a value what values of its type do not take";
      default -> FAILED;
    };
  }
}
