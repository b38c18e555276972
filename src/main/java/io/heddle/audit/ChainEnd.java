package io.heddle.audit;

import io.heddle.json.CanonicalJson;
import io.heddle.json.Json;
import io.heddle.tenancy.Tenant;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where a tenant's chain ends, so that its end cannot be cut off, and what the next checkpoint
 * signs, so that it signs what was sealed and not what somebody made of it since.
 *
 * @param sequence of the last entry
 * @param hash of the last entry; null before the first
 * @param anchored the last sequence under a checkpoint
 * @param checkpoints how many checkpoints there are
 * @param checkpointId the last of them; null before the first
 * @param peaks of the tree over the entries since
 * @param unanchoredSince when the first of these happened; null if there is none
 */
public record ChainEnd(
    Tenant tenant,
    long sequence,
    @Nullable String hash,
    long anchored,
    long checkpoints,
    @Nullable String checkpointId,
    List<String> peaks,
    @Nullable Instant unanchoredSince) {

  public ChainEnd {
    peaks = List.copyOf(peaks);
  }

  static ChainEnd none(Tenant tenant) {
    return new ChainEnd(tenant, 0, null, 0, 0, null, List.of(), null);
  }

  /** What is signed. Longer than the 32 bytes of a root, so that neither passes for the other. */
  byte[] signed() {
    return ("heddle audit chain end "
            + CanonicalJson.text(
                Json.members(
                    "tenantId", tenant.id(),
                    "sequence", sequence,
                    "hash", hash,
                    "anchored", anchored,
                    "checkpoints", checkpoints,
                    "checkpointId", checkpointId,
                    "peaks", peaks)))
        .getBytes(StandardCharsets.UTF_8);
  }

  /** An end as it is stored. */
  public record Signed(ChainEnd end, String signature, String keyId) {}
}
