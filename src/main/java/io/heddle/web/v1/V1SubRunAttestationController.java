package io.heddle.web.v1;

import io.heddle.engine.OutputAttestation;
import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.Payloads;
import io.heddle.spi.Principal;
import io.heddle.spi.Resumption;
import io.heddle.web.Callers;
import io.heddle.web.Fields;
import io.heddle.web.Requests;
import jakarta.servlet.http.HttpServletRequest;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * Tells a test what becomes of given outputs of a sub-workflow [host-sample-test-seams §Sub-run
 * attestation]. The checksum and the verdict are the engine's; there is no run, and nothing is
 * stored.
 */
@RestController
public final class V1SubRunAttestationController {

  private static final List<String> ACTIONS = List.of("accept", "reject", "edit-accept", "ask");

  // In place of what only a run has.
  private static final String WORKER = "conformance-subrun";

  private static final String PARENT = "conformance-subrun-parent";

  private static final String CHILD = "conformance-subrun-child";

  private final Requests requests;

  public V1SubRunAttestationController(Requests requests) {
    this.requests = requests;
  }

  @PostMapping("/v1/host/sample/subrun/attest")
  ResponseEntity<byte[]> attest(HttpServletRequest request) {
    Principal caller = Callers.require(request, "runs:create");
    Map<String, @Nullable Object> body = requests.object(request);
    Fields fields = new Fields(body);
    fields.require("childOutputs");
    Map<String, @Nullable Object> outputs = fields.object("childOutputs");
    Map<String, @Nullable Object> wanted = fields.object("outputAttestation");
    if (wanted != null) {
      OutputAttestation.faults(wanted)
          .forEach((pointer, fault) -> fields.fault("outputAttestation" + pointer, fault));
    }
    String action =
        body.containsKey("approvalAction")
            ? fields.requiredChoice("approvalAction", ACTIONS)
            : null;
    Map<String, @Nullable Object> edited = fields.object("editedArtifactData");
    fields.check();
    OutputAttestation attestation = OutputAttestation.of(wanted);
    Map<String, @Nullable Object> given = outputs == null ? Json.members() : outputs;
    Map<String, @Nullable Object> answer = Json.members();
    Map<String, @Nullable Object> attested = null;
    try {
      attested = attestation.attest(given).orElse(null);
    } catch (IllegalArgumentException e) {
      fields.fault("childOutputs", "must have a canonical spelling");
      fields.check();
    }
    if (attested != null) {
      answer.put("attestation", attested);
      answer.put("harvestedEvent", event(attestation, given, attested));
    }
    Optional<Map<String, @Nullable Object>> released =
        attestation.released(
            given, action == null ? null : decision(caller, action, edited, given));
    answer.put("merged", released.isPresent());
    if (released.isPresent()) {
      answer.put("mergedValues", released.get());
    }
    return V1RunsController.json(200, answer);
  }

  /** Whoever edits without saying what leaves it as it is. */
  private static Resumption decision(
      Principal caller,
      String action,
      @Nullable Map<String, @Nullable Object> edited,
      Map<String, @Nullable Object> given) {
    Map<String, @Nullable Object> decision = Json.members("action", action);
    decision.put("editedArtifactData", edited == null ? given : edited);
    return new Resumption(decision, caller.id(), false);
  }

  private static Map<String, @Nullable Object> event(
      OutputAttestation attestation,
      Map<String, @Nullable Object> outputs,
      Map<String, @Nullable Object> attested) {
    List<String> taken = attestation.requiresApproval() ? List.of() : List.copyOf(outputs.keySet());
    return Json.members(
        "type",
        V1Mapping.spell(EventType.WORKFLOW_CHAIN),
        "payload",
        Json.parseObject(Payloads.outputHarvested(WORKER, PARENT, CHILD, taken, attested)));
  }
}
