package io.heddle.auth;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.auth.KeyService.Made;
import io.heddle.auth.KeyStore.Known;
import io.heddle.postgres.KeySql;
import io.heddle.postgres.SecretSql;
import io.heddle.secret.Vault;
import io.heddle.spi.Authenticator.Authenticated;
import io.heddle.spi.Authenticator.Expired;
import io.heddle.spi.Authenticator.Outcome;
import io.heddle.spi.Authenticator.Revoked;
import io.heddle.spi.Authenticator.Unknown;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.AtOnce;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.PostgresPerJvm.Database;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class StoredKeysTest {

  private static final Tenant ACME = new Tenant("acme");

  private static final Duration LONG = Duration.ofHours(1);

  private static Database database;

  private static Asked store;

  private final KeySecrets secrets = secrets(new Vault(null));

  private final KeyService keys =
      new KeyService(store, secrets, new LoggedKeyEvents(), Duration.ZERO);

  @BeforeAll
  static void open() {
    database = PostgresPerJvm.freshDatabase();
    store = new Asked(new KeySql(database.jdbc()));
  }

  private static KeySecrets secrets(Vault vault) {
    return new KeySecrets(new SecretSql(database.jdbc()), vault);
  }

  private Made made(@Nullable Instant expiresAt) {
    Grant grant =
        new Grant(
            "acme",
            Grant.somebodyNew(),
            Set.of("runs:read"),
            Set.of("finance"),
            Set.of("approver"),
            false);
    return keys.issue(grant, null, "operator", expiresAt).orElseThrow();
  }

  private StoredKeys host(Duration believed) {
    return new StoredKeys(store, secrets, new LoggedKeyEvents(), believed);
  }

  @Test
  void theHolderIsWhoTheKeyWasGivenTo() {
    Made made = made(null);

    Outcome outcome = host(LONG).authenticate(made.key());

    assertThat(outcome).isEqualTo(new Authenticated(made.stored().grant().holder()));
    assertThat(((Authenticated) outcome).principal().groups()).containsExactly("finance");
    assertThat(((Authenticated) outcome).principal().roles()).containsExactly("approver");
  }

  @Test
  void theDatabaseIsAskedOnceInAWhileForAKeyAndNeverForAnIdItNeverGaveOut() {
    StoredKeys host = host(LONG);
    Made made = made(null);
    int before = store.asked.get();
    for (int i = 0; i < 10; i++) {
      assertThat(host.authenticate(made.key())).isInstanceOf(Authenticated.class);
      assertThat(host.authenticate(made.key() + "x")).isInstanceOf(Unknown.class);
    }
    assertThat(store.asked.get()).isEqualTo(before + 1);

    char first = made.stored().keyId().charAt(0);
    String unsealed =
        made.key()
            .replace(
                made.stored().keyId(),
                (first == '0' ? '1' : '0') + made.stored().keyId().substring(1));
    for (String stranger : List.of(unsealed, "hk_live_", "x", "a.b.c", "hk_live_".repeat(1000))) {
      assertThat(host.authenticate(stranger)).as(stranger).isInstanceOf(Unknown.class);
    }
    assertThat(store.asked.get()).isEqualTo(before + 1);
  }

  @Test
  void whatAnotherNodeRevokedIsRefusedOnceTheDatabaseIsAskedAgain() {
    Made made = made(null);
    StoredKeys believing = host(LONG);
    StoredKeys asking = host(Duration.ZERO);
    believing.authenticate(made.key());
    asking.authenticate(made.key());

    keys.revoke(made.stored(), "operator");

    assertThat(asking.authenticate(made.key())).isInstanceOf(Revoked.class);
    assertThat(believing.authenticate(made.key())).isInstanceOf(Authenticated.class);
    believing.forget(made.stored().keyId());
    assertThat(believing.authenticate(made.key())).isInstanceOf(Revoked.class);
  }

  @Test
  void anAnswerThatWasOnItsWayWhileTheKeyChangedIsNotBelieved() {
    for (boolean all : List.of(false, true)) {
      Made made = made(null);
      StoredKeys host = host(LONG);
      store.meanwhile =
          () -> {
            keys.revoke(made.stored(), "operator");
            if (all) {
              host.forgetAll();
            } else {
              host.forget(made.stored().keyId());
            }
          };
      // It was asked before.
      assertThat(host.authenticate(made.key())).isInstanceOf(Authenticated.class);
      assertThat(host.authenticate(made.key())).isInstanceOf(Revoked.class);
    }
  }

  @Test
  void anEndComesByTheDatabasesClockEvenWhileItIsBelieved() {
    Made made = made(Instant.now().plusSeconds(3600));
    StoredKeys host = host(LONG);
    assertThat(host.authenticate(made.key())).isInstanceOf(Authenticated.class);
    assertThat(keys.expire(made.stored(), Instant.now().minusSeconds(1), "operator")).isPresent();

    assertThat(host(LONG).authenticate(made.key())).isInstanceOf(Expired.class);
    database
        .jdbc()
        .sql(
            "update openwop.api_key set expires_at = now() + interval '5 minutes' where key_id = :key")
        .param("key", made.stored().keyId())
        .update();
    assertThat(host(LONG).authenticate(made.key())).isInstanceOf(Authenticated.class);
  }

  @Test
  void ofManyWhoReplaceAKeyOneDoes() throws Exception {
    Made made = made(null);

    List<Optional<Made>> replaced =
        AtOnce.call(8, caller -> keys.replace(made.stored(), LONG, "caller-" + caller, null));

    assertThat(replaced).filteredOn(Optional::isPresent).hasSize(1);
    Made next = replaced.stream().flatMap(Optional::stream).findFirst().orElseThrow();
    assertThat(store.find(ACME, made.stored().keyId()).orElseThrow().replacedBy())
        .isEqualTo(next.stored().keyId());
    StoredKeys host = host(LONG);
    assertThat(host.authenticate(made.key())).isEqualTo(host.authenticate(next.key()));
  }

  @Test
  void aReplacementThatWouldHaveEndedLeavesTheOldKeyAlone() {
    Made made = made(null);

    assertThat(keys.replace(made.stored(), LONG, "operator", Instant.EPOCH)).isEmpty();

    assertThat(store.find(ACME, made.stored().keyId()).orElseThrow().revokedAt()).isNull();
  }

  @Test
  void aKeyOfAnotherTenantIsNotChanged() {
    Made made = made(null);
    Tenant globex = new Tenant("globex");
    String keyId = made.stored().keyId();

    assertThat(store.find(globex, keyId)).isEmpty();
    assertThat(store.revoke(globex, keyId)).isEmpty();
    assertThat(store.expire(globex, keyId, Instant.EPOCH)).isEmpty();
    assertThat(store.page(globex, null, 100).keys()).isEmpty();
    assertThat(host(LONG).authenticate(made.key())).isInstanceOf(Authenticated.class);
  }

  @Test
  void allHostsOfADatabaseKnowEachOthersKeys() {
    Made made = made(null);
    KeySecrets another = secrets(new Vault(null));

    assertThat(new StoredKeys(store, another, new LoggedKeyEvents(), LONG).authenticate(made.key()))
        .isInstanceOf(Authenticated.class);
  }

  @Test
  void theHashIsOfNoUseWithoutTheHostsSecret() {
    Made made = made(null);
    Known known = store.known(made.stored().keyId()).orElseThrow();

    assertThat(known.hash()).isNotEqualTo(HexFormat.of().parseHex(ApiKeys.hashOf(made.key())));
    assertThat(made.toString() + secrets + made.stored())
        .doesNotContain(made.key())
        .doesNotContain(made.key().substring(made.key().lastIndexOf('_') + 1));
  }

  /** The real store, and how often it was asked about a key. */
  private static final class Asked implements KeyStore {

    private final KeyStore store;

    private final AtomicInteger asked = new AtomicInteger();

    /** Happens once between an answer and its arrival. */
    private Runnable meanwhile = () -> {};

    Asked(KeyStore store) {
      this.store = store;
    }

    @Override
    public Optional<Known> known(String keyId) {
      asked.incrementAndGet();
      Optional<Known> known = store.known(keyId);
      Runnable now = meanwhile;
      meanwhile = () -> {};
      now.run();
      return known;
    }

    @Override
    public boolean isEmpty() {
      return store.isEmpty();
    }

    @Override
    public Optional<StoredKey> create(Grant grant, NewKey key) {
      return store.create(grant, key);
    }

    @Override
    public Optional<StoredKey> replace(Tenant tenant, String oldKeyId, Duration grace, NewKey key) {
      return store.replace(tenant, oldKeyId, grace, key);
    }

    @Override
    public Optional<StoredKey> find(Tenant tenant, String keyId) {
      return store.find(tenant, keyId);
    }

    @Override
    public Page page(Tenant tenant, @Nullable Position after, int limit) {
      return store.page(tenant, after, limit);
    }

    @Override
    public Optional<StoredKey> revoke(Tenant tenant, String keyId) {
      return store.revoke(tenant, keyId);
    }

    @Override
    public Optional<StoredKey> expire(Tenant tenant, String keyId, Instant at) {
      return store.expire(tenant, keyId, at);
    }

    @Override
    public List<StoredKey> used(Collection<String> keyIds, Duration every) {
      return store.used(keyIds, every);
    }
  }
}
