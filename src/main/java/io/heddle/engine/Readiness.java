package io.heddle.engine;

import io.heddle.run.RunState;
import io.heddle.run.RunState.NodeState;
import io.heddle.workflow.EdgeDefinition;
import io.heddle.workflow.NodeDefinition;
import io.heddle.workflow.TriggerRule;
import io.heddle.workflow.WorkflowDefinition;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which nodes that were not reached yet can start now, and which never will. Pure.
 *
 * <p>A node's incoming edges are grouped by their trigger rule; the node starts when every group
 * says yes and is left out as soon as one says no. A node without incoming edges starts at once.
 */
record Readiness(List<NodeDefinition> ready, List<NodeDefinition> unreachable) {

  private enum Verdict {
    YES,
    NO,
    OPEN
  }

  static Readiness of(WorkflowDefinition definition, RunState state) {
    List<NodeDefinition> ready = new ArrayList<>();
    List<NodeDefinition> unreachable = new ArrayList<>();
    for (NodeDefinition node : definition.nodes()) {
      if (!state.nodes().containsKey(node.id())) {
        Verdict verdict = node.disabled() ? Verdict.NO : verdict(definition, state, node);
        if (verdict == Verdict.YES) {
          ready.add(node);
        } else if (verdict == Verdict.NO) {
          unreachable.add(node);
        }
      }
    }
    return new Readiness(ready, unreachable);
  }

  /** Whether the failure of a node is awaited by an edge, so that the run goes on. */
  static boolean isFailureHandled(WorkflowDefinition definition, String nodeId) {
    return definition.outgoing(nodeId).stream()
        .anyMatch(
            edge ->
                edge.triggerRule() == TriggerRule.ANY_FAILED
                    || edge.triggerRule() == TriggerRule.ALL_COMPLETE);
  }

  private static Verdict verdict(
      WorkflowDefinition definition, RunState state, NodeDefinition node) {
    Verdict all = Verdict.YES;
    for (TriggerRule rule : TriggerRule.values()) {
      Tally tally = new Tally();
      for (EdgeDefinition edge : definition.incoming(node.id())) {
        if (edge.triggerRule() == rule) {
          tally.count(state.nodes().get(edge.sourceNodeId()));
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

    void count(@Nullable NodeState source) {
      edges++;
      if (source == null || !source.progress().isFinal()) {
        open++;
        return;
      }
      switch (source.progress()) {
        case COMPLETED -> completed++;
        case FAILED -> failed++;
        default -> {
          // Left out or cancelled: ended, but neither a success nor a failure.
        }
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
