package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.web.TestHost.Key;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** A deployment for tests tells how it decides, of principals of the caller's tenant. */
@ExtendWith(TestHost.Shared.class)
class AuthorizationSeamsTest {

  private static final String DECIDE = "/v1/host/sample/authorization/decide";

  private static final String GATE = "/v1/host/sample/governance/approval-gate";

  private final TestHost host;

  private final Caller acme;

  AuthorizationSeamsTest(TestHost host) {
    this.host = host;
    this.acme = host.as(Key.ACME);
  }

  @ParameterizedTest
  @CsvSource({
    "acme-operator,runs:cancel,true",
    "acme-operator,runs:anything,false",
    "acme-operator,*,false",
    "acme-deputy,approvals:respond,true",
    "acme-deputy,runs:read,true",
    "acme-deputy,runs:cancel,false",
    // A role that this host does not know is worth nothing, though the holder has scopes.
    "acme-controller,deploy:promote,false",
    "conformance-approver-principal,approvals:respond,true",
    "conformance-approver-principal,runs:cancel,false",
    "conformance-owner-principal,runs:cancel,true",
    "conformance-unseeded-principal,runs:cancel,false",
    "globex-operator,runs:read,false",
    "'',runs:read,",
  })
  void whoeverIsNotKnownMayNothing(String principal, String action, Boolean allowed) {
    Answer answer =
        acme.post(
            DECIDE,
            "{\"principal\": \"%s\", \"action\": \"%s\", \"resource\": \"run-1\"}"
                .formatted(principal, action));
    if (allowed == null) {
      Envelope.assertRefused(answer, 400, "validation_error");
      return;
    }
    assertThat(answer.status()).as("%s", answer).isEqualTo(200);
    JsonNode decision = answer.json();
    assertThat(decision.get("allowed").isBoolean()).isTrue();
    assertThat(decision.get("allowed").asBoolean()).isEqualTo(allowed);
    assertThat(decision.get("resource").asString()).isEqualTo("run-1");
    assertThat(decision.get("reason").asString()).isNotBlank();
  }

  @ParameterizedTest
  @CsvSource({
    "unauthorized-grant,conformance-unauthorized-principal,false,authorization.decided",
    "grant,conformance-unauthorized-principal,false,authorization.decided",
    "grant,conformance-approver-principal,true,approval.granted",
    "unauthorized-grant,conformance-approver-principal,true,approval.granted",
    "reject,conformance-approver-principal,false,approval.rejected",
    "reject,acme-operator,false,authorization.decided",
    "override,conformance-owner-principal,true,approval.overridden",
    "override,conformance-approver-principal,false,authorization.decided",
    "quorum,conformance-approver-principal,true,approval.granted",
    "quorum,conformance-second-approver-principal,false,approval.granted",
    "quorum,conformance-unauthorized-principal,false,authorization.decided",
    "grant,acme-deputy,true,approval.granted",
    "grant,globex-approver,false,authorization.decided",
  })
  void aGateIsReleasedByThoseWhoMay(
      String scenario, String principal, boolean released, String type) {
    JsonNode told =
        acme.post(
                GATE,
                "{\"scenario\": \"%s\", \"principal\": \"%s\", \"reason\": \"a test\"}"
                    .formatted(scenario, principal))
            .json();

    assertThat(told.get("released").isBoolean()).as("%s", told).isTrue();
    assertThat(told.get("released").asBoolean()).isEqualTo(released);
    assertThat(told.at("/event/type").asString()).isEqualTo(type);
    if (type.equals("approval.overridden")) {
      assertThat(told.at("/event/payload/reason").asString()).isEqualTo("a test");
    }
    if (type.equals("authorization.decided")) {
      assertThat(told.at("/event/payload/allowed").asBoolean(true)).isFalse();
    }
  }

  @Test
  void anOverrideWithoutAReasonIsNone() {
    Envelope.assertRefused(
        acme.post(
            GATE, "{\"scenario\": \"override\", \"principal\": \"conformance-owner-principal\"}"),
        400,
        "INVALID_RESUME_VALUE");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{}|/scenario",
        "{\"scenario\": \"approve\", \"principal\": \"p\"}|/scenario",
        "{\"scenario\": [\"grant\"], \"principal\": \"p\"}|/scenario",
        "{\"scenario\": \"grant\"}|/principal",
        "{\"scenario\": \"grant\", \"principal\": 1}|/principal",
        "{\"scenario\": \"grant\", \"principal\": \"p\", \"reason\": 1}|/reason",
      })
  void whatMakesNoSenseIsRefusedWithItsPlace(String body, String place) {
    Answer answer = acme.post(GATE, body);

    Envelope.assertRefused(answer, 400, "validation_error");
    assertThat(answer.text()).contains(place);
  }

  @Test
  void strangersAreNotAnswered() {
    String decide = "{\"principal\": \"p\", \"action\": \"a\", \"resource\": \"r\"}";
    String speak = "{\"scenario\": \"grant\", \"principal\": \"conformance-approver-principal\"}";

    Envelope.assertRefused(host.anonymous().post(DECIDE, decide), 401, "unauthenticated");
    Envelope.assertRefused(host.anonymous().post(GATE, speak), 401, "unauthenticated");
    Envelope.assertRefused(host.as(Key.POWERLESS).post(DECIDE, decide), 403, "forbidden");
    Envelope.assertRefused(host.as(Key.POWERLESS).post(GATE, speak), 403, "forbidden");
    assertThat(host.anonymous().get(GATE).status()).isEqualTo(401);
  }

  @Test
  void whatIsAdvertisedIsWhatIsThere() {
    JsonNode family = host.anonymous().get("/.well-known/openwop").json().get("authorization");

    assertThat(family.get("supported").asBoolean()).isTrue();
    assertThat(family.get("failClosed").asBoolean()).isTrue();
    assertThat(family.get("roles"))
        .filteredOn(role -> role.get("role").asString().equals("conformance-approver"))
        .extracting(role -> role.get("scopes").toString())
        .containsExactly("[\"approvals:respond\"]");
  }
}
