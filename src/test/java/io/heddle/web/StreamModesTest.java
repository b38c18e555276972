package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.heddle.json.Json;
import io.heddle.testkit.WorkflowBuilder;
import io.heddle.web.TestHost.Key;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(TestHost.Shared.class)
class StreamModesTest {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private static final String CHILD = "modes-child";

  private static final String PARENT = "modes-parent";

  private static final String GATED = "modes-gated";

  private final TestHost host;

  private final Caller acme;

  StreamModesTest(TestHost host) {
    this.host = host;
    this.acme = host.as(Key.ACME);
    acme.register(
        GATED, Definitions.chain(GATED, Definitions.gate("gate"), Definitions.noop("after")));
    acme.register(
        CHILD,
        WorkflowBuilder.workflow(CHILD)
            .node("only", "core.noop")
            .variable("answer", "forty-two")
            .json());
    acme.register(
        PARENT,
        Definitions.chain(
                PARENT,
                Definitions.noop("before"),
                Definitions.node(
                    "first",
                    "core.subWorkflow",
                    "{\"workflowId\": \"%s\", \"outputMapping\": {\"taken\": \"answer\"}}"
                        .formatted(CHILD),
                    "{}"),
                Definitions.noop("after"))
            .replace(
                "\"variables\": []",
                "\"variables\": [{\"name\": \"taken\", \"type\": \"string\", \"defaultValue\": \"none\"}]"));
  }

  @Test
  void valuesTellTheRunAsItStoodAfterEachTransition() {
    String run = acme.startRun(PARENT);
    acme.log(run);

    List<Frame> debug = stream(run, "streamMode=debug");
    List<Frame> values = stream(run, "streamMode=values");

    List<Frame> transitions =
        debug.stream().filter(frame -> !frame.event().equals("variable.changed")).toList();
    assertThat(debug).hasSizeGreaterThan(transitions.size());
    assertThat(values).extracting(Frame::event).containsOnly("state.snapshot");
    assertThat(values)
        .extracting(Frame::id)
        .containsExactlyElementsOf(transitions.stream().map(Frame::id).toList());
    assertThat(values.get(values.size() - 1).data()).isEqualTo(acme.get("/v1/runs/" + run).text());
    for (int i = 0; i < values.size() - 1; i++) {
      Map<String, Object> snapshot = values.get(i).json();
      assertThat(snapshot)
          .containsEntry("runId", run)
          .containsEntry("status", "running")
          .containsKey("startedAt")
          .doesNotContainKey("endedAt");
    }
    // What is stored in one step is told as if it had not been.
    assertThat(statesAfter(values, debug, "node.started", "before"))
        .isEqualTo(Map.of("before", "running"));
    assertThat(statesAfter(values, debug, "node.started", "first"))
        .isEqualTo(Map.of("before", "completed", "first", "running"));
    assertThat(statesAfter(values, debug, "node.started", "after"))
        .isEqualTo(Map.of("before", "completed", "first", "completed", "after", "running"));
    assertThat(variablesAfter(values, debug, "node.started", "first"))
        .isEqualTo(Map.of("taken", "none"));
    assertThat(variablesAfter(values, debug, "node.completed", "first"))
        .isEqualTo(Map.of("taken", "forty-two"));
  }

  @Test
  void resumedValuesBeginWithTheRunAsItStood() {
    String run = acme.startRun(PARENT);
    acme.log(run);
    List<Frame> whole = stream(run, "streamMode=values");
    long last = whole.get(whole.size() - 1).id();

    for (long seen = 0; seen <= last + 3; seen++) {
      long after = seen;
      List<Frame> resumed =
          Frame.all(
              acme.get(events(run) + "?streamMode=values", "Last-Event-ID", String.valueOf(seen))
                  .text());

      Frame baseline = resumed.get(0);
      assertThat(baseline.id()).isEqualTo(Math.min(seen, last));
      assertThat(baseline.event()).isEqualTo("state.snapshot");
      whole.stream()
          .filter(frame -> frame.id() == Math.min(after, last))
          .forEach(frame -> assertThat(baseline).isEqualTo(frame));
      assertThat(resumed.subList(1, resumed.size()))
          .isEqualTo(whole.stream().filter(frame -> frame.id() > after).toList());
    }
  }

