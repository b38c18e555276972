package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.web.TestHost.Key;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

/** Callers see the channels of a run in its snapshot, and every write to them in its log. */
@ExtendWith(TestHost.Shared.class)
class ChannelsAreShownTest {

  private final TestHost host;

  private final Caller acme;

  ChannelsAreShownTest(TestHost host) {
    this.host = host;
    this.acme = host.as(Key.ACME);
  }

  @Test
  void declaredOnesAreThereFromTheStart() {
    acme.register(
        "channels-from-the-start",
        declaring(
            "channels-from-the-start",
            "{\"sum\": {\"reducer\": \"counter\", \"default\": 4}, \"last\": {\"reducer\": \"replace\"}}",
            Definitions.gate("gate"),
            writer("count", "sum", "3")));
    String run = acme.startRun("channels-from-the-start");

    assertThat(snapshot(run).get("channels").toString()).isEqualTo("{\"sum\":4,\"last\":null}");
    host.gate().open(run, "gate");

    JsonNode written =
        acme.log(run).stream()
            .filter(event -> event.get("type").asString().equals("channel.written"))
            .findFirst()
            .orElseThrow();
    assertThat(written.get("nodeId").asString()).isEqualTo("count");
    assertThat(written.at("/payload/value").toString()).isEqualTo("3");
    assertThat(snapshot(run).get("channels").toString()).isEqualTo("{\"sum\":7,\"last\":null}");
    assertThat(snapshot(run).get("variables").has("sum")).isFalse();
  }

  @Test
  void thePublishedWorkflowsKeepWhatTheyMust() {
    JsonNode aged = finished("conformance-channel-ttl");
    assertThat(aged.has("channels")).isFalse();
    assertThat(aged.at("/variables/events")).hasSize(1);
    assertThat(aged.at("/variables/events/0/value").asString()).isEqualTo("d");
    assertThat(aged.at("/variables/events/0/_ts").isIntegralNumber()).isTrue();

    JsonNode said = finished("conformance-message-reducer");
    assertThat(said.at("/channels/messages")).hasSize(1);
    assertThat(said.at("/channels/messages/0/messageId").asString()).isNotEmpty();
    assertThat(host.anonymous().get("/.well-known/openwop").json().get("fixtures").toString())
        .contains("\"conformance-channel-ttl\"", "\"conformance-message-reducer\"");
  }

  @Test
  void onlyNodesWriteToThem() {
    acme.register(
        "channels-by-nodes",
        declaring(
            "channels-by-nodes", "{\"sum\": {\"reducer\": \"counter\"}}", Definitions.noop("a")));

    Answer refused =
        acme.post("/v1/runs", "{\"workflowId\": \"channels-by-nodes\", \"inputs\": {\"sum\": 1}}");

    Envelope.assertRefused(refused, 400, "validation_error");
    assertThat(refused.text()).contains("/inputs/sum");
  }

  @Test
  void aWriteThatIsDeniedEndsTheRun() {
    acme.register(
        "channels-denied",
        declaring(
            "channels-denied",
            "{\"sum\": {\"reducer\": \"counter\", \"access\": \"private\"}}",
            writer("count", "sum", "1")));

    JsonNode failed = finished("channels-denied");

    assertThat(failed.get("status").asString()).isEqualTo("failed");
    assertThat(failed.at("/error/code").asString()).isEqualTo("channel_access_denied");
    assertThat(failed.at("/error/message").asString())
        .contains("count", "core.channelWrite", "sum");
  }

  @Test
  void runsThatWroteTheSameDoNotDiffer() {
    String a = acme.startRun("conformance-channel-ttl");
    String b = acme.startRun("conformance-channel-ttl");
    acme.log(a);
    acme.log(b);
    assertThat(snapshot(a).at("/variables/events/0/_ts"))
        .isNotEqualTo(snapshot(b).at("/variables/events/0/_ts"));

    JsonNode diff = acme.get("/v1/runs/%s:diff?against=%s".formatted(a, b)).json();

    assertThat(diff.get("divergedAtSeq").isNull()).as("%s", diff).isTrue();
    assertThat(diff.get("stateDiff").isEmpty()).as("%s", diff).isTrue();
  }

  @Test
  void aTriggerOnWritesIsRefused() {
    String definition =
        declaring(
                "channels-trigger", "{\"sum\": {\"reducer\": \"counter\"}}", Definitions.noop("a"))
            .replace(
                "\"triggers\": []",
                "\"triggers\": [{\"id\": \"t\", \"type\": \"channel-write\", \"config\": {\"channel\": \"sum\"}}]");

    Answer refused = acme.put("/v1/host/heddle/workflows/channels-trigger", definition);

    Envelope.assertRefused(refused, 400, "validation_error");
    assertThat(refused.text()).contains("/triggers/0/type");
  }

  @Test
  void theyAreTheirTenantsOwn() {
    String run = acme.startRun("conformance-message-reducer");
    acme.log(run);

    Envelope.assertRefused(host.as(Key.GLOBEX).get("/v1/runs/" + run), 404, "not_found");
    Envelope.assertRefused(
        host.as(Key.GLOBEX).get("/v1/runs/" + run + "/events"), 404, "not_found");
  }

  private JsonNode finished(String workflowId) {
    String run = acme.startRun(workflowId);
    List<JsonNode> log = acme.log(run);
    assertThat(log).isNotEmpty();
    return snapshot(run);
  }

  private JsonNode snapshot(String run) {
    return acme.get("/v1/runs/" + run).json();
  }

  private static String writer(String id, String channel, String value) {
    return Definitions.node(
        id,
        "core.channelWrite",
        "{\"channelName\": \"%s\", \"value\": %s}".formatted(channel, value),
        "{}");
  }

  private static String declaring(String id, String channels, String... nodes) {
    return Definitions.chain(id, nodes)
        .replace("\"variables\": []", "\"variables\": [], \"channels\": " + channels);
  }
}
