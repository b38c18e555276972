package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.auth.StoredKeys;
import io.heddle.web.TestHost.Key;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

@ExtendWith(TestHost.Shared.class)
class KeysOverHttpTest {

  private static final String KEYS = "/v1/host/heddle/keys";

  private static final String UNKNOWN_RUN = "/v1/runs/run-00000000000000000000000000";

  private static final String READING = "{\"scopes\": [\"runs:read\"]}";

  private final TestHost host;

  private final Caller acme;

  KeysOverHttpTest(TestHost host) {
    this.host = host;
    this.acme = host.as(Key.ACME);
  }

  private JsonNode make(String body) {
    return made(acme.post(KEYS, body));
  }

  private static JsonNode made(Answer answer) {
    assertThat(answer.status()).as(answer.text()).isEqualTo(201);
    assertThat(answer.header("cache-control")).isEqualTo("no-store");
    return answer.json();
  }

  private static String id(JsonNode key) {
    return key.get("keyId").asString();
  }

  private Caller with(JsonNode made) {
    return new Caller(host.port(), made.get("key").asString());
  }

  private JsonNode read(String keyId) {
    return acme.get(KEYS + "/" + keyId).json();
  }

  /** As if time had passed for this key, on the one clock that counts. */
  private void pass(String keyId, String time) {
    host.database()
        .sql(
            """
            update openwop.api_key
            set expires_at = expires_at - :time::interval, revoked_at = revoked_at - :time::interval
            where key_id = :key
            """)
        .param("time", time)
        .param("key", keyId)
        .update();
    host.bean(StoredKeys.class).forget(keyId);
  }

  @Test
  void aNewKeyPermitsWhatItWasGrantedAndNothingElse() {
    JsonNode made = make("{\"scopes\": [\"runs:read\"], \"label\": \"orders\"}");

    assertThat(made.get("key").asString()).startsWith("hk_live_" + id(made) + "_");
    assertThat(made.get("state").asString()).isEqualTo("active");
    assertThat(made.get("createdBy").asString()).isEqualTo("acme-operator");
    assertThat(made.get("principal").asString()).isNotEqualTo("acme-operator");
    Envelope.assertRefused(with(made).get(UNKNOWN_RUN), 404, "not_found");
    Envelope.assertRefused(
        with(made).post("/v1/runs", "{\"workflowId\": \"conformance-noop\"}"), 403, "forbidden");
    String run = acme.startRun("conformance-noop");
    assertThat(with(made).get("/v1/runs/" + run).status()).isEqualTo(200);
    String foreign = host.as(Key.GLOBEX).startRun("conformance-noop");
    Envelope.assertRefused(with(made).get("/v1/runs/" + foreign), 404, "not_found");
  }

  @Test
  void aKeyIsShownOnceAndKeptNowhere() {
    String retry = UUID.randomUUID().toString();

    JsonNode made = made(acme.post(KEYS, READING, "Idempotency-Key", retry));
    Answer again = acme.post(KEYS, READING, "Idempotency-Key", retry);

    String key = made.get("key").asString();
    String secret = key.substring(key.lastIndexOf('_') + 1);
    assertThat(again.status()).isEqualTo(201);
    assertThat(again.header("openwop-idempotent-replay")).isEqualTo("true");
    assertThat(again.json().get("keyId")).isEqualTo(made.get("keyId"));
    assertThat(again.json().has("key")).isFalse();
    assertThat(read(id(made)).has("key")).isFalse();
    assertThat(acme.get(KEYS).text()).contains(id(made)).doesNotContain(secret);
    for (String table : List.of("api_key", "idempotency_record")) {
      assertThat(
              host.database()
                  .sql("select count(*) from openwop.%s t where t::text like :it".formatted(table))
                  .param("it", "%" + secret + "%")
                  .query(Integer.class)
                  .single())
          .as(table)
          .isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"scopes\": [\"runs:read\", \"keys:manage\", \"made:up\"]}",
        "{\"scopes\": [\"*\", \"made:up\"], \"groups\": [\"not-mine\"]}",
        "{\"scopes\": [\"runs:read\"], \"groups\": [\"not-mine\"]}",
        "{\"scopes\": [\"runs:read\"], \"roles\": [\"not-mine\"]}"
      })
  void nobodyGrantsMoreThanTheyHold(String body) {
    Envelope.assertRefused(acme.post(KEYS, body), 403, "forbidden");
  }

