package io.heddle.engine;

import io.heddle.json.Json;
import io.heddle.run.CommitListener;
import io.heddle.run.Ids;
import io.heddle.run.LocalExecution;
import io.heddle.run.LocalExecution.Seat;
import io.heddle.run.NewRun;
import io.heddle.run.Run;
import io.heddle.run.RunAlreadyActiveException;
import io.heddle.run.RunState;
import io.heddle.run.RunStatus;
import io.heddle.run.RunStore;
import io.heddle.run.Secrets;
import io.heddle.run.TraceContext;
import io.heddle.secret.MissingSecretsException;
import io.heddle.tenancy.Tenant;
import io.heddle.workflow.Fault;
import io.heddle.workflow.Inputs;
import io.heddle.workflow.InvalidInputsException;
import io.heddle.workflow.WorkflowDefinition;
import io.heddle.workflow.WorkflowRegistry;
import io.heddle.workflow.WorkflowRegistry.Registered;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.ConcurrencyFailureException;

/** Accepts runs. Thread-safe. */
public final class RunCreator {

  // A definition that changes faster than this is not a definition, nor does a scope that is taken
  // and free in turns have to be caught in its free moment.
  private static final int TRIES = 3;

  private final WorkflowRegistry workflows;

  private final RunStore store;

  private final LocalExecution execution;

  private final CommitListener news;

  private final NodeExecutors executors;

  private final int engineVersion;

  private final int eventLogSchemaVersion;

  public RunCreator(
      WorkflowRegistry workflows,
      RunStore store,
      LocalExecution execution,
      CommitListener news,
      NodeExecutors executors,
      int engineVersion,
      int eventLogSchemaVersion) {
    this.workflows = workflows;
    this.store = store;
    this.execution = execution;
    this.news = news;
    this.executors = executors;
    this.engineVersion = engineVersion;
    this.eventLogSchemaVersion = eventLogSchemaVersion;
  }

  /**
   * What a caller wants to run. Everything but the workflow may be empty.
   *
   * @param configurable null if the caller gave none, which no schema refuses
   */
  public record Request(
      Tenant tenant,
      Run.Owner owner,
      String workflowId,
      Map<String, @Nullable Object> inputs,
      @Nullable Map<String, @Nullable Object> configurable,
      @Nullable List<String> tags,
      @Nullable Map<String, @Nullable Object> metadata,
      Run.@Nullable Scope scope,
      @Nullable String callbackUrl,
      @Nullable TraceContext trace) {}

  /**
   * A run that was inserted. When its transaction has committed, {@link #start} must be called;
   * when it has not, {@link #abandon}.
   */
  public final class Accepted {

    private final Run run;

    private final @Nullable Seat seat;

    private Accepted(Run run, @Nullable Seat seat) {
      this.run = run;
      this.seat = seat;
    }

    /** The run as it was inserted. */
    public Run run() {
      return run;
    }

    /** Executes the run here if this node has a free slot, or leaves it to whoever has. */
    public void start() {
      news.created(run.tenant(), run.runId(), run.workflow().workflowId());
      if (seat == null) {
        execution.due();
      } else {
        seat.take(run);
      }
    }

    /** Gives the slot back. */
    public void abandon() {
      if (seat != null) {
        seat.release();
      }
    }
  }

  /**
   * Inserts a run.
   *
   * @return empty if the tenant sees no workflow of this id
   * @throws InvalidInputsException listing every fault of inputs and configuration
   * @throws MissingSecretsException if the run would lack secrets
   * @throws RunAlreadyActiveException if the run cannot be the only one of its scope
   */
  public Optional<Accepted> create(Request request) {
    Optional<Seat> seat = execution.reserve(request.tenant());
    Optional<Accepted> accepted = Optional.empty();
    try {
      Optional<Registered> workflow = workflows.newestSeen(request.tenant(), request.workflowId());
      for (int i = 0; i < TRIES && workflow.isPresent() && accepted.isEmpty(); i++) {
        accepted = insert(request, workflow.get(), seat.orElse(null));
        if (accepted.isEmpty()) {
          workflow = workflows.newest(request.tenant(), request.workflowId());
        }
      }
      if (workflow.isPresent() && accepted.isEmpty()) {
        throw new ConcurrencyFailureException("Others were faster each time");
      }
      return accepted;
    } catch (RunAlreadyActiveException e) {
      news.conflicted(request.tenant(), e.activeRunId());
      throw e;
    } finally {
      if (accepted.isEmpty()) {
        seat.ifPresent(Seat::release);
      }
    }
  }

