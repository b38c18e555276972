package io.heddle.webhook;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.heddle.postgres.SecretSql;
import io.heddle.secret.SealedException;
import io.heddle.secret.SecretStore;
import io.heddle.secret.Vault;
import io.heddle.testkit.AtOnce;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.webhook.WebhookKeys.PublicKey;
import io.heddle.webhook.WebhookKeys.Rotation;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Signature;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Receivers always find the key of a delivery among those that are published. */
@Timeout(60)
class WebhookKeysTest {

  private static final byte[] MESSAGE = "1.{}".getBytes(UTF_8);

  private static final Rotation NEVER = new Rotation(null, Duration.ofHours(24));

  private static final Rotation MONTHLY = new Rotation(Duration.ofDays(30), Duration.ofDays(1));

  private static List<String> ids(WebhookKeys keys) {
    return keys.published().stream().map(PublicKey::keyId).toList();
  }

  private static String signs(WebhookKeys keys) {
    return keys.sign(MESSAGE).keyId();
  }

  private static final class Database {

    final JdbcClient jdbc = JdbcClient.create(PostgresPerJvm.freshDatabase().dataSource());

    final SecretStore store = new SecretSql(jdbc);

    Instant now() {
      return jdbc.sql("select now()").query(OffsetDateTime.class).single().toInstant();
    }

    WebhookKeys host(Vault vault, Rotation rotation, String... others) {
      return WebhookKeys.shared(store, vault, List.of(others), this::now, rotation);
    }

    /** For keys, time passes as they grow old. */
    void pass(Duration time) {
      jdbc.sql("update openwop.host_secret set created_at = created_at - :s * interval '1 second'")
          .param("s", time.toSeconds())
          .update();
    }

    int keys() {
      return jdbc.sql("select count(*) from openwop.host_secret where purpose = 'webhook-signing'")
          .query(Integer.class)
          .single();
    }
  }

  @Test
  void aConfiguredKeySignsAndIsPublishedBesideTheOthers() throws Exception {
    KeyPair pair = TestKeys.pair();
    KeyPair before = TestKeys.pair();
    KeyPair next = TestKeys.pair();
    WebhookKeys keys =
        WebhookKeys.configured(
            TestKeys.pem(pair.getPrivate()),
            List.of(
                TestKeys.pem(before.getPublic()),
                TestKeys.pem(next.getPrivate()),
                TestKeys.pem(pair.getPublic())));

    assertThat(ids(keys)).hasSize(3).doesNotHaveDuplicates().startsWith(signs(keys));
    int i = 0;
    for (KeyPair each : List.of(pair, before, next)) {
      byte[] encoded = each.getPublic().getEncoded();
      assertThat(keys.published().get(i++).bytes())
          .isEqualTo(Arrays.copyOfRange(encoded, encoded.length - 32, encoded.length));
    }
    Signature verifier = Signature.getInstance("Ed25519");
    verifier.initVerify(pair.getPublic());
    verifier.update(MESSAGE);
    assertThat(verifier.verify(keys.sign(MESSAGE).bytes())).isTrue();
  }

  @Test
  void aKeyIsWhatTheStandardSays() {
    // The example of RFC 8037, appendices A.1 to A.3.
    byte[] prefix = Base64.getDecoder().decode("MC4CAQAwBQYDK2VwBCIEIA==");
    byte[] seed = Base64.getUrlDecoder().decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
    byte[] pkcs8 = Arrays.copyOf(prefix, prefix.length + seed.length);
    System.arraycopy(seed, 0, pkcs8, prefix.length, seed.length);
    String pem =
        "-----BEGIN PRIVATE KEY-----\\n%s\\n-----END PRIVATE KEY-----\\n"
            .formatted(Base64.getEncoder().encodeToString(pkcs8));

    assertThat(WebhookKeys.configured(pem, List.of()).published().get(0).jwk())
        .isEqualTo(
            Map.of(
                "kty", "OKP",
                "crv", "Ed25519",
                "x", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                "kid", "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
                "use", "sig",
                "alg", "EdDSA"));
  }

