package io.heddle.interrupt;

import io.heddle.interrupt.InterruptStore.Vote;
import io.heddle.interrupt.InterruptTokens.Claims;
import io.heddle.json.Json;
import io.heddle.redaction.Masking;
import io.heddle.redaction.Tokens;
import io.heddle.run.ConversationEvents;
import io.heddle.run.Governance;
import io.heddle.run.Ids;
import io.heddle.run.InterruptEvents;
import io.heddle.run.NewEvent;
import io.heddle.run.Run;
import io.heddle.run.RunState.NodeState;
import io.heddle.run.RunState.Progress;
import io.heddle.run.RunState.Question;
import io.heddle.run.RunStatus;
import io.heddle.run.RunStore;
import io.heddle.run.RunStore.Amendment;
import io.heddle.run.Wakeup;
import io.heddle.spi.InterruptKind;
import io.heddle.spi.Resumption;
import io.heddle.tenancy.Tenant;
import io.heddle.workflow.Fault;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Lets people and other systems answer what runs ask. The decision, its events and the run's
 * wake-up are one transaction under the lock of the run's row, so that of many answers one wins.
 * Thread-safe.
 */
public final class InterruptService {

  private static final Outcome TOO_LATE =
      new Outcome.Unacceptable(
          List.of(
              new Fault(
                  "/resumeValue/operation",
                  "cannot be exchange, for the conversation has been closed")));

  private final RunStore runs;

  private final InterruptStore interrupts;

  private final Set<String> roles;

  /** For a host that knows no roles. */
  public InterruptService(RunStore runs, InterruptStore interrupts) {
    this(runs, interrupts, Set.of());
  }

  /**
   * @param roles the roles that this host knows; for governance gates no other one is anybody's
   */
  public InterruptService(RunStore runs, InterruptStore interrupts, Set<String> roles) {
    this.runs = runs;
    this.interrupts = interrupts;
    this.roles = Set.copyOf(roles);
  }

  /**
   * An answer as it was sent.
   *
   * @param faults what is wrong with the request that carries it; heard only if there is a question
   */
  public record Given(@Nullable Object value, Answerer by, List<Fault> faults) {}

  /** What became of an answer. */
  public sealed interface Outcome {

    /**
     * It settled the question, and the run goes on.
     *
     * @param waited since the question was put
     */
    record Resolved(RunStatus status, InterruptKind kind, Duration waited) implements Outcome {}

    /** It is kept, and the question stands. */
    record Kept(RunStatus status) implements Outcome {}

    /** The question takes no such answer. */
    record Unacceptable(List<Fault> faults) implements Outcome {}

    /** A governance gate takes no such answer. */
    record Malformed(List<Fault> faults) implements Outcome {}

    /**
     * A governance gate takes no such answer of somebody without what it requires.
     *
     * @param reason what is missing, without anything that was sent
     */
    record Denied(String reason) implements Outcome {}

    /**
     * A governance gate was overridden.
     *
     * @param then what became of it: {@link Resolved}, or {@link Kept} where it takes more
     * @param reason why, masked
     */
    record Overridden(Outcome then, String gateId, String reason) implements Outcome {}

    /** The event is not the one that is waited for. */
    record Unrelated() implements Outcome {}

    /** The tenant has no such run. */
    record NoSuchRun() implements Outcome {}

    /** The node asks nothing, and never did. */
    record NoSuchQuestion() implements Outcome {}

    /** Somebody else was faster, or the run has ended. */
    record AlreadyResolved() implements Outcome {}

    /** The run was cancelled and the question with it. */
    record Gone() implements Outcome {}

    /** Others have to decide this. */
    record NotAnApprover() implements Outcome {}

    /** The time for an answer is over. */
    record Expired() implements Outcome {}
  }

  /** The pending questions of a run, in the order in which they were asked. */
  public List<Interrupt> pending(Run run) {
    return run.state().awaited() == null
        ? List.of()
        : interrupts.pending(run.tenant(), run.runId());
  }

  /** Whose question a genuine token is about; empty if it is not there any more. */
  public Optional<Tenant> tenantOf(Claims claims) {
    return interrupts.tenantOf(claims.runId(), claims.interruptId());
  }

  /** The question of a token, or why it cannot be answered any more. */
  public Inspection inspect(Tenant tenant, Claims claims) {
    Optional<Interrupt> newest = interrupts.newest(tenant, claims.runId(), claims.nodeId());
    Optional<Run> run = runs.find(tenant, claims.runId());
    if (newest.isEmpty() || run.isEmpty() || isForCallersOnly(newest.get())) {
      return new Inspection.Closed(new Outcome.NoSuchQuestion());
    }
    return closed(run.get(), newest.get(), claims)
        .<Inspection>map(Inspection.Closed::new)
        .orElseGet(() -> new Inspection.Open(newest.get()));
  }