  @Test
  void valuesOfALiveRunFollowIt() throws InterruptedException {
    String run = acme.startRun(GATED);
    host.gate().awaitReached(run, "gate");
    CompletableFuture<Answer> stream =
        acme.sendAsync("GET", events(run) + "?streamMode=values", null);
    await().atMost(PATIENCE).until(() -> host.bean(EventStreams.class).openStreams() == 1);

    host.gate().open(run, "gate");

    List<Frame> live = Frame.all(stream.join().text());
    assertThat(live).extracting(Frame::id).containsExactly(0L, 1L, 2L, 3L, 4L, 5L);
    assertThat(live.get(5).data()).isEqualTo(acme.get("/v1/runs/" + run).text());
    assertThat(live.get(5).json()).containsEntry("status", "completed");
  }

  @Test
  void aRunThatWaitsForSomebodySaysSoInItsSnapshots() {
    String run = waiting();
    acme.post("/v1/runs/%s/cancel".formatted(run), "{}");
    acme.log(run);

    List<Frame> debug = stream(run, "streamMode=debug");
    List<Frame> values = stream(run, "streamMode=values");

    Frame suspended =
        debug.stream().filter(f -> f.event().equals("node.suspended")).findFirst().orElseThrow();
    Object node = suspended.json().get("nodeId");
    assertThat(after(values, debug, "node.suspended", String.valueOf(node)))
        .containsEntry("status", "waiting-approval")
        .containsEntry("currentNodeId", node);
    assertThat(values.get(values.size() - 1).json()).containsEntry("status", "cancelled");
  }

  @Test
  void aSuspensionIsNotHeldBack() throws Exception {
    String run = waiting();
    StringBuilder seen = new StringBuilder();
    try (InputStream stream = acme.open(events(run) + "?bufferMs=5000")) {
      while (!seen.toString().contains("\n\n")) {
        seen.append((char) stream.read());
      }
    }

    assertThat(acme.status(run)).isEqualTo("waiting-approval");
    assertThat(seen.toString()).contains("event: batch\n").contains("\"type\":\"node.suspended\"");
    acme.post("/v1/runs/%s/cancel".formatted(run), "{}");
    await().atMost(PATIENCE).until(() -> host.bean(EventStreams.class).openStreams() == 0);
  }

  private String waiting() {
    String run = acme.startRun("conformance-approval");
    await().atMost(PATIENCE).until(() -> acme.status(run).equals("waiting-approval"));
    return run;
  }

  @Test
  void messagesAreEmptyWhereNobodySpeaks() {
    String run = acme.startRun("conformance-multi-node");
    acme.log(run);

    assertThat(stream(run, "streamMode=messages")).isEmpty();
    assertThat(acme.get(events(run) + "?streamMode=messages").status()).isEqualTo(200);
  }

