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
 * {@code core.orchestrator.supervisor}: takes a decision each time it is reached, in this order of
 * preference: the next one of a plan in its configuration, which only a test deployment accepts;
 * its input {@code decision}; or that there is nothing left to do. The engine executes it itself,
 * for a decision is part of the run's own state.
 */
final class SupervisorNode implements NodeExecutor {

  static final String TYPE = "core.orchestrator.supervisor";

  private static final List<String> PLANS = List.of("mockDispatchPlan", "mockDecisions");

  private static final String PENDING = "mockPendingDecision";

  private static final String CONFIDENCE = "mockConfidence";

  private static final int LONGEST_PLAN = 1_000;

  private final boolean acceptsPlans;

  /**
   * @param acceptsPlans whether definitions may hold decisions, which is for tests only
   */
  SupervisorNode(boolean acceptsPlans) {
    this.acceptsPlans = acceptsPlans;
  }

  boolean acceptsPlans() {
    return acceptsPlans;
  }

  /** The plan of a node, or null if it has none. */
  static @Nullable List<Decision> plan(Map<String, @Nullable Object> config) {
    for (String member : PLANS) {
      if (config.get(member) instanceof List<?> plan) {
        return plan.stream().map(decision -> new Decision(Json.object(decision, ""))).toList();
      }
    }
    return null;
  }

  /** The first decision of a node, whatever else it has; null if it has none such. */
  static @Nullable Decision pending(Map<String, @Nullable Object> config) {
    return config.containsKey(PENDING) ? new Decision(Json.object(config.get(PENDING), "")) : null;
  }

  /** How sure the agent is said to be of the decisions in the configuration, or null. */
  static @Nullable Double confidence(Map<String, @Nullable Object> config) {
    return config.get(CONFIDENCE) instanceof Number number ? (Double) number.doubleValue() : null;
  }

  @Override
  public String typeId() {
    return TYPE;
  }

  @Override
  public Map<String, String> configFaults(Map<String, @Nullable Object> config) {
    Map<String, String> faults = new LinkedHashMap<>();
    config.forEach(
        (member, value) -> {
          String pointer = Json.pointer("", member);
          if (!PLANS.contains(member) && !member.equals(PENDING) && !member.equals(CONFIDENCE)) {
            faults.put(pointer, "is not executed by this host");
          } else if (!acceptsPlans) {
            faults.put(pointer, "is for tests and not executed by this deployment");
          } else if (member.equals(CONFIDENCE)) {
            if (!(value instanceof Number number)
                || number.doubleValue() < 0
                || number.doubleValue() > 1) {
              faults.put(pointer, "must be a number from 0 to 1");
            }
          } else if (member.equals(PENDING)) {
            Decision.faults(value)
                .forEach((within, problem) -> faults.put(pointer + within, problem));
          } else if (!(value instanceof List<?> plan) || plan.size() > LONGEST_PLAN) {
            faults.put(pointer, "must be an array of at most %d decisions".formatted(LONGEST_PLAN));
          } else {
            for (int i = 0; i < plan.size(); i++) {
              String place = pointer + "/" + i;
              Decision.faults(plan.get(i))
                  .forEach((within, problem) -> faults.put(place + within, problem));
            }
          }
        });
    if (config.keySet().containsAll(PLANS)) {
      faults.put("/" + PLANS.get(1), "must not be there beside " + PLANS.get(0));
    }
    return faults;
  }

  @Override
  public NodeResult execute(NodeContext context) {
    throw new IllegalStateException("The engine executes this node itself");
  }
}
