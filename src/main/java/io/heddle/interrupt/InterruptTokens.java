package io.heddle.interrupt;

import io.heddle.json.Json;
import io.heddle.json.JsonFault;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Tokens that let their bearer see or answer one question, and nothing else [interrupt.md §Signed
 * resolution tokens]. A token is a credential: it belongs into no log. Thread-safe.
 */
public final class InterruptTokens {

  /** How long a token lives at most. */
  private static final Duration LIFE = Duration.ofMinutes(30);

  // A question shows the same token for so long, so that reading it twice reads the same.
  private static final Duration STABLE = Duration.ofMinutes(15);

  private static final int LONGEST = 2_048;

  private static final Base64.Encoder ENCODER = Base64.getUrlEncoder().withoutPadding();

  private static final Base64.Decoder DECODER = Base64.getUrlDecoder();

  private final TokenKeys keys;

  public InterruptTokens(TokenKeys keys) {
    this.keys = keys;
  }

  /** What a token permits. */
  public enum Intent {
    /** To see the question and to answer it. */
    RESOLVE,
    /** To see the question. */
    INSPECT
  }

  /** What a genuine token says. */
  public record Claims(
      String runId, String nodeId, String interruptId, Instant expiresAt, Intent intent) {}

  /**
   * A token for a question; the same for some time, so that it does not change whenever it is read.
   * It ends with the question's deadline at the latest.
   */
  public String mint(Interrupt question, Intent intent) {
    TokenKeys.Key key = keys.signing();
    byte[] payload =
        Json.write(
                Json.members(
                    "runId",
                    question.runId(),
                    "nodeId",
                    question.nodeId(),
                    "interruptId",
                    question.interruptId(),
                    "expiresAt",
                    expiry(question).toString(),
                    "intent",
                    intent == Intent.RESOLVE ? "resolve" : "inspect",
                    "kid",
                    key.id()))
            .getBytes(StandardCharsets.UTF_8);
    return ENCODER.encodeToString(payload)
        + "."
        + ENCODER.encodeToString(signature(key.secret(), payload));
  }

  /** When a token ends that is minted for a question as it was read. */
  public static Instant expiry(Interrupt question) {
    long windows =
        Duration.between(question.requestedAt(), question.readAt()).toMillis() / STABLE.toMillis();
    Instant expiresAt = question.requestedAt().plus(STABLE.multipliedBy(windows)).plus(LIFE);
    return question.deadline() != null && question.deadline().isBefore(expiresAt)
        ? question.deadline()
        : expiresAt;
  }

  /** What a token says, if one of the keys has signed it; expired or not. */
  public Optional<Claims> verify(String token) {
    int dot = token.indexOf('.');
    if (dot < 0 || token.length() > LONGEST) {
      return Optional.empty();
    }
    byte[] payload = decoded(token.substring(0, dot));
    byte[] signature = decoded(token.substring(dot + 1));
    if (payload == null || signature == null) {
      return Optional.empty();
    }
    try {
      Map<String, @Nullable Object> claims = Json.object(Json.parse(payload), "");
      return keys.find(String.valueOf(claims.get("kid")))
          .filter(key -> MessageDigest.isEqual(signature(key.secret(), payload), signature))
          .map(key -> claims(claims));
    } catch (JsonFault | DateTimeException e) {
      return Optional.empty();
    }
  }

  private static Claims claims(Map<String, @Nullable Object> claims) {
    return new Claims(
        String.valueOf(claims.get("runId")),
        String.valueOf(claims.get("nodeId")),
        String.valueOf(claims.get("interruptId")),
        Instant.parse(String.valueOf(claims.get("expiresAt"))),
        "resolve".equals(claims.get("intent")) ? Intent.RESOLVE : Intent.INSPECT);
  }

  /** Null for what is not the one spelling of its bytes. */
  private static byte @Nullable [] decoded(String text) {
    try {
      byte[] bytes = DECODER.decode(text);
      return ENCODER.encodeToString(bytes).equals(text) ? bytes : null;
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  private static byte[] signature(byte[] secret, byte[] payload) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret, "HmacSHA256"));
      return mac.doFinal(payload);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("The host's MAC is not there", e);
    }
  }
}