  @Test
  void mixedModesCarryTheUnionOnceAndInOrder() {
    String run = acme.startRun("conformance-multi-node");
    acme.log(run);
    List<Frame> updates = stream(run, "streamMode=updates");
    List<Frame> debug = stream(run, "streamMode=debug");

    assertThat(stream(run, "streamMode=updates,messages")).isEqualTo(updates);
    assertThat(stream(run, "streamMode=messages,updates")).isEqualTo(updates);
    assertThat(stream(run, "streamMode=messages,debug,updates")).isEqualTo(debug);
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(strings = {"updates", "debug", "values", "messages", "updates,messages"})
  void batchesLoseNothing(String mode) throws InterruptedException {
    String run = acme.startRun(GATED);
    host.gate().awaitReached(run, "gate");
    List<CompletableFuture<Answer>> live = new ArrayList<>();
    for (int bufferMs : List.of(1, 50, 5_000)) {
      live.add(
          acme.sendAsync(
              "GET", events(run) + "?streamMode=%s&bufferMs=%d".formatted(mode, bufferMs), null));
    }
    await().atMost(PATIENCE).until(() -> host.bean(EventStreams.class).openStreams() == 3);
    host.gate().open(run, "gate");
    acme.log(run);

    List<Frame> single = stream(run, "streamMode=%s&bufferMs=0".formatted(mode));
    for (CompletableFuture<Answer> stream : live) {
      List<Frame> batches = Frame.all(stream.join().text());
      assertThat(contents(batches)).isEqualTo(single.stream().map(Frame::data).toList());
    }
  }

  @Test
  void aBatchIsResumedAfterItsLastEvent() {
    String run = acme.startRun("conformance-multi-node");
    acme.log(run);
    List<Frame> single = stream(run, "streamMode=debug");
    List<Frame> batches = stream(run, "streamMode=debug&bufferMs=100");

    assertThat(contents(batches)).isEqualTo(single.stream().map(Frame::data).toList());
    assertThat(batches.get(batches.size() - 1).id()).isEqualTo(single.get(single.size() - 1).id());
    for (Frame seen : single) {
      Answer rest =
          acme.get(
              events(run) + "?streamMode=debug&bufferMs=100",
              "Last-Event-ID",
              String.valueOf(seen.id()));
      assertThat(contents(Frame.all(rest.text())))
          .isEqualTo(single.stream().filter(f -> f.id() > seen.id()).map(Frame::data).toList());
    }
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(strings = {"5001", "99999", "-1", "1.5", "1e2", "soon", "", "99999999999999999999"})
  void aBufferOutOfBoundsIsRefused(String bufferMs) {
    String run = acme.startRun("conformance-noop");
    for (String accept : List.of("text/event-stream", "application/json")) {
      Envelope.assertRefused(
          acme.get(events(run) + "?bufferMs=" + bufferMs, "Accept", accept),
          400,
          "validation_error");
    }
  }

  private List<Frame> stream(String run, String query) {
    return Frame.all(acme.get(events(run) + "?" + query).text());
  }

  private static String events(String run) {
    return "/v1/runs/" + run + "/events";
  }

  /** The data of single frames that batches are made of. */
  private static List<String> contents(List<Frame> batches) {
    List<String> contents = new ArrayList<>();
    for (Frame batch : batches) {
      assertThat(batch.event()).isEqualTo("batch");
      List<?> items = (List<?>) Json.parse(batch.data());
      assertThat(items).isNotEmpty();
      items.forEach(item -> contents.add(Json.write(item)));
      Object last = ((Map<?, ?>) items.get(items.size() - 1)).get("sequence");
      if (last != null) {
        assertThat(((Number) last).longValue()).isEqualTo(batch.id());
      }
    }
    return contents;
  }

  private static Map<String, Object> statesAfter(
      List<Frame> values, List<Frame> debug, String event, String node) {
    Map<String, Object> states = Json.members();
    Json.object(after(values, debug, event, node).get("nodeStates"), "")
        .forEach((id, state) -> states.put(id, Json.object(state, "").get("status")));
    return states;
  }

  private static Object variablesAfter(
      List<Frame> values, List<Frame> debug, String event, String node) {
    return after(values, debug, event, node).get("variables");
  }

  private static Map<String, Object> after(
      List<Frame> values, List<Frame> debug, String event, String node) {
    long id =
        debug.stream()
            .filter(f -> f.event().equals(event) && node.equals(f.json().get("nodeId")))
            .findFirst()
            .orElseThrow()
            .id();
    return values.stream().filter(f -> f.id() == id).findFirst().orElseThrow().json();
  }
}