  @Test
  void aKeyWithFewRightsMakesNoneWithMoreAndTakesOverNone() {
    JsonNode keeper = make("{\"scopes\": [\"keys:manage\", \"runs:read\"]}");
    JsonNode mighty = make("{\"scopes\": [\"runs:read\", \"runs:create\"]}");

    Envelope.assertRefused(
        with(keeper).post(KEYS, "{\"scopes\": [\"runs:create\"]}"), 403, "forbidden");
    Envelope.assertRefused(with(keeper).post(KEYS, "{\"scopes\": [\"*\"]}"), 403, "forbidden");
    Envelope.assertRefused(
        with(keeper).post(KEYS + "/" + id(mighty) + ":rotate", "{}"), 403, "forbidden");
    assertThat(with(made(with(keeper).post(KEYS, READING))).get(UNKNOWN_RUN).status())
        .isEqualTo(404);
    Envelope.assertRefused(with(mighty).post(KEYS, READING), 403, "forbidden");
    // What it may do is take it away.
    assertThat(with(keeper).post(KEYS + "/" + id(mighty) + ":revoke", "{}").status())
        .isEqualTo(200);
    Envelope.assertRefused(with(mighty).get(UNKNOWN_RUN), 401, "key_revoked");
  }

  @Test
  void aKeyForTestsIsMadeByTestsOnly() {
    JsonNode ours = made(host.as(Key.TEST).post(KEYS, READING));

    assertThat(ours.get("key").asString()).startsWith("hk_test_");
    assertThat(ours.get("test").asBoolean()).isTrue();
    assertThat(make(READING).get("test").asBoolean()).isFalse();
    Envelope.assertRefused(acme.post(KEYS + "/" + id(ours) + ":rotate", "{}"), 403, "forbidden");
  }