  /** What the bearer of a token finds. */
  public sealed interface Inspection {

    /** The question stands. */
    record Open(Interrupt question) implements Inspection {}

    /** It does not. */
    record Closed(Outcome outcome) implements Inspection {}
  }

  /** Whether a question takes no token, whoever signed it. */
  public static boolean isForCallersOnly(Interrupt question) {
    return "openwop-interrupt-auth-required".equals(question.data().get("profile"))
        || Governance.isGate(question.kind(), question.data())
        || Approvers.of(question).areNamed();
  }

  /** Answers the newest question of a node. Joins the caller's transaction, if there is one. */
  public Outcome resolve(Tenant tenant, String runId, String nodeId, Given given) {
    return resolve(tenant, runId, nodeId, given, null);
  }

  /** Answers the question of a token. Joins the caller's transaction, if there is one. */
  public Outcome resolve(Tenant tenant, Claims claims, Given given) {
    return resolve(tenant, claims.runId(), claims.nodeId(), given, claims);
  }

  private Outcome resolve(
      Tenant tenant, String runId, String nodeId, Given given, @Nullable Claims claims) {
    if (!Ids.isWellFormed(runId)) {
      return new Outcome.NoSuchRun();
    }
    AtomicReference<Outcome> outcome = new AtomicReference<>(new Outcome.NoSuchRun());
    runs.amend(
        tenant,
        runId,
        run -> {
          Decision decision = decide(tenant, run, nodeId, given, claims);
          outcome.set(decision.outcome());
          return Optional.ofNullable(decision.amendment());
        });
    return Objects.requireNonNull(outcome.get());
  }

  private record Decision(Outcome outcome, @Nullable Amendment amendment) {

    static Decision of(Outcome outcome) {
      return new Decision(outcome, null);
    }
  }

  private Decision decide(
      Tenant tenant, Run run, String nodeId, Given given, @Nullable Claims claims) {
    Optional<Interrupt> newest = interrupts.newest(tenant, run.runId(), nodeId);
    if (newest.isEmpty()) {
      return Decision.of(new Outcome.NoSuchQuestion());
    }
    Interrupt question = newest.get();
    if (claims != null && isForCallersOnly(question)) {
      return Decision.of(new Outcome.NoSuchQuestion());
    }
    Optional<Outcome> closed = closed(run, question, claims);
    if (closed.isPresent()) {
      return Decision.of(isTooLate(question, given) ? TOO_LATE : closed.get());
    }
    if (Governance.isGate(question.kind(), question.data())) {
      return govern(tenant, run, question, given);
    }
    if (!given.faults().isEmpty()) {
      return Decision.of(new Outcome.Unacceptable(given.faults()));
    }
    if (question.kind() == InterruptKind.CONVERSATION) {
      return converse(tenant, run, question, given);
    }
    Answer answer = AnswerRules.judge(question, given.value());
    if (answer instanceof Answer.Unacceptable no) {
      return Decision.of(new Outcome.Unacceptable(no.faults()));
    }
    if (answer instanceof Answer.Unrelated) {
      return Decision.of(new Outcome.Unrelated());
    }
    if (answer instanceof Answer.Asks asks) {
      return remark(tenant, run, question, asks.remark());
    }
    Object value = ((Answer.Settles) answer).value();
    Optional<Quorum> quorum =
        question.kind() == InterruptKind.APPROVAL ? Quorum.of(question) : Optional.empty();
    return quorum.isPresent()
        ? vote(tenant, run, question, value, given, quorum.get())
        : settle(tenant, run, question, value, given.by().id());
  }

  /** Whether somebody goes on with a conversation that has come to its own end. */
  private static boolean isTooLate(Interrupt question, Given given) {
    return question.kind() == InterruptKind.CONVERSATION
        && (question.state() == Interrupt.State.RESOLVED
            || question.state() == Interrupt.State.TIMED_OUT)
        && Conversation.isExchange(given.value());
  }

