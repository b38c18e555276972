package io.heddle.audit;

import io.heddle.audit.Anomaly.ChainBreak;
import io.heddle.audit.Anomaly.HashMismatch;
import io.heddle.audit.Anomaly.MerkleMismatch;
import io.heddle.audit.Anomaly.MissingEntry;
import io.heddle.audit.Anomaly.SignatureInvalid;
import io.heddle.audit.AuditStore.Standing;
import io.heddle.json.Json;
import io.heddle.json.JsonFault;
import io.heddle.tenancy.Tenant;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One way along a chain. Believes no hash that is stored: each is computed anew. */
final class Walk {

  private static final int PAGE = 1_000;

  private final AuditStore store;

  private final AuditKeys keys;

  private final Tenant tenant;

  private final long from;

  private final long upTo;

  private final List<Checkpoint> checkpoints = new ArrayList<>();

  private final List<Anomaly> anomalies = new ArrayList<>();

  /** The last sequence that was looked for. */
  private long at;

  /** What the next entry has to name; only of use if it is known. */
  private @Nullable String hash;

  private boolean hashKnown;

  private long anchored;

  private long number;

  private MerkleTree tree = new MerkleTree();

  /**
   * @param before the last checkpoint before the part, after which the way begins
   */
  Walk(
      AuditStore store,
      AuditKeys keys,
      Tenant tenant,
      long from,
      long upTo,
      @Nullable Checkpoint before) {
    this.store = store;
    this.keys = keys;
    this.tenant = tenant;
    this.from = from;
    this.upTo = upTo;
    if (before == null) {
      hashKnown = true;
      return;
    }
    at = before.atSequence();
    anchored = before.atSequence();
    number = before.number();
    for (Entry last : store.entries(tenant, at - 1, at, 1)) {
      hash = Hashes.sha256(last.json());
      hashKnown = true;
    }
  }

  /** Goes on to a sequence. */
  void to(long target) {
    while (at < target) {
      List<Entry> page = store.entries(tenant, at, target, PAGE);
      for (Entry entry : page) {
        missing(entry.sequence() - 1);
        look(entry);
      }
      if (page.size() < PAGE) {
        missing(target);
      }
    }
  }

  private void missing(long until) {
    if (at < until) {
      found(
          new MissingEntry(
              at + 1,
              until == at + 1
                  ? "the entry is not there"
                  : "the entries up to %d are not there".formatted(until)));
      at = until;
      hashKnown = false;
    }
  }

  private void look(Entry entry) {
    at = entry.sequence();
    String computed = Hashes.sha256(entry.json());
    Map<String, @Nullable Object> members = members(entry);
    if (!computed.equals(entry.hash())) {
      found(new HashMismatch(at, "the entry has another hash than when it was sealed"));
    } else if (!(members.get("atSequence") instanceof Number place)
        || place.longValue() != at
        || !tenant.id().equals(members.get("tenantId"))) {
      found(new HashMismatch(at, "the entry belongs to another place"));
    }
    String carried =
        members.containsKey("prevHash")
            ? members.get("prevHash") == null ? null : String.valueOf(members.get("prevHash"))
            : "";
    if (hashKnown && !Objects.equals(hash, carried)) {
      found(new ChainBreak(at, hash, carried, "the entry does not follow the one before it"));
    }
    if (Entry.ANOMALY.equals(members.get("action"))) {
      found(
          new MissingEntry(
              at, "what the host knew of the end of the log was lost before this entry"));
    }
    tree.add(computed);
    hash = computed;
    hashKnown = true;
  }

  private static Map<String, @Nullable Object> members(Entry entry) {
    try {
      return Json.object(Json.parse(entry.json().getBytes(StandardCharsets.UTF_8)), "");
    } catch (JsonFault e) {
      return Map.of();
    }
  }

  /** Holds a checkpoint against the entries that were passed. */
  void check(Checkpoint checkpoint) {
    if (checkpoint.atSequence() >= from) {
      checkpoints.add(checkpoint);
    }
    String fault = fault(checkpoint);
    if (fault != null) {
      found(new MerkleMismatch(checkpoint.atSequence(), checkpoint.id(), fault));
    }
    if (!keys.verifyRoot(checkpoint.keyId(), checkpoint.merkleRoot(), checkpoint.signature())) {
      found(
          new SignatureInvalid(
              checkpoint.atSequence(),
              checkpoint.id(),
              keys.knows(checkpoint.keyId())
                  ? "the signature is not that of the root"
                  : "the key of the signature is not known"));
    }
    tree = new MerkleTree();
    anchored = checkpoint.atSequence();
    number = checkpoint.number();
  }

  private @Nullable String fault(Checkpoint checkpoint) {
    if (checkpoint.number() != number + 1) {
      return "a checkpoint before it is not there";
    }
    if (checkpoint.afterSequence() != anchored) {
      return "it does not begin where the one before it ended";
    }
    if (tree.leaves() == 0 || tree.leaves() != checkpoint.atSequence() - anchored) {
      return "there are not as many entries as were signed";
    }
    if (!tree.root().equals(checkpoint.merkleRoot())) {
      return "the entries have another root than was signed";
    }
    return Checkpoint.id(tenant, checkpoint.number(), checkpoint.merkleRoot())
            .equals(checkpoint.id())
        ? null
        : "it has another id than it was given";
  }

  /** Holds what the host itself knows of the end against what was found there. */
  void checkEnd(Standing standing) {
    ChainEnd.Signed signed = standing.end();
    if (signed == null) {
      if (!standing.equals(Standing.NONE)) {
        found(new MissingEntry(at, "the record of where the log ends is not there"));
      }
      return;
    }
    ChainEnd end = signed.end();
    if (!keys.verify(signed.keyId(), end.signed(), signed.signature())) {
      found(new MissingEntry(at, "the record of where the log ends is not the host's"));
      return;
    }
    if (standing.lastSequence() > end.sequence()) {
      found(new HashMismatch(end.sequence() + 1, "the host did not write this entry"));
    } else if (hashKnown && !Objects.equals(hash, end.hash())) {
      found(new HashMismatch(end.sequence(), "the last entry is not the one that was sealed"));
    }
    String lastId = end.checkpointId();
    if (lastId == null) {
      return;
    }
    Checkpoint last = standing.last();
    if (last == null || last.number() < end.checkpoints()) {
      found(new MerkleMismatch(end.anchored(), lastId, "the checkpoint is not there"));
    } else if (last.number() > end.checkpoints()) {
      found(new MerkleMismatch(last.atSequence(), last.id(), "the host made no such checkpoint"));
    }
  }

  private void found(Anomaly anomaly) {
    if (anomaly.sequence() >= from
        && anomaly.sequence() <= upTo
        && anomalies.size() < Verifier.MOST_ANOMALIES) {
      anomalies.add(anomaly);
    }
  }

  AuditReport report() {
    anomalies.sort(Comparator.comparingLong(Anomaly::sequence));
    return new AuditReport(from, upTo, checkpoints, anomalies);
  }
}
