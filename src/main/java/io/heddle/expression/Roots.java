package io.heddle.expression;

import java.util.List;

/** The names that expressions and paths start with. */
public final class Roots {

  /** The variables of the run by name. */
  public static final String VARIABLES = "variables";

  /**
   * The nodes that were reached by id, each with {@code outputs} and {@code status}: {@code
   * running}, {@code waiting}, {@code completed}, {@code failed}, {@code skipped} or {@code
   * cancelled}.
   */
  public static final String NODES = "nodes";

  /** The outputs of an edge's source. Edges only. */
  public static final String OUTPUT = "output";

  /** The inputs of the run. */
  public static final String INPUTS = "inputs";

  /** The run's {@code configurable}. */
  public static final String CONFIGURABLE = "configurable";

  /** The channels of the run by name. */
  public static final String CHANNELS = "channels";

  /** What is known everywhere. */
  static final List<String> EVERYWHERE = List.of(VARIABLES, NODES, INPUTS, CONFIGURABLE, CHANNELS);

  private Roots() {}

  /** Whether a path that begins with this name does not begin with an output of the source. */
  public static boolean isRoot(String name) {
    return name.equals(OUTPUT) || EVERYWHERE.contains(name);
  }
}