  private Decision converse(Tenant tenant, Run run, Interrupt question, Given given) {
    NodeState node = asking(run, question);
    Question asked = Objects.requireNonNull(node.question());
    Conversation.Said said = Conversation.judge(question, asked, given.value(), question.readAt());
    if (said instanceof Conversation.Said.Unacceptable no) {
      return Decision.of(new Outcome.Unacceptable(no.faults()));
    }
    if (said instanceof Conversation.Said.Close close) {
      return settle(tenant, run, question, close.value(), given.by().id());
    }
    Outcome kept = new Outcome.Kept(run.status());
    if (!(said instanceof Conversation.Said.Exchange exchange)) {
      return Decision.of(kept);
    }
    NewEvent event =
        ConversationEvents.exchanged(
            question.nodeId(), asked, Masking.of(run.state()).members(exchange.turn()));
    return new Decision(
        kept,
        new Amendment(
            List.of(event),
            run.status(),
            run.state().with(question.nodeId(), node.said(exchange.turn(), event.eventId())),
            new Wakeup.AsBefore(),
            true));
  }

  private static NodeState asking(Run run, Interrupt question) {
    NodeState node = Objects.requireNonNull(run.state().nodes().get(question.nodeId()));
    Question asked = node.question();
    if (node.progress() != Progress.SUSPENDED
        || asked == null
        || !asked.interruptId().equals(question.interruptId())) {
      throw new IllegalStateException("A pending question and its run disagree");
    }
    return node;
  }

  private Decision vote(
      Tenant tenant,
      Run run,
      Interrupt question,
      @Nullable Object value,
      Given given,
      Quorum quorum) {
    Optional<Quorum.Voter> voter = quorum.voter(given.value(), given.by());
    if (voter.isEmpty()) {
      return Decision.of(new Outcome.NotAnApprover());
    }
    Map<String, @Nullable Object> said = Json.object(value, "");
    Vote vote =
        new Vote(
            voter.get().name(),
            given.by().id(),
            voter.get().eligibleBy(),
            String.valueOf(said.get("action")),
            said.get("reason") instanceof String reason ? Tokens.redacted(reason) : null);
    if (!interrupts.vote(tenant, question.interruptId(), vote)) {
      return Decision.of(new Outcome.Kept(run.status()));
    }
    Map<String, Integer> tally = interrupts.tally(tenant, question.interruptId());
    Optional<String> decision = quorum.decision(tally);
    if (decision.isEmpty()) {
      return Decision.of(new Outcome.Kept(run.status()));
    }
    Map<String, @Nullable Object> decided = new LinkedHashMap<>(said);
    decided.put("action", decision.get());
    decided.put("quorum", quorum.progress(tally));
    return settle(tenant, run, question, decided, quorum.deciders(tally));
  }

  private Decision govern(Tenant tenant, Run run, Interrupt question, Given given) {
    GovernanceGate gate = GovernanceGate.of(question.data());
    GovernanceGate.Ruling ruling =
        gate.judge(given.value(), given.by(), given.faults(), question.resumeSchema(), roles);
    if (ruling instanceof GovernanceGate.Ruling.Malformed no) {
      return Decision.of(new Outcome.Malformed(no.faults()));
    }
    if (ruling instanceof GovernanceGate.Ruling.Denied no) {
      return Decision.of(new Outcome.Denied(no.reason()));
    }
    GovernanceGate.Ruling.Heard heard = (GovernanceGate.Ruling.Heard) ruling;
    String by = given.by().id();
    String reason =
        heard.reason() == null
            ? null
            : Tokens.redacted(Masking.of(run.state()).text(heard.reason()));
    boolean isFirst =
        interrupts.vote(
            tenant,
            question.interruptId(),
            new Vote(by, by, heard.eligibleBy(), heard.word().spelled(), reason));
    boolean bypasses =
        heard.word() == GovernanceGate.Word.OVERRIDE && gate.overrideBypassesQuorum();
    if (!isFirst && !bypasses) {
      return Decision.of(new Outcome.Kept(run.status()));
    }
    Map<String, Integer> tally = interrupts.tally(tenant, question.interruptId());
    int granted =
        tally.getOrDefault(GovernanceGate.Word.GRANT.spelled(), 0)
            + tally.getOrDefault(GovernanceGate.Word.OVERRIDE.spelled(), 0);
    NewEvent event = gate.told(question.nodeId(), heard, by, reason, granted);
    NodeState node =
        asking(run, question).said(Json.storedObject(event.payload()), event.eventId());
    GovernanceGate.Verdict verdict = gate.after(heard.word(), granted);
    Decision decision =
        verdict == GovernanceGate.Verdict.WAITS
            ? new Decision(
                new Outcome.Kept(run.status()),
                new Amendment(
                    List.of(event),
                    run.status(),
                    run.state().with(question.nodeId(), node),
                    new Wakeup.AsBefore(),
                    true))
            : governed(tenant, run, question, node, event, given, verdict);
    return heard.word() == GovernanceGate.Word.OVERRIDE
        ? new Decision(
            new Outcome.Overridden(
                decision.outcome(), gate.gateId(), Objects.requireNonNull(reason)),
            decision.amendment())
        : decision;
  }

