package io.heddle.engine;

import io.heddle.engine.node.ConversationGateNode;
import io.heddle.json.Json;
import io.heddle.redaction.Masking;
import io.heddle.run.ConversationEvents;
import io.heddle.run.Ids;
import io.heddle.run.InterruptEvents;
import io.heddle.run.NewEvent;
import io.heddle.run.NewInterrupt;
import io.heddle.run.Run;
import io.heddle.run.RunState;
import io.heddle.run.RunState.NodeState;
import io.heddle.run.RunState.Progress;
import io.heddle.run.RunState.Question;
import io.heddle.spi.InterruptKind;
import io.heddle.spi.InterruptRequest;
import io.heddle.spi.NodeResult;
import io.heddle.spi.Resumption;
import io.heddle.workflow.NodeDefinition;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The part of a {@link Draft} that is about what nodes ask people and other systems. A question is
 * stored with the step that tells of it; answers are stored by others, beside the draft, and
 * adopted. Used by one thread.
 */
final class Questions {

  /** Tells which questions need not be asked. */
  interface Answers {

    /** The id of a question that was answered in place of this one; null if none was. */
    @Nullable String known(NewInterrupt question);
  }

  // Who answers in the conversations of conformance tests.
  private static final String MOCK = "conformance-mock";

  private final Run run;

  private final Draft draft;

  private final InstantSource clock;

  private final List<NewInterrupt> asked = new ArrayList<>();

  private final List<String> timedOut = new ArrayList<>();

  private Answers answers = question -> null;

  Questions(Run run, Draft draft, InstantSource clock) {
    this.run = run;
    this.draft = draft;
    this.clock = clock;
  }

  /** From now on, questions that these know are not asked. */
  void answeredBefore(Answers before) {
    answers = before;
  }

  /** The questions that the next step puts. */
  List<NewInterrupt> asked() {
    return asked;
  }

  /** The ids of the questions whose time is over. */
  List<String> timedOut() {
    return timedOut;
  }

  /** Begins anew after what was collected has been stored. */
  void stored() {
    asked.clear();
    timedOut.clear();
  }

  /** Records that a node waits for somebody outside. */
  void ask(NodeDefinition node, NodeState reached, NodeResult.Suspended suspended) {
    RunState state = draft.state();
    InterruptRequest request = suspended.request();
    int ordinal = state.suspensions().getOrDefault(node.id(), 0);
    Instant now = clock.instant();
    Instant deadline = request.timeout() == null ? null : now.plus(request.timeout());
    NewInterrupt question =
        new NewInterrupt(
            Ids.interrupt(),
            node.id(),
            ordinal,
            request.kind(),
            "%s:%s:%d".formatted(run.runId(), node.id(), ordinal),
            new LinkedHashMap<>(request.data()),
            Masking.of(state).members(new LinkedHashMap<>(request.data())),
            request.resumeSchema() == null ? null : new LinkedHashMap<>(request.resumeSchema()),
            request.timeout() == null ? null : request.timeout().toMillis(),
            now,
            deadline);
    String known = answers.known(question);
    NewInterrupt interrupt = known == null ? question : question.knownAs(known);
    boolean converses = request.kind() == InterruptKind.CONVERSATION;
    if (converses) {
      interrupt = interrupt.with(ConversationEvents.ID, interrupt.interruptId());
    }
    if (known == null) {
      asked.add(interrupt);
    }
    draft.change(
        state
            .with(
                node.id(),
                reached.suspended(
                    new Question(interrupt.interruptId(), request.kind(), null),
                    known == null ? deadline : null,
                    new LinkedHashMap<>(suspended.memo())))
            .withSuspension(node.id()));
    List<NewEvent> told = InterruptEvents.asked(run, interrupt.asShown());
    told.forEach(draft::append);
    if (converses && known == null) {
      open(node, interrupt, told.get(told.size() - 1).eventId());
    }
  }

