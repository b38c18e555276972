package io.heddle.web.v1;

import io.heddle.engine.RunCreator.Accepted;
import io.heddle.engine.RunForker;
import io.heddle.engine.UnforkableException;
import io.heddle.idempotency.IdempotencyStore.Answer;
import io.heddle.idempotency.IdempotentOperations.Done;
import io.heddle.json.Json;
import io.heddle.run.Run;
import io.heddle.run.Run.Fork.Mode;
import io.heddle.run.RunService;
import io.heddle.run.TraceContext;
import io.heddle.spi.Principal;
import io.heddle.tenancy.Tenant;
import io.heddle.web.Callers;
import io.heddle.web.ErrorCode;
import io.heddle.web.Fields;
import io.heddle.web.Mutations;
import io.heddle.web.Problem;
import io.heddle.web.Requests;
import io.heddle.workflow.InvalidInputsException;
import jakarta.servlet.http.HttpServletRequest;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/** Forks [replay.md §Endpoint]. */
@RestController
public final class V1ForkController implements V1Capability {

  private static final String BRANCH = "branch";

  private static final String REPLAY = "replay";

  private static final String OVERLAY = "runOptionsOverlay";

  // What a double holds exactly.
  private static final long MAX_SEQUENCE = (1L << 53) - 1;

  private static final int MAX_TAGS = 100;

  private static final int MAX_TAG_LENGTH = 256;

  private final RunForker forker;

  private final RunService runs;

  private final Mutations mutations;

  private final Requests requests;

  private final V1TestControls controls;

  public V1ForkController(
      RunForker forker,
      RunService runs,
      Mutations mutations,
      Requests requests,
      V1TestControls controls) {
    this.forker = forker;
    this.runs = runs;
    this.mutations = mutations;
    this.requests = requests;
    this.controls = controls;
  }

  @Override
  public String family() {
    return REPLAY;
  }

  @Override
  public boolean isFor(Set<String> scopes) {
    return scopes.contains("runs:create") && scopes.contains("runs:read");
  }

  @Override
  public Map<String, Object> members() {
    return Map.of(
        "supported",
        true,
        "modes",
        List.of(REPLAY, BRANCH),
        "sideEffectSuppression",
        "recorded-outcome");
  }

  @PostMapping(V1RunsController.RUN + ":fork")
  ResponseEntity<byte[]> fork(HttpServletRequest request, @PathVariable String runId) {
    Principal caller = Callers.require(request, "runs:create");
    Callers.require(request, "runs:read");
    Tenant tenant = new Tenant(caller.tenant());
    Map<String, @Nullable Object> body = requests.object(request);
    runs.find(tenant, runId).orElseThrow(() -> Problem.notFound("run"));
    RunForker.Request wanted = wanted(tenant, runId, body, Callers.trace(request));
    if (body.get(OVERLAY) instanceof Map<?, ?> overlay) {
      controls.check(request, caller, Json.object(overlay, "/" + OVERLAY));
    }
    return mutations.runAudited(
        request, tenant, "v1.forkRun", Map.of("runId", runId), body, () -> fork(caller, wanted));
  }

  private Done fork(Principal caller, RunForker.Request wanted) {
    try {
      Accepted fork = forker.fork(wanted).orElseThrow(() -> Problem.notFound("run"));
      return new Done(
              new Answer(201, Json.write(document(fork.run(), wanted))), fork::start, fork::abandon)
          .audited(
              V1Audit.event(
                  caller,
                  "run.forked",
                  fork.run().runId(),
                  "sourceRunId",
                  wanted.sourceRunId(),
                  "fromSeq",
                  wanted.fromSequence()));
    } catch (UnforkableException e) {
      throw new Problem(
          ErrorCode.INVALID_FROM_SEQ,
          String.valueOf(e.getMessage()),
          Map.of("sourceRunId", wanted.sourceRunId(), "fromSeq", wanted.fromSequence()));
    } catch (InvalidInputsException e) {
      throw Problem.invalid(
          e.faults().stream()
              .map(fault -> new Problem.Place("/" + OVERLAY + fault.pointer(), fault.problem()))
              .toList());
    }
  }

  private static RunForker.Request wanted(
      Tenant tenant, String runId, Map<String, @Nullable Object> body, TraceContext trace) {
    Fields fields = new Fields(body);
    String mode = fields.requiredChoice("mode", List.of(REPLAY, BRANCH));
    Long fromSequence = fields.integer("fromSeq", MAX_SEQUENCE);
    Fields overlay = fields.nested(OVERLAY);
    Map<String, @Nullable Object> inputs = overlay.object("inputs");
    Map<String, @Nullable Object> configurable = overlay.object("configurable");
    List<String> tags = overlay.texts("tags", MAX_TAGS, MAX_TAG_LENGTH);
    Map<String, @Nullable Object> metadata = overlay.object("metadata");
    if (body.get(OVERLAY) instanceof Map<?, ?> given && given.containsKey("callbackUrl")) {
      overlay.fault("callbackUrl", "is not served by this host");
    }
    if (mode.equals(BRANCH) && fromSequence == null && !body.containsKey("fromSeq")) {
      fields.fault("fromSeq", "is required to branch");
    }
    if (mode.equals(REPLAY) && body.get(OVERLAY) instanceof Map<?, ?> given && !given.isEmpty()) {
      fields.fault(OVERLAY, "must be empty to replay");
    }
    if (inputs != null && fromSequence != null && fromSequence > 0) {
      overlay.fault("inputs", "can be replaced from sequence 0 only");
    }
    fields.check();
    return new RunForker.Request(
        tenant,
        runId,
        mode.equals(REPLAY) ? Mode.REPLAY : Mode.BRANCH,
        fromSequence == null ? 0 : fromSequence,
        inputs,
        configurable,
        tags,
        metadata,
        trace);
  }

  private static Map<String, @Nullable Object> document(Run fork, RunForker.Request wanted) {
    return Json.members(
        "runId",
        fork.runId(),
        "sourceRunId",
        wanted.sourceRunId(),
        "fromSeq",
        wanted.fromSequence(),
        "mode",
        wanted.mode() == Mode.REPLAY ? REPLAY : BRANCH,
        "status",
        V1Mapping.spell(fork.status()),
        "eventsUrl",
        V1Documents.eventsUrl(fork.runId()));
  }
}