  private Decision governed(
      Tenant tenant,
      Run run,
      Interrupt question,
      NodeState node,
      NewEvent event,
      Given given,
      GovernanceGate.Verdict verdict) {
    Map<String, @Nullable Object> value = new LinkedHashMap<>(Json.object(given.value(), ""));
    value.remove("action");
    String decision =
        verdict == GovernanceGate.Verdict.RELEASED ? Governance.GRANTED : Governance.REJECTED;
    value.put(Governance.DECISION, decision);
    Map<String, @Nullable Object> shown = Masking.of(run.state()).members(value);
    // Nobody's secret, even if a secret reads the same.
    shown.put(Governance.DECISION, decision);
    String by = given.by().id();
    if (!interrupts.resolve(tenant, question.interruptId(), value, by)) {
      throw new IllegalStateException("A question was resolved under the lock of its run");
    }
    return resumed(
        run,
        question,
        node,
        InterruptEvents.governed(
            event,
            question.nodeId(),
            Objects.requireNonNull(node.question()),
            decision,
            shown,
            by,
            question.readAt()),
        new Resumption(value, by, false));
  }

  /** Why a question takes no answer any more; empty if it does. */
  private static Optional<Outcome> closed(Run run, Interrupt question, @Nullable Claims claims) {
    if (claims != null && !claims.interruptId().equals(question.interruptId())) {
      // The node has asked anew since.
      return Optional.of(new Outcome.AlreadyResolved());
    }
    if (claims != null && !claims.expiresAt().isAfter(question.readAt())) {
      return Optional.of(new Outcome.Expired());
    }
    if (question.state() == Interrupt.State.TIMED_OUT) {
      return Optional.of(new Outcome.Expired());
    }
    if (question.state() == Interrupt.State.RESOLVED) {
      return Optional.of(new Outcome.AlreadyResolved());
    }
    if (run.status().isTerminal()) {
      return Optional.of(
          run.status() == RunStatus.CANCELLED ? new Outcome.Gone() : new Outcome.AlreadyResolved());
    }
    return question.isOverdue() ? Optional.of(new Outcome.Expired()) : Optional.empty();
  }

  private Decision remark(
      Tenant tenant, Run run, Interrupt question, Map<String, @Nullable Object> remark) {
    return Decision.of(
        interrupts.remark(tenant, question.interruptId(), Tokens.redactedMembers(remark))
            ? new Outcome.Kept(run.status())
            : new Outcome.Unacceptable(
                List.of(
                    new Fault(
                        "/resumeValue/action",
                        "cannot be ask more than %d times"
                            .formatted(InterruptStore.MOST_REMARKS)))));
  }

  private Decision settle(
      Tenant tenant, Run run, Interrupt question, @Nullable Object value, String by) {
    NodeState node = asking(run, question);
    Question asked = Objects.requireNonNull(node.question());
    if (!interrupts.resolve(tenant, question.interruptId(), value, by)) {
      throw new IllegalStateException("A question was resolved under the lock of its run");
    }
    List<NewEvent> events =
        InterruptEvents.answered(
            question.nodeId(), asked, Masking.of(run.state()).value(value), by, question.readAt());
    if (question.kind() == InterruptKind.CONVERSATION) {
      node =
          node.said(
              Json.object(Json.object(value, "").get("turn"), "/turn"), events.get(0).eventId());
    }
    return resumed(run, question, node, events, new Resumption(value, by, false));
  }

  private static Decision resumed(
      Run run, Interrupt question, NodeState node, List<NewEvent> events, Resumption answer) {
    // A pause outlasts an answer; the run goes on with it when it is resumed.
    boolean paused = run.status() == RunStatus.PAUSED;
    RunStatus next = paused ? RunStatus.PAUSED : RunStatus.RUNNING;
    return new Decision(
        new Outcome.Resolved(
            next, question.kind(), Duration.between(question.requestedAt(), question.readAt())),
        new Amendment(
            events,
            next,
            run.state().with(question.nodeId(), node.answered(answer)),
            paused ? new Wakeup.Never() : new Wakeup.Now(),
            true));
  }
}
