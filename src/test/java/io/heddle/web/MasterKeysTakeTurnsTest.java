package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.heddle.secret.Resealing;
import io.heddle.web.TestHost.Key;
import java.util.Arrays;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

/** The two deployments that replace a master key, host by host. */
@Timeout(180)
@ExtendWith(TestHost.Shared.class)
class MasterKeysTakeTurnsTest {

  private static final String OLD = "--openwop.master-key=" + key(1);

  private static final String NEW = "--openwop.master-key=" + key(2);

  private static String key(int n) {
    byte[] key = new byte[32];
    Arrays.fill(key, (byte) n);
    return Base64.getEncoder().encodeToString(key);
  }

  private static String made(TestHost host) {
    Answer answer = host.as(Key.ACME).post("/v1/host/heddle/keys", "{\"scopes\": [\"runs:read\"]}");
    assertThat(answer.status()).isEqualTo(201);
    return answer.json().get("key").asString();
  }

  private static void assertTaken(TestHost host, String... keys) {
    for (String key : keys) {
      Envelope.assertRefused(
          new Caller(host.port(), key).get("/v1/runs/run-00000000000000000000000000"),
          404,
          "not_found");
    }
  }

  private static JsonNode publicKeys(TestHost host) {
    return host.anonymous().get("/v1/host/heddle/webhook-keys").json();
  }

  @Test
  void noHostIsEverWithoutTheKeyOfAnother(TestHost shared) {
    String url = "--spring.datasource.url=" + shared.createDatabase("of_hosts_with_new_keys");
    String first;
    JsonNode published;
    try (TestHost before = TestHost.start(url, OLD)) {
      first = made(before);
      published = publicKeys(before);
    }
    String next = "--openwop.master-key-next=" + key(2);
    try (TestHost early = TestHost.start(url, OLD, next)) {
      assertTaken(early, first);
      String second;
      try (TestHost late =
          TestHost.start(url, NEW, "--openwop.master-key-previous=" + key(3) + "," + key(1))) {
        Resealing resealing = late.bean(Resealing.class);
        resealing.pass();
        assertThat(resealing.resealed()).isPositive();
        assertThat(late.as(Key.ACME).get("/actuator/prometheus").text())
            .containsPattern("(?m)^heddle_secrets_outdated 0.0$")
            .containsPattern("(?m)^heddle_secrets_unreadable 0.0$");
        second = made(late);
        assertTaken(late, first, second);
        assertTaken(early, first, second);
        assertThat(publicKeys(late)).isEqualTo(published);
      }
      early.bean(Resealing.class).pass();
      assertThat(early.bean(Resealing.class).resealed()).isZero();
      // One of the first deployment that has to start again.
      try (TestHost again = TestHost.start(url, OLD, next)) {
        assertTaken(again, first, second);
      }
      try (TestHost after = TestHost.start(url, NEW)) {
        assertTaken(after, first, second);
        assertThat(publicKeys(after)).isEqualTo(published);
      }
    }
    assertThatThrownBy(() -> TestHost.start(url, OLD))
        .hasStackTraceContaining("openwop.master-key-previous");
  }

  @Test
  void formerKeysWithoutAPresentOneAreAFault(TestHost shared) {
    assertThatThrownBy(
            () ->
                TestHost.start(
                    "--spring.datasource.url=" + shared.databaseUrl(),
                    "--openwop.master-key-previous=" + key(1)))
        .hasStackTraceContaining("openwop.master-key-previous takes an openwop.master-key");
  }
}
