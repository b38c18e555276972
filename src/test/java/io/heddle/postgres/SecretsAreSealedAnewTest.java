package io.heddle.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.heddle.run.EventType;
import io.heddle.secret.Resealing;
import io.heddle.secret.SealedException;
import io.heddle.secret.SealedValues;
import io.heddle.secret.SecretStore;
import io.heddle.secret.Vault;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.AtOnce;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.PostgresPerJvm.Database;
import io.heddle.webhook.Subscription;
import io.heddle.webhook.Webhooks;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

@Timeout(60)
class SecretsAreSealedAnewTest {

  private static final byte[] OLD = key(1);

  private static final byte[] NEW = key(2);

  private static final byte[] LOST = key(3);

  private static final Tenant ACME = new Tenant("acme");

  private static final String HOSTS = "a-purpose";

  /** More than are looked at in one go. */
  private static final int MANY = 450;

  private final Database database = PostgresPerJvm.freshDatabase();

  private final SecretSql secrets = new SecretSql(database.jdbc());

  private final WebhookSql webhooks =
      new WebhookSql(
          database.jdbc(),
          new TransactionTemplate(new JdbcTransactionManager(database.dataSource())));

  private static byte[] key(int n) {
    byte[] key = new byte[Vault.KEY_BYTES];
    Arrays.fill(key, (byte) n);
    return key;
  }

  private static Vault old() {
    return new Vault(OLD);
  }

  private static Vault renewed() {
    return new Vault(NEW, List.of(OLD), null);
  }

  private Resealing host(Vault vault) {
    return new Resealing(vault, SealedSql.all(database.jdbc()));
  }

  @BeforeEach
  void aHostHasSealedSomeSecrets() {
    store(old());
  }

  private void store(Vault vault) {
    secrets.findOrCreate(HOSTS, new SecretStore.Stored("first", vault.seal(bytes("first"), HOSTS)));
    secrets.add(
        HOSTS, "first", new SecretStore.Stored("second", vault.seal(bytes("second"), HOSTS)));
    register(vault, "webhook-of-the-host-0", "before");
    rotate(vault, "webhook-of-the-host-0", "after");
  }

  private void register(Vault vault, String webhookId, String secret) {
    webhooks.insert(
        new Subscription(
            ACME,
            webhookId,
            "https://a.example",
            Set.of(EventType.RUN_COMPLETED),
            null,
            List.of("v1"),
            new Subscription.Secrets(sealed(vault, webhookId, secret), null)),
        "p",
        1_000);
  }

  private void rotate(Vault vault, String webhookId, String secret) {
    webhooks.rotate(ACME, webhookId, sealed(vault, webhookId, secret), Duration.ofHours(1));
  }

