package io.heddle.engine;

import io.heddle.json.Json;
import io.heddle.redaction.Masking;
import io.heddle.run.Ids;
import io.heddle.run.NewRun;
import io.heddle.run.Run;
import io.heddle.run.RunState;
import io.heddle.run.RunTrace;
import io.heddle.run.Secrets;
import io.heddle.workflow.Inputs;
import io.heddle.workflow.InvalidInputsException;
import io.heddle.workflow.WorkflowRegistry;
import io.heddle.workflow.WorkflowRegistry.Registered;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Makes the runs that nodes start. Thread-safe. */
final class ChildRuns {

  /** The code of a {@link Refused} whose workflow nobody knows. */
  static final String UNKNOWN = "unknown_child_workflow";

  /** A child that cannot be started. */
  static final class Refused extends Exception {

    private static final long serialVersionUID = 1L;

    final String code;

    Refused(String code, String message) {
      super(message);
      this.code = code;
    }
  }

  private final WorkflowRegistry workflows;

  private final int maxDepth;

  ChildRuns(WorkflowRegistry workflows, int maxDepth) {
    this.workflows = workflows;
    this.maxDepth = maxDepth;
  }

  /** Whether a tenant sees a workflow of this id. */
  boolean exists(Run parent, String workflowId) {
    return workflows.newest(parent.tenant(), workflowId).isPresent();
  }

  /**
   * A run of a workflow below another run. What the mapping names and the parent does not have is
   * left undefined in the child, even if the child declares a default for it. What is secret in the
   * parent is secret in the child.
   *
   * @param mapping child variable to parent variable
   * @param given inputs besides those that are mapped; they win
   */
  NewRun child(
      Run parent,
      RunState state,
      String nodeId,
      String workflowId,
      Map<String, String> mapping,
      Map<String, @Nullable Object> given)
      throws Refused {
    if (parent.depth() + 1 > maxDepth) {
      throw new Refused(
          "heddle.sub_workflow_too_deep",
          "A run may have at most %d runs above it".formatted(maxDepth));
    }
    Optional<Registered> workflow = workflows.newest(parent.tenant(), workflowId);
    if (workflow.isEmpty()) {
      throw new Refused(UNKNOWN, "There is no workflow " + workflowId);
    }
    Map<String, @Nullable Object> inputs = new LinkedHashMap<>();
    Set<String> undefined = new LinkedHashSet<>();
    Masking masking = Masking.of(state);
    Set<String> sensitive = new LinkedHashSet<>(workflow.get().definition().sensitiveVariables());
    mapping.forEach(
        (childName, parentName) -> {
          if (state.variables().containsKey(parentName)) {
            Object value = state.variables().get(parentName);
            inputs.put(childName, value);
            if (masking.hides(parentName, value)) {
              sensitive.add(childName);
            }
          } else {
            undefined.add(childName);
          }
        });
    inputs.putAll(given);
    undefined.removeAll(given.keySet());
    return new NewRun(
        parent.tenant(),
        Ids.run(),
        parent.owner(),
        new Run.WorkflowRef(
            workflow.get().scope(), workflow.get().definition().id(), workflow.get().revision()),
        RunState.initial(
                variables(workflow.get(), inputs, undefined),
                Inputs.channels(workflow.get().definition()))
            .with(new Secrets(sensitive, List.of())),
        inputs,
        Json.members(),
        null,
        null,
        null,
        null,
        new Run.Parent(parent.runId(), nodeId),
        parent.depth() + 1,
        RunTrace.below(parent, nodeId, state.visits().getOrDefault(nodeId, 0)));
  }

  private static Map<String, @Nullable Object> variables(
      Registered workflow, Map<String, @Nullable Object> inputs, Set<String> undefined)
      throws Refused {
    try {
      Map<String, @Nullable Object> variables =
          new LinkedHashMap<>(Inputs.variables(workflow.definition(), inputs));
      variables.keySet().removeAll(undefined);
      return variables;
    } catch (InvalidInputsException e) {
      throw new Refused("heddle.sub_workflow_inputs_invalid", String.valueOf(e.getMessage()));
    }
  }
}
