package io.heddle.engine;

import io.heddle.run.RunState;
import io.heddle.run.RunState.EdgeOutcome;
import io.heddle.run.RunState.NodeState;
import io.heddle.run.RunState.Progress;
import io.heddle.workflow.EdgeDefinition;
import io.heddle.workflow.NodeDefinition;
import io.heddle.workflow.TriggerRule;
import io.heddle.workflow.WorkflowDefinition;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which nodes that were not reached yet can start now, which never will, and which cannot because a
 * condition that leads to them is broken. Pure.
 *
 * <p>A node's incoming edges are grouped by their trigger rule; the node starts when every group
 * says yes and is left out as soon as one says no. A node without incoming edges starts at once. An
 * edge that closes a loop has no say in this: it starts its target's next visit when it is taken.
 */
record Readiness(
    List<NodeDefinition> ready, List<NodeDefinition> unreachable, List<NodeDefinition> broken) {

  private enum Verdict {
    YES,
    NO,
    OPEN,
    BROKEN
  }

  static Readiness of(WorkflowDefinition definition, RunState state) {
    List<NodeDefinition> ready = new ArrayList<>();
    List<NodeDefinition> unreachable = new ArrayList<>();
    List<NodeDefinition> broken = new ArrayList<>();
    for (NodeDefinition node : definition.nodes()) {
      if (!state.nodes().containsKey(node.id())) {
        switch (node.disabled() ? Verdict.NO : verdict(definition, state, node)) {
          case YES -> ready.add(node);
          case NO -> unreachable.add(node);
          case BROKEN -> broken.add(node);
          case OPEN -> {
            // Its time comes when more of its sources have ended.
          }
        }
      }
    }
    return new Readiness(ready, unreachable, broken);
  }

  /** Whether the failure of a node is awaited by an edge, so that the run goes on. */
  static boolean isFailureHandled(WorkflowDefinition definition, String nodeId) {
    return definition.outgoing(nodeId).stream()
        .anyMatch(
            edge ->
                edge.triggerRule() == TriggerRule.ANY_FAILED
                    || edge.triggerRule() == TriggerRule.ALL_COMPLETE);
  }

  /** Whether an edge is followed now that its source has ended. */
  static boolean isTaken(EdgeDefinition edge, RunState state) {
    NodeState source = state.nodes().get(edge.sourceNodeId());
    EdgeOutcome outcome = state.edges().getOrDefault(edge.id(), EdgeOutcome.TAKEN);
    if (source != null && outcome == EdgeOutcome.REJECTED) {
      return edge.triggerRule() == TriggerRule.ANY_FAILED
          || edge.triggerRule() == TriggerRule.ALL_COMPLETE;
    }
    if (source == null || outcome != EdgeOutcome.TAKEN) {
      return false;
    }
    return switch (edge.triggerRule()) {
      case ALL_SUCCESS, ANY_SUCCESS, NONE_FAILED -> source.progress() == Progress.COMPLETED;
      case ANY_FAILED -> source.progress() == Progress.FAILED;
      case ALL_COMPLETE ->
          source.progress() == Progress.COMPLETED || source.progress() == Progress.FAILED;
    };
  }

  private static Verdict verdict(
      WorkflowDefinition definition, RunState state, NodeDefinition node) {
    Verdict all = Verdict.YES;
    for (TriggerRule rule : TriggerRule.values()) {
      Tally tally = new Tally();
      for (EdgeDefinition edge : definition.incoming(node.id())) {
        if (edge.triggerRule() == rule && !definition.leadsBack(edge)) {
          EdgeOutcome outcome = state.edges().get(edge.id());
          if (outcome == EdgeOutcome.BROKEN) {
            return Verdict.BROKEN;
          }
          tally.count(state.nodes().get(edge.sourceNodeId()), outcome);
        }
      }
      Verdict group = tally.edges == 0 ? Verdict.YES : tally.verdict(rule);
      if (group == Verdict.NO) {
        return Verdict.NO;
      }
      if (group == Verdict.OPEN) {
        all = Verdict.OPEN;
      }
    }
    return all;
  }

  private static final class Tally {

    int edges;

    int open;

    int completed;

    int failed;

    void count(@Nullable NodeState source, @Nullable EdgeOutcome outcome) {
      boolean followed = outcome != EdgeOutcome.NOT_TAKEN;
      edges++;
      if (source == null || !source.progress().isFinal()) {
        open++;
      } else if (outcome == EdgeOutcome.REJECTED) {
        failed++;
      } else if (followed && source.progress() == Progress.COMPLETED) {
        completed++;
      } else if (followed && source.progress() == Progress.FAILED) {
        failed++;
      }
    }

    Verdict verdict(TriggerRule rule) {
      return switch (rule) {
        case ALL_SUCCESS -> {
          if (completed + open < edges) {
            yield Verdict.NO;
          }
          yield open == 0 ? Verdict.YES : Verdict.OPEN;
        }
        case ANY_SUCCESS -> awaited(completed);
        case ANY_FAILED -> awaited(failed);
        case ALL_COMPLETE -> open == 0 ? Verdict.YES : Verdict.OPEN;
        case NONE_FAILED -> {
          if (failed > 0) {
            yield Verdict.NO;
          }
          yield open == 0 ? Verdict.YES : Verdict.OPEN;
        }
      };
    }

    private Verdict awaited(int seen) {
      if (seen > 0) {
        return Verdict.YES;
      }
      return open == 0 ? Verdict.NO : Verdict.OPEN;
    }
  }
}
