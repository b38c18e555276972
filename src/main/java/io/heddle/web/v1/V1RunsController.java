package io.heddle.web.v1;

import io.heddle.audit.AuditEvent;
import io.heddle.egress.Egress;
import io.heddle.egress.EgressRefusedException;
import io.heddle.engine.RunCreator;
import io.heddle.idempotency.IdempotencyStore.Answer;
import io.heddle.idempotency.IdempotentOperations.Done;
import io.heddle.interrupt.Interrupt;
import io.heddle.interrupt.InterruptService;
import io.heddle.interrupt.InterruptTokens;
import io.heddle.interrupt.InterruptTokens.Intent;
import io.heddle.json.Json;
import io.heddle.run.Run;
import io.heddle.run.RunService;
import io.heddle.run.RunService.Cancelled;
import io.heddle.run.RunState.Progress;
import io.heddle.run.RunStatus;
import io.heddle.run.RunStore;
import io.heddle.run.TraceContext;
import io.heddle.spi.Principal;
import io.heddle.tenancy.Tenant;
import io.heddle.web.Callers;
import io.heddle.web.EntityTags;
import io.heddle.web.ErrorCode;
import io.heddle.web.Errors;
import io.heddle.web.Fields;
import io.heddle.web.Mutations;
import io.heddle.web.Problem;
import io.heddle.web.Requests;
import jakarta.servlet.http.HttpServletRequest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.http.CacheControl;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/** Runs: create, read, cancel [rest-endpoints §Runs]. */
@RestController
public final class V1RunsController implements V1Capability {

  static final String RUN = "/v1/runs/{runId}";

  private static final String CREATE = "v1.createRun";

  private static final int MAX_BULK = 100;

  private static final int MAX_TAGS = 100;

  private static final int MAX_TAG_LENGTH = 256;

  // Small enough to be a key of an index, whatever its characters take there.
  private static final int MAX_SCOPE_ID = 512;

  private static final int MAX_TEXT = 2_048;

  private final RunCreator creator;

  private final RunService runs;

  private final Mutations mutations;

  private final Requests requests;

  private final Errors errors;

  private final V1TestControls controls;

  private final InterruptService interrupts;

  private final InterruptTokens tokens;

  private final Egress egress;

  public V1RunsController(
      RunCreator creator,
      RunService runs,
      Mutations mutations,
      Requests requests,
      Errors errors,
      V1TestControls controls,
      InterruptService interrupts,
      InterruptTokens tokens,
      Egress egress) {
    this.creator = creator;
    this.runs = runs;
    this.mutations = mutations;
    this.requests = requests;
    this.errors = errors;
    this.controls = controls;
    this.interrupts = interrupts;
    this.tokens = tokens;
    this.egress = egress;
  }

  @Override
  public String family() {
    return "restTransport";
  }

  @Override
  public Map<String, Object> members() {
    return Map.of("conditionalRunGet", true);
  }

  @PostMapping("/v1/runs")
  ResponseEntity<byte[]> create(HttpServletRequest request) {
    Principal caller = Callers.require(request, "runs:create");
    Map<String, @Nullable Object> body = requests.object(request);
    controls.check(request, caller, body);
    RunCreator.Request wanted =
        wanted(caller, body, isDeduplicated(request), Callers.trace(request));
    String callbackUrl = wanted.callbackUrl();
    if (callbackUrl != null) {
      // Whoever is called back may see and answer what the run asks.
      Callers.require(request, "runs:read");
      Callers.require(request, "approvals:respond");
      Optional<ResponseEntity<byte[]>> given =
          mutations.given(request, wanted.tenant(), CREATE, Map.of(), body, Answer::body);
      if (given.isPresent()) {
        return given.get();
      }
      // A name is looked up, which is for no transaction.
      checkCallable(callbackUrl);
    }
    return mutations.run(request, wanted.tenant(), CREATE, Map.of(), body, () -> create(wanted));
  }

  private void checkCallable(String callbackUrl) {
    try {
      egress.check(callbackUrl);
    } catch (EgressRefusedException e) {
      throw Problem.invalid("/callbackUrl", "is no URL that this host calls: " + e.reason());
    }
  }

  private Done create(RunCreator.Request wanted) {
    RunCreator.Accepted accepted =
        creator
            .create(wanted)
            .orElseThrow(() -> Problem.invalid("/workflowId", "names no workflow of this tenant"));
    Answer answer = new Answer(201, Json.write(V1Documents.accepted(accepted.run())));
    return new Done(answer, accepted::start, accepted::abandon);
  }