  @Test
  void whatIsNoKeyStopsTheStartUntold() throws Exception {
    KeyPair other = KeyPairGenerator.getInstance("EC").generateKeyPair();
    PrivateKey good = TestKeys.pair().getPrivate();
    for (String pem :
        List.of(
            "hunter2",
            "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----\n!!!\n-----END PRIVATE KEY-----",
            TestKeys.pem(other.getPrivate()),
            TestKeys.pem(other.getPublic()),
            "-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n-----END OPENSSH PRIVATE KEY-----",
            "")) {
      assertThatThrownBy(() -> WebhookKeys.configured(pem, List.of()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("openwop.webhooks.signing-key ")
          .hasMessageNotContaining("hunter2")
          .hasNoCause();
      assertThatThrownBy(() -> WebhookKeys.configured(TestKeys.pem(good), List.of(pem)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("openwop.webhooks.previous-signing-keys")
          .hasNoCause();
    }
    assertThatThrownBy(
            () -> WebhookKeys.configured(TestKeys.pem(TestKeys.pair().getPublic()), List.of()))
        .hasMessage("openwop.webhooks.signing-key must be a private key");
  }

  @Test
  void hostsThatStartTogetherShareOneSealedKey() throws Exception {
    Database database = new Database();
    byte[] master = new byte[Vault.KEY_BYTES];
    List<WebhookKeys> hosts = AtOnce.call(8, i -> database.host(new Vault(master), NEVER));

    Set<String> signing = new HashSet<>();
    for (WebhookKeys host : hosts) {
      signing.add(signs(host));
      assertThat(ids(host)).containsExactly(signs(host));
    }
    assertThat(signing).hasSize(1);
    assertThat(database.keys()).isEqualTo(1);
    PublicKey key = hosts.get(0).published().get(0);
    assertThat(key.signsFrom()).isNotNull().isBeforeOrEqualTo(database.now());
    assertThat(key.publishedUntil()).isNull();
    byte[] sealed =
        database.jdbc.sql("select sealed from openwop.host_secret").query(byte[].class).single();
    assertThat(sealed).as("not the bare seed").hasSizeGreaterThan(60);

    byte[] another = new byte[Vault.KEY_BYTES];
    another[0] = 1;
    assertThatThrownBy(() -> database.host(new Vault(another), NEVER))
        .isInstanceOf(SealedException.class);
  }

  @Test
  void withoutRotationAKeySignsForEver() {
    Database database = new Database();
    WebhookKeys host = database.host(new Vault(null), NEVER);
    String key = signs(host);

    database.pass(Duration.ofDays(10_000));
    host.refresh();

    assertThat(ids(host)).containsExactly(key);
    assertThat(signs(host)).isEqualTo(key);
  }

  @Test
  void aNewKeyIsPublishedBeforeItSignsAndAnOldOneAfterwards() throws Exception {
    Database database = new Database();
    Vault vault = new Vault(null);
    List<WebhookKeys> hosts = AtOnce.call(4, i -> database.host(vault, MONTHLY));
    WebhookKeys late = database.host(vault, MONTHLY);
    String first = signs(late);

    database.pass(Duration.ofDays(30).minusHours(1));
    hosts.forEach(WebhookKeys::refresh);
    assertThat(database.keys()).as("not yet").isEqualTo(1);

    database.pass(Duration.ofHours(2));
    AtOnce.call(
        4,
        i -> {
          hosts.get(i).refresh();
          return i;
        });
    assertThat(database.keys()).as("one host made it").isEqualTo(2);
    String second = ids(hosts.get(0)).get(1);
    for (WebhookKeys host : hosts) {
      assertThat(ids(host)).containsExactly(first, second);
      assertThat(signs(host)).isEqualTo(first);
      PublicKey old = host.published().get(0);
      PublicKey next = host.published().get(1);
      assertThat(next.signsFrom()).isAfter(database.now());
      assertThat(old.publishedUntil()).isEqualTo(next.signsFrom().plus(Duration.ofDays(1)));
      assertThat(old.jwk()).containsKeys("nbf", "exp");
      assertThat(next.jwk()).containsKey("nbf").doesNotContainKey("exp");
    }
    assertThat(ids(hosts.get(0)))
        .as("what the host that knows least signs with")
        .contains(signs(late));

    database.pass(Duration.ofHours(25));
    hosts.forEach(WebhookKeys::refresh);
    for (WebhookKeys host : hosts) {
      assertThat(signs(host)).isEqualTo(second);
      assertThat(ids(host)).containsExactly(second, first);
    }
    assertThat(ids(hosts.get(0))).contains(signs(late));

    database.pass(Duration.ofHours(25));
    hosts.forEach(WebhookKeys::refresh);
    for (WebhookKeys host : hosts) {
      assertThat(ids(host)).containsExactly(second);
    }
    assertThat(signs(database.host(vault, MONTHLY))).isEqualTo(second);
    assertThat(database.keys()).isEqualTo(2);
  }

  @Test
  void keysStayWhileTheDatabaseIsAway() {
    Database database = new Database();
    WebhookKeys host = database.host(new Vault(null), MONTHLY);
    String key = signs(host);
    database.jdbc.sql("alter table openwop.host_secret rename to gone").update();

    host.refresh();

    assertThat(ids(host)).containsExactly(key);
  }

  @Test
  void theOperatorsOtherKeysArePublishedBesideTheSharedOne() {
    Database database = new Database();
    WebhookKeys host =
        database.host(new Vault(null), NEVER, TestKeys.pem(TestKeys.pair().getPublic()));

    assertThat(ids(host)).hasSize(2).startsWith(signs(host));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 9})
  void anOverlapThatReadersMayMissIsRefused(int minutes) {
    assertThatThrownBy(() -> new Rotation(null, Duration.ofMinutes(minutes)))
        .hasMessageContaining("openwop.webhooks.signing-key-overlap");
    assertThatThrownBy(() -> new Rotation(Duration.ofMinutes(19), Duration.ofMinutes(10)))
        .hasMessageContaining("openwop.webhooks.signing-key-rotation");
  }

  @Test
  void aKeyIsNotTold() {
    KeyPair pair = TestKeys.pair();
    WebhookKeys keys = WebhookKeys.configured(TestKeys.pem(pair.getPrivate()), List.of());
    byte[] encoded = pair.getPrivate().getEncoded();
    SigningKey key = SigningKey.ofPem("x", TestKeys.pem(pair.getPrivate()));

    assertThat(key.seed())
        .isEqualTo(Arrays.copyOfRange(encoded, encoded.length - 32, encoded.length));
    assertThat(keys.toString()).isEqualTo("WebhookKeys[1]");
    assertThat(key.toString()).isEqualTo("SigningKey[" + key.id() + "]");
  }
}
