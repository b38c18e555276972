package io.heddle.run;

import io.heddle.json.Json;
import io.heddle.run.RunState.NodeState;
import io.heddle.run.RunState.Orchestration;
import io.heddle.run.RunState.Progress;
import io.heddle.run.RunState.Question;
import io.heddle.spi.InterruptKind;
import java.time.Instant;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A run as it stood after some event of its log, which no row remembers: several events are often
 * stored in one step. What no event tells, such as that a node waits or what a channel holds, is
 * not in it. Used by one thread.
 */
public final class RunFold {

  private static final int EVENTS_PER_READ = 200;

  private static final long CHARACTERS_PER_READ = 1_000_000;

  private RunStatus status = RunStatus.PENDING;

  private boolean started;

  private boolean decided;

  private @Nullable Instant pausedAt;

  private RunState state = RunState.initial(Map.of(), Map.of());

  private RunFold() {}

  /**
   * Reads how a run stood after an event.
   *
   * @param head the run as it stands; what its log has beyond it is left aside
   * @param sequence of the event; -1 for the run as it was created
   */
  public static RunFold at(RunStore store, Run head, long sequence) {
    RunFold fold = new RunFold();
    Map<String, @Nullable Object> variables = new LinkedHashMap<>(head.state().variables());
    Set<String> undone = new HashSet<>();
    long last = -1;
    while (last < head.nextSequence() - 1) {
      RunStore.LogPage page =
          store
              .log(head.tenant(), head.runId(), last, EVENTS_PER_READ, CHARACTERS_PER_READ)
              .orElseThrow();
      for (RunEvent event : page.events()) {
        last = event.sequence();
        if (last <= sequence) {
          fold.apply(event);
        } else if (event.type() == EventType.VARIABLE_CHANGED && last < head.nextSequence()) {
          undo(event, variables, undone);
        }
      }
    }
    Map<String, NodeState> nodes = fold.state.nodes();
    fold.state = RunState.initial(variables, Map.of());
    nodes.forEach((nodeId, node) -> fold.state = fold.state.with(nodeId, node));
    return fold;
  }

  /** How a variable began is told by nothing but the first change of it. */
  private static void undo(
      RunEvent event, Map<String, @Nullable Object> variables, Set<String> undone) {
    Map<String, @Nullable Object> change = Json.storedObject(event.payload());
    String name = String.valueOf(change.get("name"));
    if (undone.add(name)) {
      if (change.containsKey("previous")) {
        variables.put(name, change.get("previous"));
      } else {
        variables.remove(name);
      }
    }
  }

  /** Goes on to the next event of the log. */
  public void apply(RunEvent event) {
    switch (event.type()) {
      case RUN_STARTED -> {
        status = RunStatus.RUNNING;
        started = true;
      }
      case RUN_COMPLETED -> status = RunStatus.COMPLETED;
      case RUN_FAILED -> status = RunStatus.FAILED;
      case RUN_CANCELLED -> status = RunStatus.CANCELLED;
      case RUN_PAUSED -> {
        status = RunStatus.PAUSED;
        pausedAt = event.timestamp();
      }
      case RUN_RESUMED -> {
        status = RunStatus.RUNNING;
        pausedAt = null;
      }
      case NODE_STARTED -> put(event, NodeState.started(attempt(event)));
      case NODE_COMPLETED -> end(event, Progress.COMPLETED);
      case NODE_FAILED -> end(event, Progress.FAILED);
      case NODE_SKIPPED -> end(event, Progress.SKIPPED);
      case NODE_CANCELLED -> end(event, Progress.CANCELLED);
      case NODE_RETRIED -> end(event, Progress.RETRYING);
      case NODE_SUSPENDED ->
          put(event, reached(event).suspended(question(event), null, Json.members()));
      case NODE_RESUMED -> put(event, reached(event).resumed());
      case VARIABLE_CHANGED -> {
        Map<String, @Nullable Object> change = Json.storedObject(event.payload());
        state = state.withVariable(String.valueOf(change.get("name")), change.get("next"));
      }
      case ORCHESTRATOR_DECIDED -> decided = true;
      case INTERRUPT_REQUESTED,
          INTERRUPT_RESOLVED,
          APPROVAL_REQUESTED,
          APPROVAL_RECEIVED,
          APPROVAL_GRANTED,
          APPROVAL_REJECTED,
          APPROVAL_OVERRIDDEN,
          AUTHORIZATION_DECIDED,
          CLARIFICATION_REQUESTED,
          CLARIFICATION_RESOLVED,
          CONVERSATION_OPENED,
          CONVERSATION_EXCHANGED,
          CONVERSATION_CLOSED,
          CAP_BREACHED,
          LOOPBACK_LIMIT,
          CHANNEL_WRITTEN,
          NODE_DISPATCHED,
          FAN_OUT_BEGUN,
          FAN_OUT_JOINED,
          WORKFLOW_CHAIN,
          CONFIDENCE_ESCALATED,
          VERSION_PINNED,
          ARTIFACT_CREATED,
          AGENT_REASONING_DELTA,
          AGENT_REASONED,
          AGENT_TOOL_CALLED,
          AGENT_TOOL_RETURNED,
          AGENT_HANDOFF,
          AGENT_DECIDED,
          REPLAY_DIVERGED -> {
        // As before, or nothing that could be told: of a channel the log has the writes, and what
        // they come to is the definition's matter.
      }
    }
  }

  /** The run at this point. */
  public Run of(Run head) {
    Orchestration orchestration = head.state().orchestration();
    // What is secret now was never to be shown.
    RunState shown = state.with(head.state().secrets());
    return new Run(
        head.tenant(),
        head.runId(),
        head.owner(),
        head.workflow(),
        status(),
        head.leaseEpoch(),
        head.nextSequence(),
        head.signals(),
        null,
        // Who decides never changes.
        decided && orchestration != null ? shown.withOrchestration(orchestration) : shown,
        head.inputs(),
        head.configurable(),
        head.tags(),
        head.metadata(),
        status.isTerminal() ? head.error() : null,
        head.engineVersion(),
        head.eventLogSchemaVersion(),
        head.createdAt(),
        started ? head.startedAt() : null,
        status.isTerminal() ? head.endedAt() : null,
        pausedAt,
        started ? head.timedFrom() : null,
        head.parent(),
        head.depth(),
        head.trace(),
        head.fork());
  }

  private void end(RunEvent event, Progress outcome) {
    put(event, reached(event).ended(outcome, Json.members()));
  }

  private NodeState reached(RunEvent event) {
    NodeState before = state.nodes().get(event.nodeId());
    return before == null ? NodeState.started(0) : before;
  }

  /** A run waits for somebody outside when it has nothing else to do. */
  private RunStatus status() {
    RunStatus awaited = state.awaited();
    boolean executes =
        state.nodes().values().stream().anyMatch(node -> node.progress() == Progress.STARTED);
    return status == RunStatus.RUNNING && awaited != null && !executes ? awaited : status;
  }

  private static Question question(RunEvent event) {
    Map<String, @Nullable Object> payload = Json.storedObject(event.payload());
    InterruptKind kind =
        InterruptEvents.kind(String.valueOf(payload.get("kind"))).orElse(InterruptKind.CUSTOM);
    return new Question(String.valueOf(payload.get("interruptId")), kind, null);
  }

  private void put(RunEvent event, NodeState node) {
    state = state.with(Objects.requireNonNull(event.nodeId()), node);
  }

  private static int attempt(RunEvent event) {
    return Json.storedObject(event.payload()).get("attempt") instanceof Number attempt
        ? attempt.intValue()
        : 0;
  }
}