  private static RunCreator.Request wanted(
      Principal caller,
      Map<String, @Nullable Object> body,
      boolean deduplicated,
      TraceContext trace) {
    Fields fields = new Fields(body);
    String workflowId = fields.requiredText("workflowId");
    Map<String, @Nullable Object> inputs = fields.object("inputs");
    Map<String, @Nullable Object> configurable = fields.object("configurable");
    List<String> tags = fields.texts("tags", MAX_TAGS, MAX_TAG_LENGTH);
    Map<String, @Nullable Object> metadata = fields.object("metadata");
    Run.Scope scope = scope(fields, body, deduplicated);
    String callbackUrl = fields.text("callbackUrl", MAX_TEXT);
    String tenantId = fields.text("tenantId", MAX_TEXT);
    if (tenantId != null && !tenantId.equals(caller.tenant())) {
      fields.fault("tenantId", "must be the tenant of the credential, or absent");
    }
    fields.check();
    return new RunCreator.Request(
        new Tenant(caller.tenant()),
        new Run.Owner(caller.id(), caller.issuer(), caller.lane(), caller.kind()),
        workflowId,
        inputs == null ? Json.members() : inputs,
        configurable,
        tags,
        metadata,
        scope,
        callbackUrl,
        trace);
  }

  private static boolean isDeduplicated(HttpServletRequest request) {
    List<String> values = Collections.list(request.getHeaders("X-Dedup"));
    if (!values.stream().allMatch("enforce"::equals)) {
      throw new Problem(ErrorCode.VALIDATION_ERROR, "X-Dedup must be 'enforce', or absent");
    }
    return !values.isEmpty();
  }

  private static Run.@Nullable Scope scope(
      Fields fields, Map<String, @Nullable Object> body, boolean deduplicated) {
    String scopeId = fields.text("scopeId", MAX_SCOPE_ID);
    if (deduplicated && (!body.containsKey("scopeId") || "".equals(scopeId))) {
      fields.fault("scopeId", "is required with X-Dedup");
    }
    return scopeId == null ? null : new Run.Scope(scopeId, deduplicated);
  }

  @GetMapping(RUN)
  ResponseEntity<byte[]> read(HttpServletRequest request, @PathVariable String runId) {
    Principal caller = Callers.require(request, "runs:read");
    Run run =
        runs.find(new Tenant(caller.tenant()), runId).orElseThrow(() -> Problem.notFound("run"));
    boolean waits =
        run.state().nodes().values().stream().anyMatch(node -> node.progress() == Progress.WAITING);
    List<RunStore.Child> children = waits ? runs.children(run.tenant(), runId) : List.of();
    Map<String, @Nullable Object> document = V1Documents.snapshot(run, children);
    interrupts.pending(run).stream()
        .findFirst()
        .ifPresent(question -> document.put("interrupt", interrupt(question, caller)));
    byte[] snapshot = Json.bytes(document);
    // The sequence alone would not do: a node that begins to wait, and a newer host that tells more
    // of the same run, change the snapshot without an event.
    String etag = EntityTags.of(run.nextSequence() + "-" + V1Mapping.spell(run.status()), snapshot);
    boolean known = EntityTags.match(request, etag);
    ResponseEntity.BodyBuilder answer =
        ResponseEntity.status(known ? 304 : 200)
            .eTag(etag)
            .cacheControl(CacheControl.noCache().cachePrivate());
    return known ? answer.build() : answer.contentType(MediaType.APPLICATION_JSON).body(snapshot);
  }

  /** A token lets its bearer do what the reader may do, and no more. */
  private Map<String, @Nullable Object> interrupt(Interrupt question, Principal caller) {
    Map<String, @Nullable Object> document = V1InterruptTokensController.document(question);
    document.put("interruptId", question.interruptId());
    document.put("nodeId", question.nodeId());
    document.put("requestedAt", V1Documents.time(question.requestedAt()));
    if (question.deadline() != null) {
      document.put("expiresAt", V1Documents.time(question.deadline()));
    }
    if (!InterruptService.isForCallersOnly(question) && !question.isOverdue()) {
      boolean mayAnswer = caller.scopes().contains("approvals:respond");
      document.put(
          "interruptToken", tokens.mint(question, mayAnswer ? Intent.RESOLVE : Intent.INSPECT));
    }
    return document;
  }

