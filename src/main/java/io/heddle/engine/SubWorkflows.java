package io.heddle.engine;

import io.heddle.json.Json;
import io.heddle.run.NewRun;
import io.heddle.run.Run;
import io.heddle.run.RunError;
import io.heddle.run.RunStatus;
import io.heddle.run.RunStore.ChildStanding;
import io.heddle.spi.NodeResult;
import io.heddle.workflow.NodeDefinition;
import java.util.Optional;

/** Starts the sub-workflows of one run and takes over what they give. Used by one thread. */
final class SubWorkflows {

  /** The member of a waiting node's memo that names the run it waits for. */
  static final String CHILD = "childRunId";

  private final Run run;

  private final Draft draft;

  private final ChildRuns childRuns;

  private final MergeGate mergeGate;

  SubWorkflows(Run run, Draft draft, ChildRuns childRuns) {
    this.run = run;
    this.draft = draft;
    this.childRuns = childRuns;
    this.mergeGate = new MergeGate(run, draft);
  }

  /** A started node goes on in a run of its own, or with what was decided about its outputs. */
  Optional<RunError> begin(NodeDefinition node) {
    if (mergeGate.holds(node)) {
      return mergeGate.decided(node);
    }
    SubWorkflowNode.Config config = SubWorkflowNode.Config.of(node.config());
    try {
      return begin(
          node,
          childRuns.child(
              run, draft.state(), node.id(), config.workflowId(), config.inputs(), Json.members()),
          config.waits());
    } catch (ChildRuns.Refused e) {
      return draft.end(node, NodeResult.failed(e.code, String.valueOf(e.getMessage())));
    }
  }

  private Optional<RunError> begin(NodeDefinition node, NewRun child, boolean waits) {
    draft.children().add(child);
    if (!waits) {
      return draft.end(
          node, NodeResult.completed(Children.outputs(child.runId(), RunStatus.PENDING)));
    }
    draft.await(node, Json.members(CHILD, child.runId()));
    return Optional.empty();
  }

  /** The run that a node waits for has ended. */
  Optional<RunError> childEnded(NodeDefinition node, ChildStanding child) {
    SubWorkflowNode.Config config = SubWorkflowNode.Config.of(node.config());
    if (child.status() == RunStatus.COMPLETED) {
      if (!config.attestation().isNone()) {
        return mergeGate.childEnded(node, config, child);
      }
      draft.merge(node, config.outputs(), child);
    } else if (config.failsWithChild()) {
      return draft.end(
          node,
          NodeResult.failed(
              "heddle.sub_workflow_failed",
              "The sub-workflow ended as " + Children.spelled(child.status())));
    }
    return draft.end(node, NodeResult.completed(Children.outputs(child.runId(), child.status())));
  }
}