  /** Inserts a run that begins where another one stood. */
  interface Insertion {

    /**
     * @param leaseOwner as {@link RunStore#create} takes it
     * @return empty if nothing was inserted
     */
    Optional<Run> insert(@Nullable String leaseOwner);
  }

  /** Accepts a run that is inserted in another way than {@link #create} does. */
  Optional<Accepted> accept(Tenant tenant, Insertion insertion) {
    Seat seat = execution.reserve(tenant).orElse(null);
    Optional<Accepted> accepted = Optional.empty();
    try {
      accepted =
          insertion.insert(seat == null ? null : seat.nodeId()).map(run -> new Accepted(run, seat));
      return accepted;
    } finally {
      if (accepted.isEmpty() && seat != null) {
        seat.release();
      }
    }
  }

  private Optional<Accepted> insert(Request request, Registered workflow, @Nullable Seat seat) {
    Map<String, @Nullable Object> given = request.configurable();
    Map<String, @Nullable Object> configurable = given == null ? Json.members() : given;
    List<Fault> faults = configurableFaults(workflow.definition(), given);
    if (!faults.isEmpty()) {
      throw new InvalidInputsException(faults);
    }
    Map<String, @Nullable Object> variables =
        Inputs.variables(workflow.definition(), request.inputs());
    List<String> missing =
        executors.missingSecrets(
            workflow.definition(), request.tenant(), request.owner().principal());
    if (!missing.isEmpty()) {
      throw new MissingSecretsException(missing);
    }
    NewRun run =
        new NewRun(
            request.tenant(),
            Ids.run(),
            request.owner(),
            new Run.WorkflowRef(workflow.scope(), workflow.definition().id(), workflow.revision()),
            RunState.initial(variables, Inputs.channels(workflow.definition()))
                .with(new Secrets(workflow.definition().sensitiveVariables(), List.of())),
            request.inputs(),
            configurable,
            request.tags(),
            request.metadata(),
            request.scope(),
            request.callbackUrl(),
            null,
            0,
            request.trace());
    return store
        .create(run, seat == null ? null : seat.nodeId())
        .map(createdAt -> new Accepted(inserted(run, createdAt), seat));
  }

  private Run inserted(NewRun run, Instant createdAt) {
    return new Run(
        run.tenant(),
        run.runId(),
        run.owner(),
        run.workflow(),
        RunStatus.PENDING,
        1,
        0,
        0,
        null,
        run.state(),
        run.inputs(),
        run.configurable(),
        run.tags(),
        run.metadata(),
        null,
        engineVersion,
        eventLogSchemaVersion,
        createdAt,
        null,
        null,
        null,
        null,
        null,
        0,
        run.trace(),
        null);
  }

  static List<Fault> configurableFaults(
      WorkflowDefinition workflow, @Nullable Map<String, @Nullable Object> given) {
    Map<String, Fault> faults = new LinkedHashMap<>();
    if (given != null) {
      for (String member :
          List.of(Limits.RECURSION_LIMIT, Limits.RUN_TIMEOUT_MS, Limits.MAX_LOOP_ITERATIONS)) {
        if (given.containsKey(member) && !isPositiveInteger(given.get(member))) {
          Fault fault = new Fault("/configurable/" + member, "must be an integer of at least 1");
          faults.put(fault.pointer(), fault);
        }
      }
      // A schema that says the same of a reserved member need not be quoted for it again.
      Inputs.configurableFaults(workflow, given)
          .forEach(fault -> faults.putIfAbsent(fault.pointer(), fault));
    }
    return List.copyOf(faults.values());
  }

  private static boolean isPositiveInteger(@Nullable Object value) {
    return value instanceof Number number
        && number.doubleValue() >= 1
        && number.doubleValue() == Math.rint(number.doubleValue());
  }
}
