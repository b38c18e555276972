package io.heddle.audit;

import io.heddle.tenancy.Tenant;
import java.time.Instant;

/**
 * The host's signature under a part of a tenant's chain.
 *
 * @param number from 1 without gaps
 * @param id unique in this host
 * @param afterSequence the part begins after this one, which the checkpoint before ends with; 0 for
 *     the first
 * @param atSequence the last one of the part
 * @param merkleRoot over the hashes of its entries, 64 lowercase hexadecimal digits
 * @param signature Ed25519 over the 32 bytes of the root, in base64
 */
public record Checkpoint(
    Tenant tenant,
    long number,
    String id,
    long afterSequence,
    long atSequence,
    String merkleRoot,
    String signature,
    String keyId,
    Instant signedAt) {

  private static final int ID_DIGITS = 32;

  /** The id of a checkpoint, which tells whether it is still the one it was. */
  static String id(Tenant tenant, long number, String merkleRoot) {
    String named = tenant.id() + ' ' + number + ' ' + merkleRoot;
    return "chk-" + Hashes.sha256(named).substring(0, ID_DIGITS);
  }
}
