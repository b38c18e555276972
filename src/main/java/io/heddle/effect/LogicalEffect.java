package io.heddle.effect;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;

/**
 * An effect that a node intends, whoever tries it how often [idempotency §Layer 2].
 *
 * @param invocationId the digest of everything that tells it from other effects
 * @param ordinal its place among the effects of its node, from 0
 */
public record LogicalEffect(String invocationId, int ordinal, String providerKey) {

  private static final String DOMAIN = "openwop:activity:v2";

  /** The effect at a place; neither the attempt nor the lease has a part in what it is known by. */
  public static LogicalEffect of(Execution execution, int ordinal, String providerKey) {
    String identity =
        String.join(
            "\0",
            DOMAIN,
            execution.tenant().id(),
            execution.runId(),
            execution.nodeId(),
            Integer.toString(ordinal),
            providerKey);
    return new LogicalEffect(
        Base64.getUrlEncoder().withoutPadding().encodeToString(sha256(identity)),
        ordinal,
        providerKey);
  }

  private static byte[] sha256(String text) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
