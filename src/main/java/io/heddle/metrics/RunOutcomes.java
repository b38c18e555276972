package io.heddle.metrics;

import io.heddle.json.Json;
import io.heddle.redaction.Tokens;
import io.heddle.run.CommitListener;
import io.heddle.run.NewEvent;
import io.heddle.run.Run;
import io.heddle.run.RunError;
import io.heddle.run.RunStatus;
import io.heddle.spi.InterruptKind;
import io.heddle.tenancy.Tenant;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What became of runs, for operators: one line of JSON in the log for each run that this node saw
 * to its end, and how long they took. Passes all news on. Thread-safe.
 */
public final class RunOutcomes implements CommitListener, MeterBinder {

  /** One name that does not change, for it is what log shippers look for. */
  private static final Logger log = LoggerFactory.getLogger("heddle.run");

  private final CommitListener others;

  private final InstantSource clock;

  private final Map<MeterRegistry, Map<RunStatus, Timer>> timers = new ConcurrentHashMap<>();

  /**
   * @param others are told before
   * @param clock tells the database's time
   */
  public RunOutcomes(CommitListener others, InstantSource clock) {
    this.others = others;
    this.clock = clock;
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    Map<RunStatus, Timer> byStatus = new EnumMap<>(RunStatus.class);
    for (RunStatus status : RunStatus.values()) {
      if (status.isTerminal()) {
        byStatus.put(
            status,
            Timer.builder("heddle.runs.ended")
                .description("Runs whose end this node committed, from their creation to their end")
                .tag("status", spell(status))
                .publishPercentileHistogram()
                .minimumExpectedValue(Duration.ofMillis(10))
                .maximumExpectedValue(Duration.ofHours(1))
                .register(registry));
      }
    }
    timers.put(registry, byStatus);
  }

  @Override
  public void committed(String runId) {
    others.committed(runId);
  }

  @Override
  public void created(Tenant tenant, String runId, String workflowId) {
    others.created(tenant, runId, workflowId);
  }

  @Override
  public void appended(Run run, List<NewEvent> events) {
    others.appended(run, events);
  }

  @Override
  public void answered(InterruptKind kind, Duration waited) {
    others.answered(kind, waited);
  }

  @Override
  public void conflicted(Tenant tenant, String activeRunId) {
    others.conflicted(tenant, activeRunId);
  }

  @Override
  public void ended(Run run, RunStatus status, @Nullable RunError error) {
    others.ended(run, status, error);
    // The clock is read anew with each heartbeat, and may go back a little.
    Instant now = clock.instant();
    Duration taken =
        now.isBefore(run.createdAt()) ? Duration.ZERO : Duration.between(run.createdAt(), now);
    for (Map<RunStatus, Timer> byStatus : timers.values()) {
      Timer timer = byStatus.get(status);
      if (timer != null) {
        timer.record(taken);
      }
    }
    if (log.isInfoEnabled()) {
      log.info(Tokens.redactedJson(Json.write(line(run, status, error, taken))));
    }
  }

  private static Map<String, @Nullable Object> line(
      Run run, RunStatus status, @Nullable RunError error, Duration taken) {
    return Json.members(
        "metricKind", "openwop.run.completed",
        "runId", run.runId(),
        "tenantId", run.tenant().id(),
        "workflowId", run.workflow().workflowId(),
        "status", spell(status),
        "errorCode", error == null ? null : error.code(),
        "durationMs", taken.toMillis(),
        "correlationId", run.trace() == null ? null : run.trace().traceId());
  }

  private static String spell(RunStatus status) {
    return status.name().toLowerCase(Locale.ROOT);
  }
}