  private static byte[] sealed(Vault vault, String webhookId, String secret) {
    return vault.seal(bytes(secret), Webhooks.purpose(webhookId));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String opened(Vault vault, byte @Nullable [] sealed, String purpose) {
    return new String(vault.open(sealed, purpose), StandardCharsets.UTF_8);
  }

  private void assertAllAreOpenedBy(Vault vault) {
    assertThat(secrets.findOrCreate(HOSTS, new SecretStore.Stored("x", new byte[1])))
        .extracting(stored -> opened(vault, stored.sealed(), HOSTS))
        .containsExactly("second", "first");
    assertThat(secret(vault, "webhook-of-the-host-0")).isEqualTo("after");
    assertThat(previous(vault, "webhook-of-the-host-0")).isEqualTo("before");
  }

  private String secret(Vault vault, String webhookId) {
    return opened(vault, stored(webhookId).current(), Webhooks.purpose(webhookId));
  }

  private String previous(Vault vault, String webhookId) {
    return opened(vault, stored(webhookId).previous(), Webhooks.purpose(webhookId));
  }

  private Subscription.Secrets stored(String webhookId) {
    return webhooks.find(ACME, webhookId).orElseThrow().secrets();
  }

  @Test
  void whatAFormerKeySealedIsSealedWithTheOneThatSealsNow() {
    Resealing host = host(renewed());
    assertThat(host.outdated()).isNaN();
    assertAllAreOpenedBy(renewed());

    host.pass();

    assertThat(host.resealed()).isEqualTo(4);
    assertThat(host.outdated()).isZero();
    assertThat(host.unreadable()).isZero();
    assertAllAreOpenedBy(new Vault(NEW));
    assertThatThrownBy(() -> assertAllAreOpenedBy(old())).isInstanceOf(SealedException.class);

    host.pass();

    assertThat(host.resealed()).isEqualTo(4);
  }

  @Test
  void whatWasStoredInClearIsSealedOnceThereIsAKey() {
    Vault none = new Vault(null);
    register(none, "webhook-in-clear-0", "clear");
    Resealing host = host(old());

    host.pass();

    assertThat(host.resealed()).isEqualTo(1);
    assertThat(secret(old(), "webhook-in-clear-0")).isEqualTo("clear");
    assertThatThrownBy(() -> secret(none, "webhook-in-clear-0"))
        .isInstanceOf(SealedException.class);
  }

  @Test
  void whatOthersSealedWithTheNextKeyIsReadAndLeftAlone() {
    host(renewed()).pass();
    Vault ahead = new Vault(OLD, List.of(), NEW);
    Resealing host = host(ahead);

    host.pass();

    assertThat(host.resealed()).isZero();
    assertThat(host.outdated()).isZero();
    assertThat(host.unreadable()).isZero();
    assertAllAreOpenedBy(ahead);
    assertAllAreOpenedBy(new Vault(NEW));
    assertThat(opened(old(), ahead.seal(bytes("a"), HOSTS), HOSTS)).isEqualTo("a");
  }

  @Test
  void whatNoKeyOpensIsCountedAndStays() {
    register(new Vault(LOST), "webhook-of-the-lost-key", "lost");
    register(old(), "webhook-tampered-with", "tampered");
    database
        .jdbc()
        .sql(
            """
            update openwop.webhook_subscription set secret = set_byte(secret, 30, 255 - get_byte(secret, 30))
            where webhook_id = 'webhook-tampered-with'
            """)
        .update();
    Resealing host = host(renewed());

    host.pass();

    assertThat(host.resealed()).isEqualTo(4);
    assertThat(host.outdated()).isZero();
    assertThat(host.unreadable()).isEqualTo(2);
    assertThat(secret(new Vault(LOST), "webhook-of-the-lost-key")).isEqualTo("lost");
    assertAllAreOpenedBy(new Vault(NEW));
  }

  @Test
  void manyNodesSealEachValueOnce() throws Exception {
    for (int i = 1; i <= MANY; i++) {
      register(old(), "webhook-of-the-host-" + i, "secret-" + i);
    }

    List<Resealing> hosts =
        AtOnce.call(
            4,
            i -> {
              Resealing host = host(renewed());
              host.pass();
              return host;
            });

    assertThat(hosts.stream().mapToLong(Resealing::resealed).sum()).isEqualTo(MANY + 4);
    Resealing last = host(renewed());
    last.pass();
    assertThat(last.resealed()).isZero();
    assertThat(last.outdated()).isZero();
    assertAllAreOpenedBy(new Vault(NEW));
    for (int i = 1; i <= MANY; i++) {
      assertThat(secret(new Vault(NEW), "webhook-of-the-host-" + i)).isEqualTo("secret-" + i);
    }
  }

  @Test
  void aSecretThatIsReplacedMeanwhileStaysReplaced() {
    Resealing host =
        new Resealing(
            renewed(),
            SealedSql.all(database.jdbc()).stream()
                .<SealedValues>map(
                    values ->
                        new Interrupted(
                            values,
                            id -> {
                              if (id.equals("webhook-of-the-host-0")) {
                                rotate(old(), id, "latest");
                              }
                            }))
                .toList());

    host.pass();

    assertThat(host.outdated()).isEqualTo(2);
    assertThat(secret(renewed(), "webhook-of-the-host-0")).isEqualTo("latest");
    host(renewed()).pass();
    assertThat(secret(new Vault(NEW), "webhook-of-the-host-0")).isEqualTo("latest");
  }

  /** The real ones; something happens between reading a value and replacing it. */
  private record Interrupted(SealedValues values, Consumer<String> meanwhile)
      implements SealedValues {

    @Override
    public List<Value> others(byte[] beginning, String after, int limit) {
      List<Value> others = values.others(beginning, after, limit);
      others.forEach(value -> meanwhile.accept(value.id()));
      return others;
    }

    @Override
    public boolean replace(Value value, byte[] sealed) {
      return values.replace(value, sealed);
    }
  }

  @Test
  void anotherTenantsNameReplacesNothing() {
    SealedValues ofWebhooks = SealedSql.all(database.jdbc()).get(1);
    SealedValues.Value value = ofWebhooks.others(new byte[1], "", 10).get(0);

    assertThat(
            ofWebhooks.replace(
                new SealedValues.Value("globex", value.id(), value.purpose(), value.sealed()),
                new byte[1]))
        .isFalse();
    assertThat(value.tenant()).isEqualTo("acme");
    assertThat(secret(old(), value.id())).isEqualTo("after");
  }
}
