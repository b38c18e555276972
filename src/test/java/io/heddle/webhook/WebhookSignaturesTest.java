package io.heddle.webhook;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PublicKey;
import java.security.Signature;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is signed can be verified by who knows the recipe, and only then. */
class WebhookSignaturesTest {

  private static final String MESSAGE = "msg_p5jXN8AQM9LWM0D4loKWxJek";

  private static final long TIMESTAMP = 1_614_265_330;

  private static final byte[] BODY = "{\"test\": 2432232314}".getBytes(UTF_8);

  private static final String SECRET = "a-secret-with-ü";

  private static final String STANDARD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

  private static final String STANDARD_SIGNATURE =
      "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

  private final KeyPair pair = TestKeys.pair();

  private final WebhookKeys keys =
      WebhookKeys.configured(TestKeys.pem(pair.getPrivate()), List.of());

  private Map<String, String> headers(
      @Nullable String eventType, List<String> secrets, String... algorithms) {
    return WebhookSignatures.headers(
        "sub-1", eventType, MESSAGE, TIMESTAMP, BODY, secrets, Set.of(algorithms), keys);
  }

  private static boolean verifies(PublicKey key, String message, byte[] body, String signature)
      throws GeneralSecurityException {
    ByteArrayOutputStream signed = new ByteArrayOutputStream();
    signed.writeBytes(message.getBytes(UTF_8));
    signed.writeBytes(body);
    Signature verifier = Signature.getInstance("Ed25519");
    verifier.initVerify(key);
    verifier.update(signed.toByteArray());
    return verifier.verify(Base64.getDecoder().decode(signature));
  }

  @Test
  void aPlainDeliveryCarriesTheProtocolsHeadersTwiceAndTheHostsOwn() {
    Map<String, String> headers = new LinkedHashMap<>(headers("run.completed", List.of(SECRET)));

    assertThat(headers.remove("User-Agent"))
        .matches("openwop-webhook-dispatcher/\\d+\\.\\d+\\.\\d+.*");
    assertThat(headers.remove("X-Heddle-Signature"))
        .matches("keyId=[A-Za-z0-9_-]{43},alg=ed25519,sig=[A-Za-z0-9+/]{86}==");
    // By openssl dgst -sha256 -hmac.
    String signature = "sha256=e646a16772cebd0106cc7f3b5e752daadf892b461fabd0dbe52a3d270c226844";
    assertThat(headers)
        .containsExactlyInAnyOrderEntriesOf(
            Map.ofEntries(
                Map.entry("Content-Type", "application/json"),
                Map.entry("X-openwop-Webhook-Id", "sub-1"),
                Map.entry("X-openwop-Event-Type", "run.completed"),
                Map.entry("X-openwop-Timestamp", "1614265330"),
                Map.entry("X-openwop-Signature", signature),
                Map.entry("X-openwop-Signature-Algorithm", "v1"),
                Map.entry("OpenWOP-Webhook-Id", "sub-1"),
                Map.entry("OpenWOP-Event-Type", "run.completed"),
                Map.entry("OpenWOP-Timestamp", "1614265330"),
                Map.entry("OpenWOP-Signature", signature),
                Map.entry("OpenWOP-Signature-Algorithm", "v1")));
  }

  @Test
  void theHostsOwnSignatureIsEd25519OfWhatTheSecretSigns() throws GeneralSecurityException {
    String[] parts = headers("a.b", List.of(SECRET)).get("X-Heddle-Signature").split(",sig=");

    assertThat(parts[0]).isEqualTo("keyId=" + keys.published().get(0).keyId() + ",alg=ed25519");
    assertThat(verifies(pair.getPublic(), TIMESTAMP + ".", BODY, parts[1])).isTrue();
    assertThat(verifies(pair.getPublic(), TIMESTAMP + 1 + ".", BODY, parts[1])).isFalse();
    assertThat(verifies(pair.getPublic(), TIMESTAMP + ".", new byte[0], parts[1])).isFalse();
    assertThat(verifies(TestKeys.pair().getPublic(), TIMESTAMP + ".", BODY, parts[1])).isFalse();
  }

