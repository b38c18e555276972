package io.heddle.web.v1;

import io.heddle.retention.RetentionStore;
import io.heddle.run.Ids;
import io.heddle.run.Run;
import io.heddle.run.RunService;
import io.heddle.stream.CommitNews;
import io.heddle.tenancy.Tenant;
import io.heddle.web.ErrorCode;
import io.heddle.web.Problem;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * Lets a conformance suite see a run expire [RFC 0009 §C]. The suite calls without a credential, so
 * this exists on deployments for tests only, and even there it touches nothing but ended runs of
 * the conformance workflows.
 */
@RestController
public final class V1ForcedExpiryController {

  private static final String PATH = "/v1/host/heddle/test/runs/{runId}/expire";

  private static final Pattern SERVED = Pattern.compile(PATH.replace("{runId}", "[^/]+"));

  // The suite calls right after it created the run.
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final RetentionStore store;

  private final RunService runs;

  private final CommitNews news;

  private final List<String> workflows;

  /**
   * @param workflows ids of the conformance workflows, whose runs may be expired
   */
  public V1ForcedExpiryController(
      RetentionStore store, RunService runs, CommitNews news, Collection<String> workflows) {
    this.store = store;
    this.runs = runs;
    this.news = news;
    this.workflows = List.copyOf(workflows);
  }

  /** Whether a path is the one that needs no credential where this controller is. */
  public static boolean serves(String path) {
    return SERVED.matcher(path).matches();
  }

  @PostMapping(PATH)
  ResponseEntity<Void> expire(@PathVariable String runId) throws InterruptedException {
    if (!Ids.isWellFormed(runId)) {
      throw Problem.notFound("run");
    }
    Tenant tenant = store.tenantOf(runId, workflows).orElseThrow(() -> Problem.notFound("run"));
    Run run = awaitEnd(tenant, runId);
    if (!store.expire(tenant, runId)) {
      throw new Problem(
          ErrorCode.RUN_STATE_CONFLICT,
          "The run has not ended, or another one needs it",
          Map.of("runStatus", V1Mapping.spell(run.status())));
    }
    return ResponseEntity.noContent().build();
  }

  /** The run at its end, or as it stands when it takes too long. */
  private Run awaitEnd(Tenant tenant, String runId) throws InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    Semaphore changed = new Semaphore(0);
    try (CommitNews.Subscription subscription = news.subscribe(runId, changed::release)) {
      Run run;
      do {
        run = runs.find(tenant, runId).orElseThrow(() -> Problem.notFound("run"));
      } while (!run.status().isTerminal()
          && changed.tryAcquire(deadline - System.nanoTime(), TimeUnit.NANOSECONDS));
      return run;
    }
  }
}
