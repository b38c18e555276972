package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.retention.RetentionStore;
import io.heddle.tenancy.Tenant;
import io.heddle.web.TestHost.Key;
import java.io.IOException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Whoever had a run hears that it is gone; for everybody else it never was. */
@ExtendWith(TestHost.Shared.class)
class AnExpiredRunIsToldFromAnUnknownOneTest {

  private static final String UNKNOWN = "run-00000000000000000000000000";

  private final TestHost host;

  private final List<Route> routes;

  private String expired = "";

  private String expiredAt = "";

  AnExpiredRunIsToldFromAnUnknownOneTest(TestHost host) {
    this.host = host;
    this.routes = Route.of(host).stream().filter(Route::isAboutARun).toList();
  }

  @BeforeEach
  void expire() {
    expired = host.as(Key.ACME).startRun("conformance-noop");
    host.as(Key.ACME).log(expired);
    assertThat(host.bean(RetentionStore.class).expire(new Tenant("acme"), expired)).isTrue();
    expiredAt =
        host.database()
            .sql("select expired_at from openwop.expired_run where run_id = :run")
            .param("run", expired)
            .query(OffsetDateTime.class)
            .single()
            .toInstant()
            .toString();
  }

  @Test
  void everyRouteSaysSoToItsTenant() throws IOException {
    assertThat(routes).hasSizeGreaterThan(5);
    for (Route route : routes) {
      assertExpired(Wire.exchange(host.port(), route.request(expired, bearer(Key.ACME))));
    }
    assertExpired(
        host.as(Key.ACME)
            .get("/v1/runs/%s/events".formatted(expired), "Accept", "text/event-stream"));
    assertExpired(
        host.as(Key.ACME)
            .get("/v1/runs/%s/events".formatted(expired), "Accept", "application/json"));
    assertExpired(host.as(Key.ACME).get("/v1/runs/%s/events/poll?timeout=30".formatted(expired)));
    assertExpired(host.as(Key.ACME_SECOND).get("/v1/runs/" + expired, "If-None-Match", "*"));
  }

  @Test
  void aStrangerHearsWhatItHearsOfAnUnknownOne() throws IOException {
    for (Route route : routes) {
      Answer anothers = Wire.exchange(host.port(), route.request(expired, bearer(Key.GLOBEX)));
      Answer nobodys = Wire.exchange(host.port(), route.request(UNKNOWN, bearer(Key.GLOBEX)));

      Envelope.assertRefused(anothers, 404, "not_found");
      assertThat(anothers.comparable().replace(expired, UNKNOWN)).isEqualTo(nobodys.comparable());
      Envelope.assertRefused(
          Wire.exchange(host.port(), route.request(UNKNOWN, bearer(Key.ACME))), 404, "not_found");
    }
  }

  @Test
  void theScopeIsAskedForFirst() throws IOException {
    for (Route route : routes) {
      Envelope.assertRefused(
          Wire.exchange(host.port(), route.request(expired, bearer(Key.POWERLESS))),
          403,
          "forbidden");
    }
  }

  @Test
  void aMutationUnderAKeyIsToldSoEachTime() {
    String path = "/v1/runs/%s/cancel".formatted(expired);
    String key = UUID.randomUUID().toString();

    Answer first = host.as(Key.ACME).post(path, "{}", "Idempotency-Key", key);
    Answer second = host.as(Key.ACME).post(path, "{}", "Idempotency-Key", key);

    assertExpired(first);
    assertExpired(second);
    assertThat(second.header("openwop-idempotent-replay")).isEqualTo("true");
    assertThat(second.text()).isEqualTo(first.text());
  }

  @Test
  void itIsNotListedAndABulkCancelDoesNotKnowIt() {
    assertThat(host.as(Key.ACME).get("/v1/host/heddle/runs?limit=200").text())
        .doesNotContain(expired);
    Answer bulk =
        host.as(Key.ACME).post("/v1/runs:bulk-cancel", "{\"runIds\": [\"%s\"]}".formatted(expired));
    assertThat(bulk.json().at("/results/0/error/code").asString()).isEqualTo("not_found");
  }

  @Test
  void whatIsMissingOfARunThatIsThereIsNotExpired() {
    String run = host.as(Key.ACME).startRun("conformance-noop");

    Answer answer =
        host.as(Key.ACME)
            .post(
                "/v1/runs/%s/annotations".formatted(run),
                "{\"signal\": {\"kind\": \"flag\"}, \"target\": {\"nodeId\": \"nowhere\"}}");

    assertThat(answer.status()).isIn(400, 404);
    assertThat(answer.json().get("error").asString()).isNotEqualTo("run_expired");
  }

  private void assertExpired(Answer answer) {
    Envelope.assertRefused(answer, 410, "run_expired");
    assertThat(answer.json().get("details").propertyNames()).containsExactly("expiredAt");
    assertThat(answer.json().at("/details/expiredAt").asString()).isEqualTo(expiredAt);
    assertThat(Instant.parse(expiredAt)).isNotNull();
  }

  private static String bearer(Key key) {
    return "Authorization: Bearer %s\r\n".formatted(key.secret());
  }
}