  @Test
  void standardWebhooksSignsAsItsLibrariesDo() {
    Map<String, String> headers =
        headers("a.b", List.of(STANDARD_SECRET), "v1", "standard-webhooks-1");

    assertThat(headers)
        .containsEntry("webhook-id", MESSAGE)
        .containsEntry("webhook-timestamp", "1614265330")
        .containsEntry("webhook-signature", STANDARD_SIGNATURE)
        .containsEntry("X-openwop-Signature-Algorithm", "v1")
        // Of the whole text of the secret, as for anybody.
        .containsEntry(
            "X-openwop-Signature", WebhookSignatures.v1(STANDARD_SECRET, TIMESTAMP, BODY));
  }

  @Test
  void whileTwoSecretsAreLiveTheFirstSignsV1AndBothSignTheRest() {
    String next = "whsec_" + Base64.getEncoder().encodeToString(new byte[32]);
    Map<String, String> headers =
        headers("a.b", List.of(STANDARD_SECRET, next), "v1", "standard-webhooks-1");

    assertThat(headers.get("X-openwop-Signature"))
        .isEqualTo(WebhookSignatures.v1(STANDARD_SECRET, TIMESTAMP, BODY));
    assertThat(headers.get("webhook-signature").split(" "))
        .hasSize(2)
        .doesNotHaveDuplicates()
        .startsWith(STANDARD_SIGNATURE);
    assertThat(headers.get("webhook-signature"))
        .isEqualTo(
            STANDARD_SIGNATURE
                + " "
                + WebhookSignatures.standard(MESSAGE, TIMESTAMP, BODY, List.of(next)));
  }

  @Test
  void theAsymmetricAlgorithmIsStandardWebhooksWithTheHostsKey() throws GeneralSecurityException {
    Map<String, String> headers = headers("a.b", List.of(SECRET), "v1", "heddle-ed25519-1");

    assertThat(headers).containsEntry("webhook-id", MESSAGE);
    assertThat(headers).containsEntry("webhook-timestamp", "1614265330");
    String signature = headers.get("webhook-signature");
    assertThat(signature).startsWith("v1a,").doesNotContain(" ");
    assertThat(
            verifies(
                pair.getPublic(), MESSAGE + "." + TIMESTAMP + ".", BODY, signature.substring(4)))
        .isTrue();
    assertThat(headers).containsEntry("X-openwop-Signature-Algorithm", "v1");
  }

  @Test
  void bothAlgorithmsShareOneHeader() {
    String signatures =
        headers("a.b", List.of(STANDARD_SECRET), "v1", "standard-webhooks-1", "heddle-ed25519-1")
            .get("webhook-signature");

    assertThat(signatures).startsWith(STANDARD_SIGNATURE + " v1a,");
    assertThat(signatures.split(" ")).hasSize(2);
  }

  @Test
  void whoDidNotChooseThemGetsNoHeadersOfStandardWebhooks() {
    assertThat(headers("a.b", List.of(STANDARD_SECRET), "v1"))
        .doesNotContainKeys("webhook-id", "webhook-timestamp", "webhook-signature");
  }

  @Test
  void aVerificationOfTheEndpointIsNoDelivery() {
    Map<String, String> headers =
        headers(null, List.of(STANDARD_SECRET), "v1", "standard-webhooks-1");

    assertThat(headers)
        .containsOnlyKeys(
            "Content-Type", "User-Agent", "webhook-id", "webhook-timestamp", "webhook-signature")
        .containsEntry("webhook-signature", STANDARD_SIGNATURE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"plain", "whsec_", "whsec_hunter2!", "WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})
  void aSecretThatCannotSignIsNotTold(String secret) {
    assertThatThrownBy(() -> WebhookSignatures.standard(MESSAGE, TIMESTAMP, BODY, List.of(secret)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasNoCause()
        .hasMessageNotContainingAny("hunter2", "plain", "MfKQ");
  }
}
