package io.heddle.web.v1;

import io.heddle.audit.Anomaly;
import io.heddle.audit.AuditExport;
import io.heddle.audit.AuditKeys;
import io.heddle.audit.AuditReport;
import io.heddle.audit.AuditSettings;
import io.heddle.audit.Checkpoint;
import io.heddle.audit.Entry;
import io.heddle.audit.RangeTooLongException;
import io.heddle.audit.Verifier;
import io.heddle.json.Json;
import io.heddle.run.AtCapacityException;
import io.heddle.spi.Principal;
import io.heddle.tenancy.Tenant;
import io.heddle.web.Callers;
import io.heddle.web.Parameters;
import jakarta.servlet.http.HttpServletRequest;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.springframework.http.CacheControl;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * The audit log of the caller's tenant [auth-profiles §Audit-log integrity], and the host extension
 * that lets others verify it without believing this host.
 */
@RestController
public final class V1AuditController implements V1Capability {

  /** The profile that is claimed. */
  public static final String PROFILE = "openwop-audit-log-integrity";

  private static final String SCOPE = "audit:read";

  private static final String EXTENSION = "/v1/host/heddle/audit";

  // What a double holds exactly.
  private static final long MAX_SEQUENCE = (1L << 53) - 1;

  private static final int MAX_PAGE = 1_000;

  // A verification reads much; whoever asks for more of them waits.
  private static final int AT_ONCE = 2;

  private final Verifier verifier;

  private final AuditExport export;

  private final AuditKeys keys;

  private final AuditSettings settings;

  private final InstantSource clock;

  private final Semaphore verifications = new Semaphore(AT_ONCE);

  /**
   * @param clock tells the database's time
   */
  public V1AuditController(
      Verifier verifier,
      AuditExport export,
      AuditKeys keys,
      AuditSettings settings,
      InstantSource clock) {
    this.verifier = verifier;
    this.export = export;
    this.keys = keys;
    this.settings = settings;
    this.clock = clock;
  }

  @Override
  public String family() {
    return "auth";
  }

  @Override
  public boolean isFor(Set<String> scopes) {
    return scopes.contains(SCOPE);
  }

  @Override
  public Map<String, Object> members() {
    return Map.of(
        "profiles",
        List.of(PROFILE),
        "auditLogIntegrity",
        Json.members(
            "hashChain",
            true,
            "checkpointSignatureAlgorithm",
            "ed25519",
            "checkpointPublicKey",
            keys.publicKey(),
            "checkpointIntervalEntries",
            settings.checkpointEntries(),
            "checkpointIntervalSeconds",
            settings.checkpointInterval().toSeconds()));
  }

  @GetMapping("/v1/audit/verify")
  ResponseEntity<byte[]> verify(HttpServletRequest request) {
    Principal caller = Callers.require(request, SCOPE);
    long from = from(request);
    Long to = to(request, from);
    if (!verifications.tryAcquire()) {
      throw new AtCapacityException("verifications at the same time");
    }
    try {
      return answer(document(verifier.verify(new Tenant(caller.tenant()), from, to)));
    } catch (RangeTooLongException e) {
      throw Parameters.invalid("toSeq", String.valueOf(e.getMessage()));
    } finally {
      verifications.release();
    }
  }

  @GetMapping(EXTENSION + "/entries")
  ResponseEntity<byte[]> entries(HttpServletRequest request) {
    Principal caller = Callers.require(request, SCOPE);
    long from = from(request);
    Long to = to(request, from);
    int limit = Parameters.integer(request, "limit", MAX_PAGE, 1, MAX_PAGE);
    List<Entry> page =
        export.entries(new Tenant(caller.tenant()), from, to == null ? MAX_SEQUENCE : to, limit);
    return answer(
        Json.members(
            "entries",
            page.stream()
                .map(
                    entry ->
                        Json.members(
                            "entry", Json.storedObject(entry.json()), "hash", entry.hash()))
                .toList()));
  }

