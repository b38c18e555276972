package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.web.TestHost.Key;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** A value at the edge of what a request may hold must not break what is built on it. */
@ExtendWith(TestHost.Shared.class)
class WhatIsAcceptedCanBeExecutedTest {

  private static final String ECHO = "echo-and-wait";

  private final TestHost host;

  private final Caller acme;

  WhatIsAcceptedCanBeExecutedTest(TestHost host) {
    this.host = host;
    this.acme = host.as(Key.ACME);
    String echo =
        Definitions.node(
            "echo",
            "core.identity",
            "{}",
            "{\"box\": {\"type\": \"variable\", \"variableName\": \"box\"}}");
    // The delay makes the host store the value in the run's state and read it back.
    acme.register(
        ECHO,
        Definitions.chain(ECHO, echo, Definitions.shortDelay("wait"))
            .replace(
                "\"variables\": []", "\"variables\": [{\"name\": \"box\", \"type\": \"object\"}]"));
  }

  @Test
  void theDeepestValueCanBeStoredAndReadBack() {
    int deepest = 0;
    for (int depth = 50; depth < 80; depth++) {
      String value = "[".repeat(depth) + "]".repeat(depth);
      Answer answer =
          acme.post(
              "/v1/runs", "{\"workflowId\": \"%s\", \"inputs\": %s}".formatted(ECHO, boxed(value)));
      if (answer.status() == 201) {
        deepest = depth;
        assertEchoes(answer.json().get("runId").asString(), value);
      } else {
        Envelope.assertRefused(answer, 400, "validation_error");
      }
    }
    assertThat(deepest).isBetween(50, 79);
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(
      strings = {
        "1e-400",
        "1e-999999999",
        "123456789012345678901234567890.123456789012345678901234567890",
        "1E+5",
        "{\"a/b~c\":{\"\":[null,true,\"\\u0001\\u2028\\ud83d\\ude00\"]}}",
        "\"\\\\u0000\"",
        "\"'; drop table openwop.run; --\"",
        "{\"__proto__\":{\"a\":1},\"constructor\":1}"
      })
  void anOddValueComesBackAsItWas(String value) {
    assertEchoes(acme.startRun(ECHO, boxed(value)), value);
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(
      strings = {"1", "1.0", "1e300", "18446744073709551616", "9223372036854775808", "2147483648"})
  void aLimitBeyondTheHostsOwnIsNoObstacle(String limit) {
    for (String name : List.of("recursionLimit", "runTimeoutMs")) {
      if (name.equals("runTimeoutMs") && limit.length() < 4) {
        continue;
      }
      Answer answer =
          acme.post(
              "/v1/runs",
              "{\"workflowId\": \"conformance-noop\", \"configurable\": {\"%s\": %s}}"
                  .formatted(name, limit));

      assertThat(answer.status()).as("%s", answer).isEqualTo(201);
      assertThat(acme.types(answer.json().get("runId").asString())).endsWith("run.completed");
    }
  }

  @Test
  void tagsAndMetadataComeBackAsTheyWere() {
    String tag = "\"" + "\\ud83d\\ude00".repeat(128) + "\"";
    String members =
        "\"tags\":[%s%s,\"\",\"a\",\"a\"],\"metadata\":{\"deep\":%s}"
            .formatted((tag + ",").repeat(95), tag, "[".repeat(60) + "]".repeat(60));
    Answer answer =
        acme.post("/v1/runs", "{\"workflowId\":\"conformance-noop\",%s}".formatted(members));
    assertThat(answer.status()).as("%s", answer).isEqualTo(201);
    String run = answer.json().get("runId").asString();
    acme.log(run);

    JsonNode snapshot = acme.get("/v1/runs/" + run).json();
    JsonNode given = new Answer(0, Map.of(), "{%s}".formatted(members).getBytes()).json();

    assertThat(snapshot.get("tags")).isEqualTo(given.get("tags"));
    assertThat(snapshot.get("metadata")).isEqualTo(given.get("metadata"));
  }

  private static String boxed(String value) {
    return "{\"box\": {\"value\": %s}}".formatted(value);
  }

  private void assertEchoes(String run, String value) {
    JsonNode completed = acme.log(run).get(2);
    assertThat(completed.get("type").asString()).isEqualTo("node.completed");
    Answer snapshot = acme.get("/v1/runs/" + run);
    assertThat(snapshot.status()).as("%s", snapshot).isEqualTo(200);
    JsonNode given = new Answer(0, Map.of(), value.getBytes()).json();
    assertThat(completed.at("/payload/outputs/box/value")).isEqualTo(given);
    assertThat(snapshot.json().get("status").asString()).isEqualTo("completed");
    assertThat(snapshot.json().at("/inputs/box/value")).isEqualTo(given);
  }
}
