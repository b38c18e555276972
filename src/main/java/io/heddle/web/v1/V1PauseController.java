package io.heddle.web.v1;

import io.heddle.idempotency.IdempotencyStore.Answer;
import io.heddle.idempotency.IdempotentOperations.Done;
import io.heddle.json.Json;
import io.heddle.run.PauseRequest;
import io.heddle.run.PauseRequest.DrainPolicy;
import io.heddle.run.Run;
import io.heddle.run.RunService;
import io.heddle.run.RunStatus;
import io.heddle.spi.Principal;
import io.heddle.tenancy.Tenant;
import io.heddle.web.Callers;
import io.heddle.web.ErrorCode;
import io.heddle.web.Fields;
import io.heddle.web.Mutations;
import io.heddle.web.Problem;
import io.heddle.web.Requests;
import jakarta.servlet.http.HttpServletRequest;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/** Pause and resume [rest-endpoints §Pause and resume]. */
@RestController
public final class V1PauseController {

  static final String SCOPE = "runs:cancel";

  /** What may be asked for, as it is spelled. */
  static final Map<String, DrainPolicy> POLICIES =
      Map.of(
          "immediate", DrainPolicy.IMMEDIATE,
          "drain-current-node", DrainPolicy.DRAIN_CURRENT_NODE);

  private static final int MAX_TEXT = 2_048;

  private final RunService runs;

  private final Mutations mutations;

  private final Requests requests;

  private final InstantSource clock;

  /**
   * @param clock tells the database's time
   */
  public V1PauseController(
      RunService runs, Mutations mutations, Requests requests, InstantSource clock) {
    this.runs = runs;
    this.mutations = mutations;
    this.requests = requests;
    this.clock = clock;
  }

  @PostMapping(V1RunsController.RUN + ":pause")
  ResponseEntity<byte[]> pause(HttpServletRequest request, @PathVariable String runId) {
    Principal caller = Callers.require(request, SCOPE);
    Tenant tenant = new Tenant(caller.tenant());
    Map<String, @Nullable Object> body = requests.optionalObject(request);
    PauseRequest wanted = wanted(body);
    return mutations.runAudited(
        request,
        tenant,
        "v1.pauseRun",
        Map.of("runId", runId),
        body,
        () -> {
          Run run = runs.pause(tenant, runId, wanted).orElseThrow(() -> Problem.notFound("run"));
          if (!RunService.isPausable(run.status())) {
            throw conflict(run);
          }
          // A worker that drains must not be disturbed; it finds the request at its next commit.
          Runnable afterCommit =
              RunService.mustDrain(run, wanted) ? () -> {} : () -> runs.changed(runId);
          return done(runId, RunStatus.PAUSED, "pausedAt", afterCommit)
              .audited(V1Audit.event(caller, "run.paused", runId));
        });
  }

  @PostMapping(V1RunsController.RUN + ":resume")
  ResponseEntity<byte[]> resume(HttpServletRequest request, @PathVariable String runId) {
    Principal caller = Callers.require(request, SCOPE);
    Tenant tenant = new Tenant(caller.tenant());
    Map<String, @Nullable Object> body = requests.optionalObject(request);
    Fields fields = new Fields(body);
    String reason = fields.text("reason", MAX_TEXT);
    fields.check();
    return mutations.runAudited(
        request,
        tenant,
        "v1.resumeRun",
        Map.of("runId", runId),
        body,
        () -> {
          Run run = runs.resume(tenant, runId, reason).orElseThrow(() -> Problem.notFound("run"));
          if (run.status() != RunStatus.PAUSED) {
            throw conflict(run);
          }
          return done(runId, RunStatus.RUNNING, "resumedAt", () -> runs.changed(runId))
              .audited(V1Audit.event(caller, "run.resumed", runId));
        });
  }

  private static PauseRequest wanted(Map<String, @Nullable Object> body) {
    Fields fields = new Fields(body);
    String reason = fields.text("reason", MAX_TEXT);
    String policy = fields.text("drainPolicy", MAX_TEXT);
    DrainPolicy known = policy == null ? DrainPolicy.DRAIN_CURRENT_NODE : POLICIES.get(policy);
    if (known == null) {
      fields.fault("drainPolicy", "must be immediate or drain-current-node");
    }
    fields.check();
    return new PauseRequest(known == null ? DrainPolicy.DRAIN_CURRENT_NODE : known, reason);
  }

  private Done done(String runId, RunStatus status, String timeMember, Runnable afterCommit) {
    Map<String, @Nullable Object> answer =
        Json.members(
            "runId",
            runId,
            "status",
            V1Mapping.spell(status),
            timeMember,
            V1Documents.time(clock.instant()));
    return new Done(new Answer(202, Json.write(answer)), afterCommit, () -> {});
  }

  private static Problem conflict(Run run) {
    Map<String, Object> details = new LinkedHashMap<>();
    details.put("runStatus", V1Mapping.spell(run.status()));
    if (run.pausedAt() != null) {
      details.put("pausedAt", V1Documents.time(run.pausedAt()));
    }
    return new Problem(
        ErrorCode.RUN_STATE_CONFLICT, "The run does not stand where this is possible", details);
  }
}