  @PostMapping(RUN + "/cancel")
  ResponseEntity<byte[]> cancel(HttpServletRequest request, @PathVariable String runId) {
    Principal caller = Callers.require(request, "runs:cancel");
    Tenant tenant = new Tenant(caller.tenant());
    Map<String, @Nullable Object> body = requests.optionalObject(request);
    Fields fields = new Fields(body);
    String reason = fields.text("reason", MAX_TEXT);
    fields.check();
    return mutations.runAudited(
        request,
        tenant,
        "v1.cancelRun",
        Map.of("runId", runId),
        body,
        () -> {
          Cancelled cancel =
              runs.cancel(tenant, runId, reason, caller.id())
                  .orElseThrow(() -> Problem.notFound("run"));
          String answer =
              Json.write(
                  Json.members("runId", runId, "status", V1Mapping.spell(after(cancel.before()))));
          return new Done(
                  new Answer(200, answer), () -> runs.cancelled(cancel.cancelled()), () -> {})
              .audited(cancellations(caller, cancel.cancelled()));
        });
  }

  @PostMapping("/v1/runs:bulk-cancel")
  ResponseEntity<byte[]> bulkCancel(HttpServletRequest request) {
    Principal caller = Callers.require(request, "runs:cancel");
    Tenant tenant = new Tenant(caller.tenant());
    Map<String, @Nullable Object> body = requests.object(request);
    Fields fields = new Fields(body);
    String reason = fields.text("reason", MAX_TEXT);
    List<String> runIds = bulk(fields, body);
    return mutations.runAudited(
        request,
        tenant,
        "v1.bulkCancelRuns",
        Map.of(),
        body,
        () -> bulkCancel(tenant, caller, runIds, reason));
  }

  private static List<String> bulk(Fields fields, Map<String, @Nullable Object> body) {
    if (body.get("runIds") instanceof List<?> items && items.size() > MAX_BULK) {
      throw new Problem(
          ErrorCode.VALIDATION_ERROR,
          "/runIds must have at most %d items".formatted(MAX_BULK),
          Map.of("maxRunIds", MAX_BULK));
    }
    List<String> runIds = fields.texts("runIds", MAX_BULK, MAX_TEXT);
    if (runIds == null || runIds.isEmpty() || runIds.contains("")) {
      fields.fault("runIds", "must be an array of 1 to %d run ids".formatted(MAX_BULK));
    }
    fields.check();
    return Objects.requireNonNull(runIds);
  }

  private Done bulkCancel(
      Tenant tenant, Principal caller, List<String> runIds, @Nullable String reason) {
    List<Run> cancelled = new ArrayList<>();
    Map<String, Map<String, Object>> byRun = new LinkedHashMap<>();
    // One lock order for all callers, so that two bulk cancels cannot wait for each other.
    for (String runId : runIds.stream().distinct().sorted().toList()) {
      Optional<Cancelled> cancel = runs.cancel(tenant, runId, reason, caller.id());
      cancel.ifPresent(done -> cancelled.addAll(done.cancelled()));
      byRun.put(runId, bulkResult(runId, cancel.map(Cancelled::before)));
    }
    List<Map<String, Object>> results = runIds.stream().map(byRun::get).toList();
    return new Done(
            new Answer(200, Json.write(Map.of("results", results))),
            () -> runs.cancelled(cancelled),
            () -> {})
        .audited(cancellations(caller, cancelled));
  }

  private static List<AuditEvent> cancellations(Principal caller, List<Run> cancelled) {
    return cancelled.stream()
        .map(run -> V1Audit.event(caller, "run.cancelled", run.runId()))
        .toList();
  }

  private Map<String, Object> bulkResult(String runId, Optional<RunStatus> before) {
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("runId", runId);
    RunStatus after = before.map(V1RunsController::after).orElse(null);
    if (after == RunStatus.CANCELLED) {
      result.put("ok", true);
      result.put("status", V1Mapping.spell(after));
      return result;
    }
    Map<String, Object> error = new LinkedHashMap<>();
    error.put("code", errors.code(after == null ? ErrorCode.NOT_FOUND : ErrorCode.RUN_TERMINAL));
    error.put("message", after == null ? "There is no such run" : "The run has ended");
    result.put("ok", false);
    result.put("error", error);
    return result;
  }

  /** The status after a cancel that found this one. */
  private static RunStatus after(RunStatus before) {
    return before.isTerminal() ? before : RunStatus.CANCELLED;
  }

  static ResponseEntity<byte[]> json(int status, @Nullable Object document) {
    return ResponseEntity.status(status)
        .contentType(MediaType.APPLICATION_JSON)
        .body(Json.bytes(document));
  }
}
