package io.heddle.testkit;

import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.Ids;
import io.heddle.run.NewEvent;
import io.heddle.run.NewRun;
import io.heddle.run.Run;
import io.heddle.run.RunState;
import io.heddle.run.RunStatus;
import io.heddle.run.Step;
import io.heddle.run.Wakeup;
import io.heddle.tenancy.Tenant;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Runs and steps for tests of the store, which does not care what they say. */
public final class SampleRuns {

  public static final Tenant TENANT = new Tenant("acme");

  public static final Run.Owner OWNER = new Run.Owner("alice", "urn:test", "api-key", "user");

  private SampleRuns() {}

  /** A run nobody has looked at yet. */
  public static NewRun pending() {
    return new NewRun(
        TENANT,
        Ids.run(),
        OWNER,
        new Run.WorkflowRef("*", "sample", 1),
        RunState.initial(Map.of(), Map.of()),
        Map.of(),
        Map.of(),
        null,
        null,
        null,
        null,
        null,
        0,
        null);
  }

  /** Stores a new run, under a lease if there is an owner for it. */
  public static Run create(Stores stores, @Nullable String leaseOwner) {
    NewRun run = pending();
    stores.runs().create(run, leaseOwner).orElseThrow();
    return read(stores, run.runId());
  }

  public static Run read(Stores stores, String runId) {
    return stores.runs().find(TENANT, runId).orElseThrow();
  }

  /** The next step of a run as it was read: so many events, and the lease is kept. */
  public static Step step(Run run, int events) {
    return step(run, RunStatus.RUNNING, events(events), new Wakeup.KeepLease());
  }

  /** The last step of a run as it was read. */
  public static Step completion(Run run) {
    return step(
        run,
        RunStatus.COMPLETED,
        List.of(NewEvent.of(EventType.RUN_COMPLETED, null, "{\"outputs\":{}}")),
        new Wakeup.Never());
  }

  public static Step step(Run run, RunStatus status, List<NewEvent> events, Wakeup wakeup) {
    return new Step(
        run.tenant(),
        run.runId(),
        run.leaseEpoch(),
        run.nextSequence(),
        run.signals(),
        events,
        status,
        run.state(),
        null,
        wakeup,
        List.of());
  }

  /** Events that may stand anywhere in a log, any number of times. */
  public static List<NewEvent> events(int count) {
    return IntStream.range(0, count)
        .mapToObj(
            number ->
                NewEvent.of(
                    EventType.CAP_BREACHED, null, Json.write(Json.members("number", number))))
        .toList();
  }
}
