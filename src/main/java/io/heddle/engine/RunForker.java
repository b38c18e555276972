package io.heddle.engine;

import io.heddle.engine.RunCreator.Accepted;
import io.heddle.json.Json;
import io.heddle.redaction.Tokens;
import io.heddle.run.ForkStore;
import io.heddle.run.Ids;
import io.heddle.run.NewRun;
import io.heddle.run.Run;
import io.heddle.run.Run.Fork.Mode;
import io.heddle.run.RunEvent;
import io.heddle.run.RunFold;
import io.heddle.run.RunState;
import io.heddle.run.RunStore;
import io.heddle.run.Secrets;
import io.heddle.run.TraceContext;
import io.heddle.tenancy.Tenant;
import io.heddle.workflow.Fault;
import io.heddle.workflow.Inputs;
import io.heddle.workflow.InvalidInputsException;
import io.heddle.workflow.WorkflowDefinition;
import io.heddle.workflow.WorkflowRegistry;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Begins runs where other ones once stood: with the events of the source before some event, and
 * with what the engine knew then. The source is left as it is. Thread-safe.
 */
public final class RunForker {

  private static final int EVENTS_PER_READ = 200;

  private static final long CHARACTERS_PER_READ = 1_000_000;

  private final RunCreator creator;

  private final WorkflowRegistry workflows;

  private final RunStore store;

  private final ForkStore forks;

  public RunForker(
      RunCreator creator, WorkflowRegistry workflows, RunStore store, ForkStore forks) {
    this.creator = creator;
    this.workflows = workflows;
    this.store = store;
    this.forks = forks;
  }

  /**
   * A fork of a run. What is null is as the source has it, which is everything if it is a replay.
   *
   * @param fromSequence of the first event that is not taken over; 0 to begin from the start
   * @param inputs in place of those of the source with the same names; only from the start
   * @param configurable in place of those members of the source
   * @param trace of whoever wants the branch, which is not the trace of the source
   */
  public record Request(
      Tenant tenant,
      String sourceRunId,
      Mode mode,
      long fromSequence,
      @Nullable Map<String, @Nullable Object> inputs,
      @Nullable Map<String, @Nullable Object> configurable,
      @Nullable List<String> tags,
      @Nullable Map<String, @Nullable Object> metadata,
      @Nullable TraceContext trace) {}

  private record Attempt(@Nullable Run fork, @Nullable String refusal) {}

  /**
   * Inserts a fork, owned by whoever owns its source and pinned to the same revision of the
   * workflow.
   *
   * @return empty if the tenant has no such run
   * @throws UnforkableException if the run cannot be forked at that event
   * @throws InvalidInputsException listing every fault of new inputs and new configuration
   */
  public Optional<Accepted> fork(Request request) {
    return creator.accept(
        request.tenant(),
        leaseOwner -> {
          Attempt attempt = store.together(() -> attempt(request, leaseOwner));
          // Thrown out of the transaction, which may be a part of its caller's.
          if (attempt.refusal() != null) {
            throw new UnforkableException(attempt.refusal());
          }
          return Optional.ofNullable(attempt.fork());
        });
  }

  private Attempt attempt(Request request, @Nullable String leaseOwner) {
    Optional<Run> source =
        Ids.isWellFormed(request.sourceRunId())
            ? forks.keep(request.tenant(), request.sourceRunId())
            : Optional.empty();
    if (source.isEmpty()) {
      return new Attempt(null, null);
    }
    try {
      return new Attempt(insert(source.get(), request, leaseOwner), null);
    } catch (PastState.Untold e) {
      return new Attempt(null, "The run cannot be forked there: " + String.valueOf(e.getMessage()));
    }
  }

  private Run insert(Run source, Request request, @Nullable String leaseOwner)
      throws PastState.Untold {
    if (request.fromSequence() > 0 && request.fromSequence() >= source.nextSequence()) {
      throw new PastState.Untold("its log has no such event");
    }
    WorkflowDefinition definition =
        workflows.definition(
            source.workflow().scope(),
            source.workflow().workflowId(),
            source.workflow().revision());
    Map<String, @Nullable Object> configurable =
        overlaid(source.configurable(), request.configurable());
    if (request.configurable() != null) {
      List<Fault> faults = RunCreator.configurableFaults(definition, configurable);
      if (!faults.isEmpty()) {
        throw new InvalidInputsException(faults);
      }
    }
    Map<String, @Nullable Object> variables = variables(source, definition);
    Map<String, @Nullable Object> inputs = overlaid(source.inputs(), request.inputs());
    if (request.inputs() != null) {
      Inputs.variables(definition, inputs);
      variables.putAll(request.inputs());
    }
    RunState initial =
        RunState.initial(variables, Inputs.channels(definition))
            .with(new Secrets(source.state().secrets().variables(), List.of()));
    List<String> eventIds = Stream.generate(Ids::event).limit(request.fromSequence()).toList();
    PastState past =
        new PastState(source, initial, definition, request.mode() == Mode.REPLAY, eventIds);
    read(source, request.fromSequence(), past);
    NewRun fork =
        new NewRun(
            source.tenant(),
            Ids.run(),
            source.owner(),
            source.workflow(),
            past.state(),
            inputs,
            configurable,
            request.tags() == null ? source.tags() : request.tags(),
            request.metadata() == null ? source.metadata() : request.metadata(),
            null,
            null,
            null,
            source.depth(),
            request.trace());
    forks.insert(
        fork,
        new Run.Fork(source.runId(), request.fromSequence(), source.nextSequence(), request.mode()),
        eventIds,
        past.artifacts(),
        leaseOwner);
    return store.find(fork.tenant(), fork.runId()).orElseThrow();
  }

  /** What the source began with. */
  private Map<String, @Nullable Object> variables(Run source, WorkflowDefinition definition)
      throws PastState.Untold {
    if (source.state().secrets().isEmpty()) {
      // Also right for a run that another one started without all of its variables.
      Map<String, @Nullable Object> variables =
          new LinkedHashMap<>(RunFold.at(store, source, -1).of(source).state().variables());
      definition.channels().values().stream()
          .filter(channel -> !channel.declared())
          .forEach(channel -> variables.remove(channel.name()));
      if (!Tokens.isMarked(Json.write(variables))) {
        return variables;
      }
    }
    if (source.parent() != null) {
      throw new PastState.Untold("another run started it with secrets");
    }
    return new LinkedHashMap<>(Inputs.variables(definition, source.inputs()));
  }

  private void read(Run source, long until, PastState past) throws PastState.Untold {
    long last = -1;
    while (last < until - 1) {
      RunStore.LogPage page =
          store
              .log(source.tenant(), source.runId(), last, EVENTS_PER_READ, CHARACTERS_PER_READ)
              .orElseThrow();
      for (RunEvent event : page.events()) {
        if (event.sequence() < until) {
          past.apply(event);
        }
        last = event.sequence();
      }
    }
  }

  private static Map<String, @Nullable Object> overlaid(
      Map<String, @Nullable Object> members, @Nullable Map<String, @Nullable Object> overlay) {
    if (overlay == null) {
      return members;
    }
    Map<String, @Nullable Object> overlaid = new LinkedHashMap<>(members);
    overlaid.putAll(overlay);
    return overlaid;
  }
}
