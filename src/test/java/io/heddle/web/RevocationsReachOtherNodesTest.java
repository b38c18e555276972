package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.heddle.auth.StoredKeys;
import io.heddle.postgres.KeySql;
import io.heddle.tenancy.Tenant;
import io.heddle.web.TestHost.Key;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;

/** Three nodes on one database, of which one is deaf. */
@Timeout(180)
@ExtendWith(TestHost.Shared.class)
class RevocationsReachOtherNodesTest {

  private static final String KEYS = "/v1/host/heddle/keys";

  private static final String UNKNOWN_RUN = "/v1/runs/run-00000000000000000000000000";

  // Far shorter than what the two that hear believe, so nobody waits for that to end.
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private static final String LISTENS =
      "datname = current_database() and query like 'listen %' and pid <> pg_backend_pid()";

  private static JdbcClient database;

  private static TestHost here;

  private static TestHost there;

  private static TestHost deaf;

  @BeforeAll
  static void start(TestHost shared) {
    String url = shared.createDatabase("of_nodes_that_revoke");
    database = TestHost.database(url);
    String[] hearing = {
      "--spring.datasource.url=" + url, "--openwop.keys.cache=1h", "--openwop.keys.min-grace=0s"
    };
    here = TestHost.start(hearing);
    there = TestHost.start(hearing);
    deaf =
        TestHost.start(
            "--spring.datasource.url=" + url,
            "--openwop.stream.notifications=false",
            "--openwop.keys.cache=100ms");
    await().atMost(PATIENCE).until(() -> listeners() == 2);
  }

  @AfterAll
  static void stop() {
    List.of(deaf, there, here).forEach(TestHost::close);
  }

  private static int listeners() {
    return database
        .sql("select count(*) from pg_stat_activity where " + LISTENS)
        .query(Integer.class)
        .single();
  }

  /** A key that all nodes have seen and believe in. */
  private static JsonNode known() {
    JsonNode made = here.as(Key.ACME).post(KEYS, "{\"scopes\": [\"runs:read\"]}").json();
    for (TestHost host : List.of(here, there, deaf)) {
      assertThat(read(host, made).status()).isEqualTo(404);
    }
    return made;
  }

  private static Answer read(TestHost host, JsonNode key) {
    return new Caller(host.port(), key.get("key").asString()).get(UNKNOWN_RUN);
  }

  private static String path(JsonNode key) {
    return KEYS + "/" + key.get("keyId").asString();
  }

  private static void assertRefusedSoon(TestHost host, JsonNode key, String code) {
    await().atMost(PATIENCE).until(() -> read(host, key).status() == 401);
    Envelope.assertRefused(read(host, key), 401, code);
  }

  private static void assertChangedThere(Consumer<String> change, String code) {
    JsonNode key = known();
    change.accept(path(key));
    assertRefusedSoon(there, key, code);
  }

  @Test
  void whatOneNodeEndsTheOthersRefuse() {
    Caller acme = here.as(Key.ACME);
    assertChangedThere(
        key -> assertThat(acme.post(key + ":revoke", "{}").status()).isEqualTo(200), "key_revoked");
    assertChangedThere(
        key ->
            assertThat(acme.post(key + ":rotate", "{\"graceSeconds\": 0}").status()).isEqualTo(201),
        "key_revoked");
    assertChangedThere(
        key ->
            assertThat(
                    acme.post(key + ":expire", "{\"expiresAt\": \"2020-01-01T00:00:00Z\"}")
                        .status())
                .isEqualTo(200),
        "key_expired");
  }

  @Test
  void whatIsRevokedBesideTheHostsTheyRefuse() {
    JsonNode key = known();
    new KeySql(database).revoke(new Tenant("acme"), key.get("keyId").asString());
    assertRefusedSoon(there, key, "key_revoked");
    assertRefusedSoon(here, key, "key_revoked");
  }

  @Test
  void aNodeThatHearsNothingAsksForItself() {
    JsonNode key = known();
    here.as(Key.ACME).post(path(key) + ":revoke", "{}");
    assertRefusedSoon(deaf, key, "key_revoked");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aListenerThatWasCutOffBelievesNothingFromBefore(boolean again) {
    JsonNode key = known();
    int cut =
        database
            .sql("select count(pg_terminate_backend(pid)) from pg_stat_activity where " + LISTENS)
            .query(Integer.class)
            .single();
    database
        .sql("update openwop.api_key set revoked_at = now() where key_id = :key")
        .param("key", key.get("keyId").asString())
        .update();
    assertThat(cut).isEqualTo(2);
    assertRefusedSoon(there, key, "key_revoked");
    await().atMost(PATIENCE).until(() -> listeners() == 2);
    if (again) {
      whatOneNodeEndsTheOthersRefuse();
    }
  }

  @Test
  void whatNobodyTellsOfIsBelievedForItsTime() {
    JsonNode key = known();
    database
        .sql("update openwop.api_key set revoked_at = now() where key_id = :key")
        .param("key", key.get("keyId").asString())
        .update();
    assertThat(read(there, key).status()).isEqualTo(404);
    assertRefusedSoon(deaf, key, "key_revoked");
    there.bean(StoredKeys.class).forgetAll();
    Envelope.assertRefused(read(there, key), 401, "key_revoked");
  }
}
