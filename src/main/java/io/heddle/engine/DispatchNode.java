package io.heddle.engine;

import io.heddle.json.Json;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code core.dispatch}: carries out the latest decision of an orchestrator by starting a run of
 * each workflow it names and waiting for them, or by asking a person. The engine executes it
 * itself, for it starts runs in the transaction of its own step.
 */
final class DispatchNode implements NodeExecutor {

  static final String TYPE = "core.dispatch";

  private static final String PARALLEL = "parallel";

  private static final String QUORUM = "quorum";

  /**
   * What the configuration says.
   *
   * @param iterationCap how many runs all decisions of a run may start here, or null for any number
   * @param width how many of them are executed at the same time, at least 1
   * @param inputs child variable to parent variable, for workers without a mapping of their own
   * @param outputs parent variable to child variable, likewise
   */
  record Config(
      String policy,
      @Nullable Integer iterationCap,
      int width,
      String joinMode,
      int quorum,
      boolean failsFast,
      Map<String, String> inputs,
      Map<String, String> outputs,
      Map<String, ?> inputsOf,
      Map<String, ?> outputsOf) {

    static Config of(Map<String, @Nullable Object> config) {
      Map<String, @Nullable Object> join = object(config.get("joinPolicy"));
      return new Config(
          text(config, "fanOutPolicy", "sequential"),
          config.get("iterationCap") instanceof Number cap ? (Integer) bounded(cap) : null,
          config.get("maxConcurrency") instanceof Number width ? bounded(width) : Integer.MAX_VALUE,
          text(join, "mode", "wait-all"),
          join.get(QUORUM) instanceof Number quorum ? bounded(quorum) : 1,
          "fail-fast".equals(join.get("onChildFailure")),
          mapping(config.get("inputMapping")),
          mapping(config.get("outputMapping")),
          object(config.get("perWorkerInputMappings")),
          object(config.get("perWorkerOutputMappings")));
    }

    boolean rejects(int workers) {
      return workers > 1 && policy.equals("reject");
    }

    boolean isParallel(int workers) {
      return workers > 1 && policy.equals(PARALLEL);
    }

    /** Whether so many workers cannot ever be enough. */
    boolean wantsMoreThan(int workers) {
      return isParallel(workers) && joinMode.equals(QUORUM) && quorum > workers;
    }

    Map<String, String> inputs(String worker) {
      return inputsOf.containsKey(worker) ? mapping(inputsOf.get(worker)) : inputs;
    }

    Map<String, String> outputs(String worker) {
      return outputsOf.containsKey(worker) ? mapping(outputsOf.get(worker)) : outputs;
    }

    private static String text(
        Map<String, @Nullable Object> from, String member, String otherwise) {
      return from.get(member) instanceof String text ? text : otherwise;
    }

    private static int bounded(Number number) {
      return (int) Math.min(Integer.MAX_VALUE, number.doubleValue());
    }

    private static Map<String, @Nullable Object> object(@Nullable Object value) {
      return value instanceof Map ? Json.object(value, "") : Json.members();
    }

    private static Map<String, String> mapping(@Nullable Object value) {
      Map<String, String> mapping = new LinkedHashMap<>();
      object(value).forEach((to, from) -> mapping.put(to, String.valueOf(from)));
      return mapping;
    }
  }

  @Override
  public String typeId() {
    return TYPE;
  }

  @Override
  public Map<String, String> configFaults(Map<String, @Nullable Object> config) {
    Map<String, String> faults = new LinkedHashMap<>();
    config.forEach((member, value) -> faultsOf(member, value, faults));
    boolean parallel = PARALLEL.equals(config.get("fanOutPolicy"));
    for (String member : List.of("joinPolicy", "maxConcurrency")) {
      if (!parallel && config.containsKey(member)) {
        faults.putIfAbsent("/" + member, "must not be there unless fanOutPolicy is parallel");
      }
    }
    return faults;
  }

  private static void faultsOf(String member, @Nullable Object value, Map<String, String> faults) {
    String pointer = Json.pointer("", member);
    String fault =
        switch (member) {
          case "askUserRouting" -> oneOf(DispatchOptions.ASK_USER_ROUTINGS, value);
          case "workerDispatchModel" -> oneOf(DispatchOptions.MODELS, value);
          case "fanOutPolicy" -> oneOf(DispatchOptions.FAN_OUT_POLICIES, value);
          case "iterationCap", "maxConcurrency" -> positive(value);
          case "inputMapping", "outputMapping" -> mapping(value);
          case "perWorkerInputMappings", "perWorkerOutputMappings" -> {
            if (!(value instanceof Map<?, ?> workers)) {
              yield "must map workflow ids to mappings";
            }
            workers.forEach(
                (worker, mapping) -> {
                  String problem = mapping(mapping);
                  if (problem != null) {
                    faults.put(Json.pointer(pointer, String.valueOf(worker)), problem);
                  }
                });
            yield null;
          }
          case "joinPolicy" -> {
            if (!(value instanceof Map)) {
              yield "must be an object";
            }
            joinFaults(Json.object(value, ""), faults);
            yield null;
          }
          default -> "is not a member of this configuration";
        };
    if (fault != null) {
      faults.put(pointer, fault);
    }
  }

  private static void joinFaults(Map<String, @Nullable Object> join, Map<String, String> faults) {
    join.forEach(
        (member, value) -> {
          String fault =
              switch (member) {
                case "mode" -> oneOf(DispatchOptions.JOIN_MODES, value);
                case QUORUM -> positive(value);
                case "onChildFailure" -> oneOf(DispatchOptions.ON_CHILD_FAILURE, value);
                default -> "is not a member of this configuration";
              };
          if (fault != null) {
            faults.put(Json.pointer("/joinPolicy", member), fault);
          }
        });
    if (QUORUM.equals(join.get("mode")) && !join.containsKey(QUORUM)) {
      faults.put("/joinPolicy/quorum", "is required");
    }
  }

  private static @Nullable String oneOf(List<String> words, @Nullable Object value) {
    return value instanceof String word && words.contains(word)
        ? null
        : "must be one of " + String.join(", ", words);
  }

  private static @Nullable String positive(@Nullable Object value) {
    return value instanceof Number number
            && number.doubleValue() >= 1
            && number.doubleValue() == Math.rint(number.doubleValue())
        ? null
        : "must be an integer of at least 1";
  }

  private static @Nullable String mapping(@Nullable Object value) {
    return value instanceof Map<?, ?> mapping
            && mapping.values().stream()
                .allMatch(name -> name instanceof String text && !text.isEmpty())
        ? null
        : "must map names to names";
  }

  @Override
  public NodeResult execute(NodeContext context) {
    throw new IllegalStateException("The engine executes this node itself");
  }
}
