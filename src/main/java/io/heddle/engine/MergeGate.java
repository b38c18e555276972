package io.heddle.engine;

import io.heddle.json.Json;
import io.heddle.redaction.Masking;
import io.heddle.run.EventType;
import io.heddle.run.Payloads;
import io.heddle.run.Run;
import io.heddle.run.RunError;
import io.heddle.run.RunState.NodeState;
import io.heddle.run.RunState.Question;
import io.heddle.run.RunStore.ChildStanding;
import io.heddle.run.Secrets;
import io.heddle.spi.InterruptKind;
import io.heddle.spi.InterruptRequest;
import io.heddle.spi.NodeResult;
import io.heddle.spi.Resumption;
import io.heddle.workflow.NodeDefinition;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Stands between the outputs of a sub-workflow that ended well and the variables of its parent, if
 * the parent wants them attested or approved. The outputs that somebody is asked about are kept
 * with the question, so that what is merged is what was approved, whatever becomes of the child.
 * Used by one thread.
 */
final class MergeGate {

  private static final String HELD = "heldOutputs";

  // What the approver sees in place of an output, by its name.
  private static final String HIDDEN = "hiddenOutputs";

  private static final String TOLD = "told";

  private static final String ATTESTATION = "attestation";

  // Anything else in its place could not be merged.
  private static final Map<String, @Nullable Object> ANSWER =
      Json.members(
          "type",
          "object",
          "properties",
          Json.members("editedArtifactData", Json.members("type", "object")));

  private static final List<String> ACTIONS = List.of("accept", "reject", "edit-accept", "ask");

  private final Run run;

  private final Draft draft;

  MergeGate(Run run, Draft draft) {
    this.run = run;
    this.draft = draft;
  }

  /** Whether a node holds outputs back. */
  boolean holds(NodeDefinition node) {
    NodeState reached = draft.state().nodes().get(node.id());
    return reached != null && reached.memo().containsKey(HELD);
  }

  /** A child has ended well: merges what it gives, or asks about it. */
  Optional<RunError> childEnded(
      NodeDefinition node, SubWorkflowNode.Config config, ChildStanding child) {
    Map<String, @Nullable Object> told = Children.outputs(child.runId(), child.status());
    Map<String, @Nullable Object> outputs = child.variables();
    Map<String, @Nullable Object> attestation;
    try {
      attestation = config.attestation().attest(outputs).orElse(null);
    } catch (IllegalArgumentException e) {
      return withhold(
          node,
          config,
          told,
          "heddle.outputs_not_attestable",
          "The outputs of the sub-workflow have no canonical spelling to be hashed in");
    }
    boolean asks = config.attestation().requiresApproval();
    if (attestation != null) {
      told.put(ATTESTATION, attestation);
      draft.append(
          EventType.WORKFLOW_CHAIN,
          node.id(),
          Payloads.outputHarvested(
              config.workflowId(),
              run.runId(),
              child.runId(),
              asks ? List.of() : taken(config, outputs),
              attestation));
    }
    if (asks) {
      return ask(node, config, child, told);
    }
    draft.merge(node, config.outputs(), child);
    return draft.end(node, NodeResult.completed(told));
  }

  private Optional<RunError> ask(
      NodeDefinition node,
      SubWorkflowNode.Config config,
      ChildStanding child,
      Map<String, @Nullable Object> told) {
    Map<String, @Nullable Object> outputs = child.variables();
    Masking theirs = Masking.of(child.state());
    Secrets secrets = draft.state().secrets();
    for (var output : outputs.entrySet()) {
      if (theirs.hides(output.getKey(), output.getValue())) {
        secrets = secrets.withValue(output.getValue());
      }
    }
    draft.hide(secrets);
    Map<String, @Nullable Object> shown = Masking.of(draft.state()).members(theirs.named(outputs));
    Map<String, @Nullable Object> hidden = new LinkedHashMap<>();
    shown.forEach(
        (name, value) -> {
          if (!Objects.equals(value, outputs.get(name))) {
            hidden.put(name, value);
          }
        });
    return draft.end(
        node,
        new NodeResult.Suspended(
            new InterruptRequest(
                InterruptKind.APPROVAL,
                Json.members(
                    "artifactId",
                    child.runId(),
                    "artifactType",
                    "sub-workflow-outputs",
                    "title",
                    "Outputs of " + config.workflowId(),
                    "artifactData",
                    shown,
                    "actions",
                    ACTIONS),
                ANSWER,
                null),
            Json.members(HELD, outputs, HIDDEN, hidden, TOLD, told)));
  }

  /** Somebody has decided about the outputs that a node holds, or will not any more. */
  Optional<RunError> decided(NodeDefinition node) {
    SubWorkflowNode.Config config = SubWorkflowNode.Config.of(node.config());
    NodeState reached = Objects.requireNonNull(draft.state().nodes().get(node.id()));
    Question question = reached.question();
    Resumption answer = question == null ? null : question.answer();
    Map<String, @Nullable Object> held = Json.object(reached.memo().get(HELD), "");
    Map<String, @Nullable Object> hidden = Json.object(reached.memo().get(HIDDEN), "");
    Map<String, @Nullable Object> told =
        new LinkedHashMap<>(Json.object(reached.memo().get(TOLD), ""));
    Optional<Map<String, @Nullable Object>> released = config.attestation().released(held, answer);
    told.put("merged", released.isPresent());
    if (released.isEmpty()) {
      return answer != null && answer.timedOut()
          ? withhold(node, config, told, "interrupt_timeout", "Nobody decided in time")
          : withhold(
              node,
              config,
              told,
              "approval_rejected",
              "The outputs of the sub-workflow were not approved");
    }
    Map<String, @Nullable Object> merged = new LinkedHashMap<>(released.get());
    hidden.forEach(
        (name, mark) -> {
          // Whoever edits around a mark leaves what it stands for as it was.
          if (merged.containsKey(name) && Json.same(merged.get(name), mark)) {
            merged.put(name, held.get(name));
          }
        });
    draft.merge(node, config.outputs(), merged, (name, value) -> hidden.containsKey(name));
    return draft.end(node, NodeResult.completed(told));
  }

  private Optional<RunError> withhold(
      NodeDefinition node,
      SubWorkflowNode.Config config,
      Map<String, @Nullable Object> told,
      String code,
      String message) {
    return draft.end(
        node,
        config.failsWithChild() ? NodeResult.failed(code, message) : NodeResult.completed(told));
  }

  private static List<String> taken(
      SubWorkflowNode.Config config, Map<String, @Nullable Object> outputs) {
    List<String> taken = new ArrayList<>();
    config
        .outputs()
        .forEach(
            (parentName, childName) -> {
              if (outputs.containsKey(childName)) {
                taken.add(parentName);
              }
            });
    return taken;
  }
}