  /**
   * Records that a conversation begins, and all of it if nobody real takes part in it.
   *
   * @param suspension the event that tells that the node waits
   */
  private void open(NodeDefinition node, NewInterrupt interrupt, String suspension) {
    String id = interrupt.interruptId();
    Object agentId = node.agent() == null ? null : node.agent().get("agentId");
    String speaker = agentId instanceof String agent ? agent : null;
    Map<String, @Nullable Object> turn =
        ConversationEvents.turn(
            id,
            0,
            speaker == null ? ConversationEvents.SYSTEM : "agent",
            speaker == null ? ConversationEvents.SYSTEM : speaker,
            interrupt.data().get("prompt"),
            clock.instant());
    if (speaker != null) {
      turn.put("speakerId", speaker);
    }
    NewEvent opened =
        ConversationEvents.opened(
            node.id(), id, speaker, Masking.of(draft.state()).members(turn), suspension);
    say(node, opened, turn);
    if (node.typeId().equals(ConversationGateNode.TYPE)
        && Boolean.TRUE.equals(node.config().get("mockAutoResume"))) {
      asked.remove(interrupt);
      converseAlone(node);
    }
  }

  private void converseAlone(NodeDefinition node) {
    int exchanges = node.config().get("turnCount") instanceof Integer count ? count : 1;
    for (int i = 1; i <= exchanges; i++) {
      Map<String, @Nullable Object> turn = mockTurn(node, "Turn %d of %d".formatted(i, exchanges));
      say(node, ConversationEvents.exchanged(node.id(), question(node), turn), turn);
    }
    Question question = question(node);
    Map<String, @Nullable Object> turn = mockTurn(node, "That is all.");
    Map<String, @Nullable Object> value =
        Json.members("operation", "close", "turn", turn, "outcome", null);
    List<NewEvent> closing =
        InterruptEvents.answered(node.id(), question, value, MOCK, clock.instant());
    NodeState heard = reached(node).said(turn, closing.get(0).eventId());
    draft.change(
        draft.state().with(node.id(), heard.answered(new Resumption(value, MOCK, false))), closing);
  }

  private Map<String, @Nullable Object> mockTurn(NodeDefinition node, String content) {
    Question question = question(node);
    return ConversationEvents.turn(
        question.interruptId(),
        question.turns().size(),
        ConversationEvents.USER,
        ConversationEvents.USER,
        content,
        clock.instant());
  }

  private void say(NodeDefinition node, NewEvent event, Map<String, @Nullable Object> turn) {
    draft.change(
        draft.state().with(node.id(), reached(node).said(turn, event.eventId())), List.of(event));
  }

  /** Records that a question was not answered in time; the node goes on with that. */
  void timeOut(NodeDefinition node) {
    Question question = question(node);
    timedOut.add(question.interruptId());
    if (question.kind() == InterruptKind.CONVERSATION) {
      Map<String, @Nullable Object> turn = ConversationEvents.timeout(question, clock.instant());
      say(node, ConversationEvents.closed(node.id(), question, turn, null), turn);
    }
    draft.change(
        draft.state().with(node.id(), reached(node).answered(new Resumption(null, null, true))),
        InterruptEvents.timedOut(node.id(), question, GateEdges.isGate(node)));
  }

  /** Takes back that a question was not answered in time; its events are the caller's to forget. */
  void takeBackTimeOut(NodeDefinition node, NodeState before) {
    timedOut.remove(Objects.requireNonNull(before.question()).interruptId());
    draft.change(draft.state().with(node.id(), before));
  }

  /** Takes over the answers that were stored beside this draft. */
  void adopt(RunState outside) {
    outside
        .nodes()
        .forEach(
            (nodeId, node) -> {
              NodeState here = draft.state().nodes().get(nodeId);
              if (here != null
                  && here.progress() == Progress.SUSPENDED
                  && (node.progress() == Progress.RESUMED || hasHeardMore(node, here))) {
                draft.change(draft.state().with(nodeId, node));
              }
            });
  }

  private static boolean hasHeardMore(NodeState outside, NodeState here) {
    Question there = outside.question();
    Question known = Objects.requireNonNull(here.question());
    return outside.progress() == Progress.SUSPENDED
        && there != null
        && there.interruptId().equals(known.interruptId())
        && there.turns().size() > known.turns().size();
  }

  private NodeState reached(NodeDefinition node) {
    return Objects.requireNonNull(draft.state().nodes().get(node.id()));
  }

  private Question question(NodeDefinition node) {
    return Objects.requireNonNull(reached(node).question());
  }
}