  @GetMapping(EXTENSION + "/checkpoints")
  ResponseEntity<byte[]> checkpoints(HttpServletRequest request) {
    Principal caller = Callers.require(request, SCOPE);
    long from = from(request);
    Long to = to(request, from);
    int limit = Parameters.integer(request, "limit", MAX_PAGE, 1, MAX_PAGE);
    List<Checkpoint> page =
        export.checkpoints(
            new Tenant(caller.tenant()),
            // One export is for one key; those of an earlier one were exported in its time.
            keys.keyId(),
            from,
            to == null ? MAX_SEQUENCE : to,
            limit);
    return answer(
        Json.members(
            "bundleVersion",
            "1",
            "exportedAt",
            Entry.time(clock.instant()),
            "signingKey",
            Json.members(
                "keyId", keys.keyId(), "algorithm", "ed25519", "publicKeyPEM", keys.publicKeyPem()),
            "checkpoints",
            page.stream().map(V1AuditController::exported).toList()));
  }

  private static Map<String, @Nullable Object> exported(Checkpoint checkpoint) {
    return Json.members(
        "checkpointId",
        checkpoint.id(),
        "atSequence",
        checkpoint.atSequence(),
        "merkleRoot",
        checkpoint.merkleRoot(),
        "signature",
        checkpoint.signature(),
        "signedAt",
        Entry.time(checkpoint.signedAt()),
        "signingKeyId",
        checkpoint.keyId());
  }

  private static long from(HttpServletRequest request) {
    Long from = Parameters.sequence(request, "fromSeq", MAX_SEQUENCE);
    return from == null ? 0 : from;
  }

  private static @Nullable Long to(HttpServletRequest request, long from) {
    Long to = Parameters.sequence(request, "toSeq", MAX_SEQUENCE);
    if (to != null && to < from) {
      throw Parameters.invalid("toSeq", "must not be less than fromSeq");
    }
    return to;
  }

  private static ResponseEntity<byte[]> answer(Map<String, @Nullable Object> document) {
    return ResponseEntity.ok()
        .cacheControl(CacheControl.noStore())
        .contentType(MediaType.APPLICATION_JSON)
        .body(Json.bytes(document));
  }

  private static Map<String, @Nullable Object> document(AuditReport report) {
    return Json.members(
        "fromSeq",
        report.from(),
        "toSeq",
        report.to(),
        "chainValid",
        report.anomalies().isEmpty(),
        "checkpointsValid",
        report.checkpointsValid(),
        "checkpoints",
        report.checkpoints().stream()
            .map(
                checkpoint ->
                    Json.members(
                        "checkpoint",
                        checkpoint.id(),
                        "atSequence",
                        checkpoint.atSequence(),
                        "merkleRoot",
                        checkpoint.merkleRoot(),
                        "signature",
                        checkpoint.signature()))
            .toList(),
        "anomalies",
        report.anomalies().stream().map(V1AuditController::document).toList());
  }

  /** Each kind has members of its own, and none of another's. */
  private static Map<String, @Nullable Object> document(Anomaly anomaly) {
    Map<String, @Nullable Object> document = new LinkedHashMap<>();
    document.put("atSeq", anomaly.sequence());
    if (anomaly instanceof Anomaly.ChainBreak broken) {
      document.put("kind", "chain-break");
      document.put("expectedPrevHash", broken.expected());
      document.put("actualPrevHash", broken.actual());
    } else if (anomaly instanceof Anomaly.HashMismatch) {
      document.put("kind", "hash-mismatch");
    } else if (anomaly instanceof Anomaly.MissingEntry) {
      document.put("kind", "missing-entry");
    } else if (anomaly instanceof Anomaly.MerkleMismatch mismatch) {
      document.put("kind", "merkle-mismatch");
      document.put("checkpoint", mismatch.checkpointId());
    } else if (anomaly instanceof Anomaly.SignatureInvalid invalid) {
      document.put("kind", "signature-invalid");
      document.put("checkpoint", invalid.checkpointId());
    }
    document.put("detail", anomaly.detail());
    return document;
  }
}