  @Test
  void aKeyActsForItsCreatorOrForNobodyKnown() {
    JsonNode own = make("{\"scopes\": [\"runs:read\"], \"principal\": \"acme-operator\"}");

    assertThat(own.get("principal").asString()).isEqualTo("acme-operator");
    Envelope.assertRefused(
        acme.post(KEYS, "{\"scopes\": [\"runs:read\"], \"principal\": \"somebody\"}"),
        400,
        "validation_error");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "[]",
        "{\"scopes\": \"runs:read\"}",
        "{\"scopes\": [1]}",
        "{\"scopes\": [\"\"]}",
        "{\"scopes\": [\"runs:read\"], \"tenant\": \"globex\"}",
        "{\"scopes\": [\"runs:read\"], \"tenantId\": \"globex\"}",
        "{\"scopes\": [\"runs:read\"], \"test\": true}",
        "{\"scopes\": [\"runs:read\"], \"expiresAt\": \"tomorrow\"}",
        "{\"scopes\": [\"runs:read\"], \"expiresAt\": 5}",
        "{\"scopes\": [\"runs:read\"], \"expiresAt\": \"2020-01-01T00:00:00Z\"}",
        "{\"scopes\": [\"runs:read\"], \"expiresAt\": \"+999999999-01-01T00:00:00Z\"}",
        "{\"scopes\": [\"runs:read\"], \"workspace\": \"a\"}",
        "{\"scopes\": [\"runs:read\"], \"label\": \"\\u0000\"}"
      })
  void whatIsNoOrderForAKeyIsRefused(String body) {
    Envelope.assertRefused(acme.post(KEYS, body), 400, "validation_error");
  }

  @Test
  void bothKeysOfARotationAreOnePrincipalUntilTheGraceIsOver() {
    JsonNode old = make("{\"scopes\": [\"runs:read\", \"runs:create\"]}");
    String body = "{\"workflowId\": \"conformance-noop\"}";
    String retry = UUID.randomUUID().toString();
    Answer before = with(old).post("/v1/runs", body, "Idempotency-Key", retry);

    JsonNode next = made(acme.post(KEYS + "/" + id(old) + ":rotate", "{\"graceSeconds\": 86400}"));

    Answer after = with(next).post("/v1/runs", body, "Idempotency-Key", retry);
    assertThat(after.header("openwop-idempotent-replay")).isEqualTo("true");
    assertThat(after.text()).isEqualTo(before.text());
    assertThat(next.get("principal")).isEqualTo(old.get("principal"));
    assertThat(next.get("scopes")).isEqualTo(old.get("scopes"));
    assertThat(with(old).get(UNKNOWN_RUN).status()).isEqualTo(404);
    assertThat(read(id(old)).get("replacedBy")).isEqualTo(next.get("keyId"));
    assertThat(read(id(old)).get("state").asString()).isEqualTo("active");

    pass(id(old), "23 hours 59 minutes");
    assertThat(with(old).get(UNKNOWN_RUN).status()).isEqualTo(404);
    pass(id(old), "1 minute");
    Envelope.assertRefused(with(old).get(UNKNOWN_RUN), 401, "key_revoked");
    assertThat(with(next).get(UNKNOWN_RUN).status()).isEqualTo(404);
  }

  @Test
  void aKeyIsReplacedOnceAndOnlyWhileItIsActive() {
    JsonNode old = make(READING);
    String rotate = KEYS + "/" + id(old) + ":rotate";
    made(acme.post(rotate, "{}"));

    Envelope.assertRefused(acme.post(rotate, "{}"), 409, "heddle_key_not_active");

    JsonNode gone = make(READING);
    acme.post(KEYS + "/" + id(gone) + ":revoke", "{}");
    Envelope.assertRefused(
        acme.post(KEYS + "/" + id(gone) + ":rotate", "{}"), 409, "heddle_key_not_active");
    for (String body :
        List.of("{\"graceSeconds\": 86399}", "{\"graceSeconds\": 7776001}", "{\"grace\": 86400}")) {
      Envelope.assertRefused(
          acme.post(KEYS + "/" + id(make(READING)) + ":rotate", body), 400, "validation_error");
    }
  }

  @Test
  void aReplacementLivesAsLongAsTheOldKeyWasGiven() {
    Instant end = Instant.now().plus(10, ChronoUnit.DAYS).truncatedTo(ChronoUnit.SECONDS);
    JsonNode old = make("{\"scopes\": [\"runs:read\"], \"expiresAt\": \"%s\"}".formatted(end));

    JsonNode next = made(acme.post(KEYS + "/" + id(old) + ":rotate", "{}"));

    Instant later = Instant.parse(next.get("expiresAt").asString());
    assertThat(ChronoUnit.MICROS.between(Instant.parse(old.get("createdAt").asString()), end))
        .isEqualTo(
            ChronoUnit.MICROS.between(Instant.parse(next.get("createdAt").asString()), later));
  }

  @Test
  void anEndedKeySaysSoToWhoeverHasTheWholeOfItAndToNobodyElse() {
    JsonNode expiring =
        make("{\"scopes\": [\"runs:read\"], \"expiresAt\": \"2099-01-01T00:00:00Z\"}");
    JsonNode revoked = make(READING);
    acme.post(KEYS + "/" + id(expiring) + ":expire", "{\"expiresAt\": \"2020-01-01T00:00:00Z\"}");
    acme.post(KEYS + "/" + id(revoked) + ":revoke", "{}");

    Envelope.assertRefused(with(expiring).get(UNKNOWN_RUN), 401, "key_expired");
    Envelope.assertRefused(with(revoked).get(UNKNOWN_RUN), 401, "key_revoked");
    assertThat(read(id(expiring)).get("state").asString()).isEqualTo("expired");
    assertThat(read(id(revoked)).get("state").asString()).isEqualTo("revoked");
    for (JsonNode ended : List.of(expiring, revoked)) {
      String key = ended.get("key").asString();
      char last = key.charAt(key.length() - 1);
      String wrong = key.substring(0, key.length() - 1) + (last == 'A' ? 'B' : 'A');
      Answer refusal = new Caller(host.port(), wrong).get(UNKNOWN_RUN);
      Envelope.assertRefused(refusal, 401, "unauthenticated");
      assertThat(refusal.text()).doesNotContain(id(ended));
      Envelope.assertRefused(
          new Caller(host.port(), key.replace("hk_live_", "hk_test_")).get(UNKNOWN_RUN),
          401,
          "unauthenticated");
    }
  }

  @Test
  void anEndIsBroughtNearerNeverFurther() {
    JsonNode key = make("{\"scopes\": [\"runs:read\"], \"expiresAt\": \"2098-01-01T00:00:00Z\"}");
    String expire = KEYS + "/" + id(key) + ":expire";

    Envelope.assertRefused(
        acme.post(expire, "{\"expiresAt\": \"2099-01-01T00:00:00Z\"}"), 400, "validation_error");
    Envelope.assertRefused(acme.post(expire, "{}"), 400, "validation_error");
    assertThat(acme.post(expire, "{\"expiresAt\": \"2097-01-01T00:00:00Z\"}").status())
        .isEqualTo(200);
    assertThat(read(id(key)).get("expiresAt").asString()).startsWith("2097-01-01T00:00:00");
  }

  @Test
  void aRevokedKeyStaysRevokedSinceThen() {
    JsonNode key = make(READING);
    String revoke = KEYS + "/" + id(key) + ":revoke";

    JsonNode first = acme.post(revoke, "{}").json();
    JsonNode second = acme.post(revoke, "{}").json();

    assertThat(second.get("revokedAt")).isEqualTo(first.get("revokedAt"));
  }

  @Test
  void theKeysOfATenantAreNobodyElses() {
    JsonNode key = make(READING);
    Caller globex = host.as(Key.GLOBEX);
    String path = KEYS + "/" + id(key);

    Envelope.assertRefused(globex.get(path), 404, "not_found");
    Envelope.assertRefused(globex.post(path + ":rotate", "{}"), 404, "not_found");
    Envelope.assertRefused(globex.post(path + ":revoke", "{}"), 404, "not_found");
    Envelope.assertRefused(
        globex.post(path + ":expire", "{\"expiresAt\": \"2020-01-01T00:00:00Z\"}"),
        404,
        "not_found");
    assertThat(globex.get(KEYS).text()).doesNotContain(id(key));
    assertThat(with(key).get(UNKNOWN_RUN).status()).isEqualTo(404);
  }

  @Test
  void whatBecomesOfAKeyIsInTheAuditLogWithoutTheKey() {
    JsonNode key = make(READING);
    acme.post(KEYS + "/" + id(key) + ":rotate", "{}");
    with(key).get(UNKNOWN_RUN);
    host.bean(StoredKeys.class).recordUse();
    acme.post(KEYS + "/" + id(key) + ":revoke", "{}");

    List<String> entries = audited(id(key));

    assertThat(entries)
        .anyMatch(entry -> entry.contains("key.created"))
        .anyMatch(entry -> entry.contains("key.rotated"))
        .anyMatch(entry -> entry.contains("key.used"))
        .anyMatch(entry -> entry.contains("key.revoked"))
        .noneMatch(entry -> entry.contains(key.get("key").asString()));
  }

  private List<String> audited(String keyId) {
    List<String> entries = new ArrayList<>();
    for (String table :
        host.database()
            .sql(
                """
                select table_name from information_schema.tables
                where table_schema = 'openwop' and table_name like 'audit%'
                """)
            .query(String.class)
            .list()) {
      entries.addAll(
          host.database()
              .sql("select t::text from openwop.%s t where t::text like :key".formatted(table))
              .param("key", "%" + keyId + "%")
              .query(String.class)
              .list());
    }
    return entries;
  }

  @Test
  void theListGoesOnPageByPage() {
    List<String> made = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      made.add(0, id(make(READING)));
    }
    List<String> listed = new ArrayList<>();
    String cursor = "";
    while (listed.size() < made.size()) {
      JsonNode page = acme.get(KEYS + "?limit=2" + cursor).json();
      page.get("keys").forEach(key -> listed.add(id(key)));
      cursor = "&cursor=" + page.get("nextCursor").asString();
    }

    assertThat(listed.subList(0, made.size())).isEqualTo(made);
    Envelope.assertRefused(acme.get(KEYS + "?cursor=x"), 400, "validation_error");
    Envelope.assertRefused(acme.get(KEYS + "?limit=0"), 400, "validation_error");
  }

  @Test
  void useIsRecordedOnceInAWhileAndNotByTheRequest() {
    JsonNode key = make(READING);
    with(key).get(UNKNOWN_RUN);
    assertThat(read(id(key)).has("lastUsedAt")).isFalse();

    host.bean(StoredKeys.class).recordUse();
    String first = read(id(key)).get("lastUsedAt").asString();
    with(key).get(UNKNOWN_RUN);
    host.bean(StoredKeys.class).recordUse();

    assertThat(read(id(key)).get("lastUsedAt").asString()).isEqualTo(first);
  }
}
