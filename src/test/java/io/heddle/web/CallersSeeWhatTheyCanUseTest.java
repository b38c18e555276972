package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.auth.ApiKey;
import io.heddle.web.TestHost.Key;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

@ExtendWith(TestHost.Shared.class)
class CallersSeeWhatTheyCanUseTest {

  private static final String PUBLIC = "/.well-known/openwop";

  private static final String OWN = "/v1/capabilities";

  private static final Map<String, Set<String>> NARROWED =
      Map.of(
          "/webhooks", Set.of("webhooks:manage"),
          "/feedback", Set.of("runs:read"),
          "/debugBundle", Set.of("runs:read"),
          "/replay", Set.of("runs:create", "runs:read"),
          "/runs", Set.of("runs:cancel"),
          "/auth/auditLogIntegrity", Set.of("audit:read"));

  private final TestHost host;

  CallersSeeWhatTheyCanUseTest(TestHost host) {
    this.host = host;
  }

  private Caller holder(Set<String> scopes) {
    Answer made =
        host.as(Key.ACME)
            .post(
                "/v1/host/heddle/keys",
                "{\"scopes\": [%s]}"
                    .formatted(
                        String.join(
                            ", ", scopes.stream().map(scope -> '"' + scope + '"').toList())));
    assertThat(made.status()).as(made.text()).isEqualTo(201);
    return new Caller(host.port(), made.json().get("key").asString());
  }

  private static JsonNode view(Caller caller) {
    Answer answer = caller.get(OWN);
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    return answer.json();
  }

  /** The place of everything that a document holds. */
  private static Set<String> places(JsonNode document) {
    Set<String> places = new TreeSet<>();
    collect("", document, places);
    return places;
  }

  private static void collect(String place, JsonNode node, Set<String> places) {
    places.add(place);
    node.forEachEntry((name, member) -> collect(place + "/" + name, member, places));
    if (node.isArray()) {
      node.forEach(item -> places.add(place + "=" + item));
    }
  }

  @Test
  void whoMayDoEverythingSeesWhatAnybodySees() {
    JsonNode anybodys = host.anonymous().get(PUBLIC).json();
    assertThat(view(host.as(Key.ACME))).isEqualTo(anybodys);
    assertThat(anybodys.at("/discovery/authScoped").toString())
        .contains("\"supported\":true", "\"mode\":\"extension-endpoint\"")
        .contains("\"endpointPath\":\"" + OWN + "\"");
    assertThat(NARROWED.keySet()).allMatch(place -> !anybodys.at(place).isMissingNode());
  }

  @Test
  void whoMayDoNothingSeesTheCommonPart() {
    JsonNode view = view(host.as(Key.POWERLESS));
    assertThat(NARROWED.keySet()).allMatch(place -> view.at(place).isMissingNode());
    assertThat(view.at("/auth/profiles").toString())
        .contains("openwop-auth-api-key-rotation")
        .doesNotContain("audit");
    for (String required :
        List.of("protocolVersion", "supportedEnvelopes", "schemaVersions", "limits", "discovery")) {
      assertThat(view.has(required)).as(required).isTrue();
    }
    ObjectNode root = (ObjectNode) view;
    JsonNode mirror = root.remove("capabilities");
    assertThat(mirror).isEqualTo(root);
  }

  @Test
  void aFamilyIsShownToWhoeverHoldsWhatItTakes() {
    NARROWED.forEach(
        (place, scopes) -> {
          assertThat(view(holder(scopes)).at(place).isMissingNode()).as(place).isFalse();
          Set<String> others = new HashSet<>(ApiKey.ALL_SCOPES);
          others.removeAll(scopes);
          others.remove("runs:annotate");
          assertThat(view(holder(others)).at(place).isMissingNode()).as(place).isTrue();
        });
    assertThat(view(holder(Set.of("runs:annotate"))).has("feedback")).isTrue();
  }

  @Test
  void whoHoldsMoreNeverSeesLess() {
    Map<Set<String>, Set<String>> seen = new LinkedHashMap<>();
    List<String> scopes =
        List.of("runs:read", "runs:create", "runs:cancel", "webhooks:manage", "audit:read");
    for (int held = 1; held < 1 << scopes.size(); held++) {
      Set<String> some = new HashSet<>();
      for (int i = 0; i < scopes.size(); i++) {
        if ((held >> i & 1) == 1) {
          some.add(scopes.get(i));
        }
      }
      seen.put(some, places(view(holder(some))));
    }
    Set<String> anybodys = places(host.anonymous().get(PUBLIC).json());
    Set<String> nobodys = places(view(host.as(Key.POWERLESS)));
    seen.forEach(
        (some, places) -> {
          assertThat(anybodys).as("%s", some).containsAll(places);
          assertThat(places).as("%s", some).containsAll(nobodys);
          seen.forEach(
              (more, others) -> {
                if (more.containsAll(some)) {
                  assertThat(others).as("%s and %s", some, more).containsAll(places);
                }
              });
        });
  }

  @Test
  void itIsForItsCallerAloneAndTaggedByWhatItHolds() {
    List<String> tags = new ArrayList<>();
    for (Key key : List.of(Key.ACME, Key.READER, Key.POWERLESS)) {
      Caller caller = host.as(key);
      Answer full = caller.get(OWN);
      assertThat(full.header("cache-control")).isEqualTo("no-cache, private");
      assertThat(full.headers().get("vary")).contains("Authorization");
      tags.add(full.header("etag"));
      Answer known = caller.get(OWN, "If-None-Match", full.header("etag"));
      assertThat(known.status()).isEqualTo(304);
      assertThat(known.headers().get("vary")).contains("Authorization");
      assertThat(known.header("cache-control")).isEqualTo("no-cache, private");
      assertThat(host.as(Key.GLOBEX).get(OWN, "If-None-Match", full.header("etag")).status())
          .isEqualTo(key == Key.ACME ? 304 : 200);
    }
    assertThat(tags).doesNotHaveDuplicates();
  }

  @ParameterizedTest
  @CsvSource({"wrong, unauthenticated", "hk_secret_of_expired, key_expired"})
  void aRefusedCredentialSeesNothing(String secret, String code) {
    Envelope.assertRefused(new Caller(host.port(), secret).get(OWN), 401, code);
    Envelope.assertRefused(host.anonymous().get(OWN), 401, "unauthenticated");
  }

  @Test
  void aTenantIsNotTold() {
    assertThat(host.as(Key.GLOBEX).get(OWN).text()).isEqualTo(host.as(Key.ACME).get(OWN).text());
    assertThat(host.as(Key.READER).get(OWN).text()).doesNotContain("acme", "globex", "hk_");
  }
}
