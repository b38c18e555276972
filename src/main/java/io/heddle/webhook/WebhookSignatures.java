package io.heddle.webhook;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * The headers that tell who sent a delivery. Every function gives the same for the same arguments
 * (Ed25519 signatures, too, are deterministic). Sign the very bytes that are sent. Thread-safe.
 */
public final class WebhookSignatures {

  /** HMAC-SHA256 with the subscription's secret; on every delivery for one that has a secret. */
  public static final String V1 = "v1";

  /** Standard Webhooks with a shared secret, beside {@link #V1}. */
  public static final String STANDARD_WEBHOOKS = "standard-webhooks-1";

  /** Standard Webhooks with this host's Ed25519 key, beside {@link #V1}. */
  public static final String ED25519 = "heddle-ed25519-1";

  /** The header with this host's Ed25519 signature of what {@link #V1} signs; on every delivery. */
  public static final String HEDDLE_SIGNATURE = "X-Heddle-Signature";

  /** What a secret for {@link #STANDARD_WEBHOOKS} begins with; the rest is base64. */
  public static final String STANDARD_SECRET_PREFIX = "whsec_";

  private static final String USER_AGENT = "openwop-webhook-dispatcher/" + version();

  private WebhookSignatures() {}

  /**
   * All headers of a delivery or of the request that verifies an endpoint.
   *
   * @param subscriptionId of the subscription, not of the delivery
   * @param eventType as the protocol spells it; null for the request that verifies an endpoint,
   *     which is no delivery and carries the headers of Standard Webhooks only
   * @param messageId 16 to 128 letters, digits, underscores and hyphens; the same for every attempt
   * @param timestamp when this attempt is signed, in seconds since 1970
   * @param body the bytes that are sent
   * @param secrets those that are live; the first signs {@link #V1}, which is left out if there is
   *     none, and all of them sign {@link #STANDARD_WEBHOOKS}
   * @param algorithms those that the subscription chose; {@link #V1} needs no choice
   * @param keys of this host
   * @throws IllegalArgumentException if a secret cannot sign what is chosen
   */
  public static Map<String, String> headers(
      String subscriptionId,
      @Nullable String eventType,
      String messageId,
      long timestamp,
      byte[] body,
      List<String> secrets,
      Set<String> algorithms,
      WebhookKeys keys) {
    Map<String, String> headers = new LinkedHashMap<>();
    headers.put("Content-Type", "application/json");
    headers.put("User-Agent", USER_AGENT);
    if (eventType != null) {
      String signature = secrets.isEmpty() ? null : v1(secrets.get(0), timestamp, body);
      for (String family : List.of("X-openwop-", "OpenWOP-")) {
        headers.put(family + "Webhook-Id", subscriptionId);
        headers.put(family + "Event-Type", eventType);
        headers.put(family + "Timestamp", Long.toString(timestamp));
        if (signature != null) {
          headers.put(family + "Signature", signature);
          headers.put(family + "Signature-Algorithm", V1);
        }
      }
      headers.put(HEDDLE_SIGNATURE, heddle(timestamp, body, keys));
    }
    List<String> signatures = new ArrayList<>();
    if (algorithms.contains(STANDARD_WEBHOOKS)) {
      signatures.add(standard(messageId, timestamp, body, secrets));
    }
    if (algorithms.contains(ED25519)) {
      signatures.add(asymmetric(messageId, timestamp, body, keys));
    }
    if (!signatures.isEmpty()) {
      headers.put("webhook-id", messageId);
      headers.put("webhook-timestamp", Long.toString(timestamp));
      headers.put("webhook-signature", String.join(" ", signatures));
    }
    return headers;
  }

  /**
   * {@code sha256=} and the HMAC in hexadecimal digits.
   *
   * @param secret whose characters are the key, as they are
   */
  public static String v1(String secret, long timestamp, byte[] body) {
    byte[] key = secret.getBytes(StandardCharsets.UTF_8);
    return "sha256=" + HexFormat.of().formatHex(hmac(key, signed(timestamp + ".", body)));
  }

  /**
   * {@code v1,} and the HMAC in base64 for each secret, with spaces between them.
   *
   * @param secrets each with {@link #STANDARD_SECRET_PREFIX}
   */
  public static String standard(
      String messageId, long timestamp, byte[] body, List<String> secrets) {
    byte[] message = signed(messageId + '.' + timestamp + '.', body);
    List<String> signatures = new ArrayList<>();
    for (String secret : secrets) {
      signatures.add("v1," + base64(hmac(standardKey(secret), message)));
    }
    return String.join(" ", signatures);
  }

  /** {@code v1a,} and the Ed25519 signature in base64. */
  public static String asymmetric(String messageId, long timestamp, byte[] body, WebhookKeys keys) {
    byte[] message = signed(messageId + '.' + timestamp + '.', body);
    return "v1a," + base64(keys.sign(message).bytes());
  }

  /** The value of {@link #HEDDLE_SIGNATURE}. */
  public static String heddle(long timestamp, byte[] body, WebhookKeys keys) {
    WebhookKeys.Signature signature = keys.sign(signed(timestamp + ".", body));
    return "keyId=%s,alg=ed25519,sig=%s".formatted(signature.keyId(), base64(signature.bytes()));
  }

  private static byte[] standardKey(String secret) {
    if (!secret.startsWith(STANDARD_SECRET_PREFIX)) {
      throw unusable();
    }
    try {
      byte[] key = Base64.getDecoder().decode(secret.substring(STANDARD_SECRET_PREFIX.length()));
      if (key.length == 0) {
        throw unusable();
      }
      return key;
    } catch (IllegalArgumentException e) {
      // Without the cause, which may quote the secret.
      throw unusable();
    }
  }

  private static IllegalArgumentException unusable() {
    return new IllegalArgumentException(
        "A secret for %s is %s and base64".formatted(STANDARD_WEBHOOKS, STANDARD_SECRET_PREFIX));
  }

  private static byte[] signed(String before, byte[] body) {
    byte[] prefix = before.getBytes(StandardCharsets.UTF_8);
    byte[] signed = new byte[prefix.length + body.length];
    System.arraycopy(prefix, 0, signed, 0, prefix.length);
    System.arraycopy(body, 0, signed, prefix.length, body.length);
    return signed;
  }

  private static byte[] hmac(byte[] key, byte[] message) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      return mac.doFinal(message);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }

  private static String version() {
    Properties build = new Properties();
    try (InputStream in = WebhookSignatures.class.getResourceAsStream("/heddle.properties")) {
      if (in != null) {
        build.load(in);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return build.getProperty("version", "unknown");
  }
}
