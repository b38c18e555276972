package io.heddle.audit;

import io.heddle.json.Json;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A chain that is being appended to. */
final class Chain {

  private final AuditKeys keys;

  private final int checkpointEntries;

  private ChainEnd end;

  private MerkleTree tree;

  Chain(ChainEnd end, AuditKeys keys, int checkpointEntries) {
    this.keys = keys;
    this.checkpointEntries = checkpointEntries;
    this.end = end;
    this.tree = new MerkleTree(end.peaks(), end.sequence() - end.anchored());
  }

  /** Appends an entry, and signs if there are enough. */
  void append(
      AuditEvent event,
      Instant occurredAt,
      @Nullable Long pendingId,
      List<Entry> entries,
      List<Checkpoint> checkpoints,
      Instant now) {
    Entry entry = Entry.of(event, occurredAt, end.sequence() + 1, end.hash(), pendingId);
    entries.add(entry);
    tree.add(entry.hash());
    Instant since = end.unanchoredSince();
    end =
        new ChainEnd(
            end.tenant(),
            entry.sequence(),
            entry.hash(),
            end.anchored(),
            end.checkpoints(),
            end.checkpointId(),
            tree.peaks(),
            since == null || occurredAt.isBefore(since) ? occurredAt : since);
    if (tree.leaves() >= checkpointEntries) {
      anchor(checkpoints, now);
    }
  }

  /** Says that what was said of this chain's end is gone. */
  void appendAnomaly(List<Entry> entries, List<Checkpoint> checkpoints, Instant now) {
    append(
        new AuditEvent(
            end.tenant(), Entry.ANOMALY, "host", "audit", Json.members("reason", "chain-end-lost")),
        now,
        null,
        entries,
        checkpoints,
        now);
  }

  boolean isAnchored() {
    return tree.leaves() == 0;
  }

  /** Signs what there is without a checkpoint. */
  void anchor(List<Checkpoint> checkpoints, Instant now) {
    String root = tree.root();
    Checkpoint checkpoint =
        new Checkpoint(
            end.tenant(),
            end.checkpoints() + 1,
            Checkpoint.id(end.tenant(), end.checkpoints() + 1, root),
            end.anchored(),
            end.sequence(),
            root,
            keys.signRoot(root),
            keys.keyId(),
            now);
    checkpoints.add(checkpoint);
    tree = new MerkleTree();
    end =
        new ChainEnd(
            end.tenant(),
            end.sequence(),
            end.hash(),
            end.sequence(),
            checkpoint.number(),
            checkpoint.id(),
            List.of(),
            null);
  }

  ChainEnd.Signed signedEnd() {
    return new ChainEnd.Signed(end, keys.sign(end.signed()), keys.keyId());
  }
}
