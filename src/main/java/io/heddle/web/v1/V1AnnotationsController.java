package io.heddle.web.v1;

import io.heddle.feedback.Annotation;
import io.heddle.feedback.AnnotationStore;
import io.heddle.feedback.AnnotationStore.Outcome;
import io.heddle.feedback.Feedback;
import io.heddle.feedback.Remark;
import io.heddle.feedback.Signal;
import io.heddle.feedback.Signal.Kind;
import io.heddle.idempotency.IdempotencyStore.Answer;
import io.heddle.idempotency.IdempotentOperations.Done;
import io.heddle.json.Json;
import io.heddle.spi.Principal;
import io.heddle.tenancy.Tenant;
import io.heddle.web.Callers;
import io.heddle.web.ErrorCode;
import io.heddle.web.Fields;
import io.heddle.web.Mutations;
import io.heddle.web.Problem;
import io.heddle.web.Requests;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/** Feedback on runs [RFC 0056]. */
@RestController
public final class V1AnnotationsController implements V1Capability {

  private static final String ANNOTATIONS = V1RunsController.RUN + "/annotations";

  private static final int MAX_ID = 256;

  private static final int MAX_LABEL = 256;

  private static final int MAX_TEXT = 16_384;

  private final Feedback feedback;

  private final Mutations mutations;

  private final Requests requests;

  public V1AnnotationsController(Feedback feedback, Mutations mutations, Requests requests) {
    this.feedback = feedback;
    this.mutations = mutations;
    this.requests = requests;
  }

  @Override
  public String family() {
    return "feedback";
  }

  @Override
  public boolean isFor(Set<String> scopes) {
    return scopes.contains("runs:read") || scopes.contains("runs:annotate");
  }

  @Override
  public Map<String, Object> members() {
    return Map.of(
        "supported", true, "targets", List.of("run", "event", "node"), "signals", kinds());
  }

  @PostMapping(ANNOTATIONS)
  ResponseEntity<byte[]> annotate(HttpServletRequest request, @PathVariable String runId) {
    Principal caller = Callers.require(request, "runs:annotate");
    Tenant tenant = new Tenant(caller.tenant());
    Map<String, @Nullable Object> body = requests.object(request);
    Remark remark = remark(caller, body);
    return mutations.run(
        request,
        tenant,
        "v1.annotateRun",
        Map.of("runId", runId),
        body,
        () -> {
          Annotation kept = kept(feedback.record(tenant, runId, remark));
          return Done.of(new Answer(201, Json.write(V1Documents.annotation(kept))));
        });
  }

  @GetMapping(ANNOTATIONS)
  ResponseEntity<byte[]> list(HttpServletRequest request, @PathVariable String runId) {
    Principal caller = Callers.require(request, "runs:read");
    List<Annotation> annotations =
        feedback
            .list(new Tenant(caller.tenant()), runId)
            .orElseThrow(() -> Problem.notFound("run"));
    return V1RunsController.json(
        200,
        Json.members("annotations", annotations.stream().map(V1Documents::annotation).toList()));
  }

  private static Remark remark(Principal caller, Map<String, @Nullable Object> body) {
    Fields fields = new Fields(body);
    fields.closed("signal", "note", "target");
    String note = fields.text("note", MAX_TEXT);
    Fields target = fields.nested("target");
    target.closed("eventId", "nodeId");
    String eventId = target.text("eventId", MAX_ID);
    String nodeId = target.text("nodeId", MAX_ID);
    Signal signal = signal(fields.requiredNested("signal"));
    return new Remark(eventId, nodeId, signal, note, caller.id());
  }

  private static Signal signal(Fields fields) {
    fields.closed("kind", "rating", "label", "correction");
    String kind = fields.requiredChoice("kind", kinds());
    if (!kind.isEmpty() && !kind.equals(V1Mapping.spell(Kind.FLAG))) {
      // Every other kind needs the member of its name.
      fields.require(kind);
    }
    Integer rating = fields.integer("rating", 1, 5);
    String label = fields.text("label", MAX_LABEL);
    String correction = fields.text("correction", MAX_TEXT);
    fields.check();
    return new Signal(Kind.values()[kinds().indexOf(kind)], rating, label, correction);
  }

  private static List<String> kinds() {
    return Arrays.stream(Kind.values()).map(V1Mapping::spell).toList();
  }

  private static Annotation kept(Outcome outcome) {
    if (outcome instanceof Outcome.Kept kept) {
      return kept.annotation();
    }
    if (outcome instanceof Outcome.NoSuchEvent) {
      throw Problem.invalid("/target/eventId", "names no event of this run");
    }
    if (outcome instanceof Outcome.NoSuchNode) {
      throw Problem.invalid("/target/nodeId", "names no node of this run");
    }
    if (outcome instanceof Outcome.Full) {
      throw new Problem(
          ErrorCode.ANNOTATIONS_FULL,
          "This run cannot have more annotations",
          Map.of("maxAnnotations", AnnotationStore.MOST_PER_RUN));
    }
    throw Problem.notFound("run");
  }
}
