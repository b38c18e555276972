package io.heddle.testkit;

import io.heddle.run.Run;
import io.heddle.run.RunEvent;
import io.heddle.run.RunStatus;
import io.heddle.tenancy.Tenant;
import org.assertj.core.api.AbstractAssert;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Speaks of a run as it is stored: its row and its log together. */
public final class RunAssert extends AbstractAssert<RunAssert, Run> {

  private final LogAssert log;

  private final long rows;

  private RunAssert(Run run, LogAssert log, long rows) {
    super(run, RunAssert.class);
    this.log = log;
    this.rows = rows;
    describedAs("%s: %s", run.runId(), log.summary());
  }

  public static RunAssert assertThatRun(Stores stores, Tenant tenant, String runId) {
    Run run = stores.runs().find(tenant, runId).orElseThrow();
    var page = stores.runs().log(tenant, runId, -1, Integer.MAX_VALUE).orElseThrow();
    return new RunAssert(run, new LogAssert(page.events()), eventRows(stores.jdbc(), runId));
  }

  public RunAssert is(RunStatus expected) {
    if (actual.status() != expected) {
      throw failure("expected to be %s but is %s", expected, actual.status());
    }
    return this;
  }

  public RunAssert hasError(String code) {
    if (actual.error() == null || !actual.error().code().equals(code)) {
      throw failure("expected the error %s but has %s", code, actual.error());
    }
    return this;
  }

  /** The log has no gap and no double, ends once if at all, and the row says the same. */
  public RunAssert hasSoundLog() {
    log.isSound();
    RunEvent last = log.isEmpty() ? null : log.last();
    if (actual.nextSequence() != rows || rows != log.size()) {
      throw failure(
          "the row counts %d events, the table holds %d and the log shows %d",
          actual.nextSequence(), rows, log.size());
    }
    RunStatus told = actual.status().isWaiting() ? RunStatus.RUNNING : actual.status();
    if (told != statusAfter(last)) {
      throw failure(
          "is %s although its last event is %s",
          actual.status(), last == null ? "missing" : last.type());
    }
    if (actual.status().isTerminal() == (actual.endedAt() == null)) {
      throw failure("is %s and ended at %s", actual.status(), actual.endedAt());
    }
    return this;
  }

  public LogAssert log() {
    return log;
  }

  private static RunStatus statusAfter(@Nullable RunEvent last) {
    if (last == null) {
      return RunStatus.PENDING;
    }
    return switch (last.type()) {
      case RUN_COMPLETED -> RunStatus.COMPLETED;
      case RUN_FAILED -> RunStatus.FAILED;
      case RUN_CANCELLED -> RunStatus.CANCELLED;
      case RUN_PAUSED -> RunStatus.PAUSED;
      default -> RunStatus.RUNNING;
    };
  }

  // Beside the store, whose reading is under test as well.
  private static long eventRows(JdbcClient jdbc, String runId) {
    return jdbc.sql("select count(*) from openwop.event where run_id = ?")
        .param(runId)
        .query(Long.class)
        .single();
  }
}
