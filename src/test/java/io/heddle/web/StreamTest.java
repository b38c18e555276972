package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.heddle.postgres.RunSql;
import io.heddle.run.EventType;
import io.heddle.run.NewEvent;
import io.heddle.run.Payloads;
import io.heddle.run.RunStatus;
import io.heddle.run.RunStore;
import io.heddle.run.Wakeup;
import io.heddle.tenancy.Tenant;
import io.heddle.web.TestHost.Key;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;
import tools.jackson.databind.JsonNode;

@ExtendWith(TestHost.Shared.class)
class StreamTest {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private static final String KEEPALIVE = ":keepalive\n\n";

  private static final Pattern FRAME =
      Pattern.compile("\\Gid: (\\d+)\nevent: ([a-z.]+)\ndata: ([^\n]+)\n\n");

  private static final String GATED = "gated";

  private record Frame(long id, String event, String data) {}

  private final TestHost host;

  private final Caller acme;

  StreamTest(TestHost host) {
    this.host = host;
    this.acme = host.as(Key.ACME);
    acme.register(
        GATED, Definitions.chain(GATED, Definitions.gate("gate"), Definitions.noop("after")));
  }

  @AfterEach
  void noStreamOutlivesItsReader() {
    host.gate().openAll();
    await().atMost(PATIENCE).until(() -> host.bean(EventStreams.class).openStreams() == 0);
  }

  @Test
  void aFrameIsExactlyItsEvent() {
    String id = "speaks-in-tongues";
    acme.register(
        id, Definitions.chain(id, Definitions.says("a", "\\u00e9\\n\\r\\u2028\\ud83d\\ude00\\\"")));
    String run = acme.startRun(id);
    acme.log(run);

    Answer answer = acme.get(events(run) + "?streamMode=debug");

    assertThat(answer.header("content-type")).isEqualTo("text/event-stream;charset=UTF-8");
    assertThat(answer.header("cache-control")).isEqualTo("no-store");
    List<Frame> frames = frames(answer.text());
    assertThat(answer.text())
        .isEqualTo(
            frames.stream()
                .map(f -> "id: %d\nevent: %s\ndata: %s\n\n".formatted(f.id(), f.event(), f.data()))
                .collect(Collectors.joining()));
    assertThat(data(frames)).isEqualTo(polled(run));
    assertThat(frames)
        .extracting(Frame::event)
        .containsExactly("run.started", "node.started", "node.completed", "run.completed");
    assertThat(answer.text()).contains("é").contains("😀");
    for (Frame frame : frames) {
      JsonNode event = new Answer(0, Map.of(), utf8(frame.data())).json();
      assertThat(event.get("sequence").asLong()).isEqualTo(frame.id());
      assertThat(event.get("type").asString()).isEqualTo(frame.event());
      assertThat(event.get("runId").asString()).isEqualTo(run);
      assertThat(event.has("payload")).isTrue();
      assertThat(event.get("timestamp").asString())
          .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z");
    }
  }

  @Test
  void withoutAModeAStreamLeavesOutTheStartsOfNodes() {
    String run = acme.startRun("conformance-multi-node");
    List<String> all = acme.types(run);
    assertThat(all).contains("node.started");

    String debug = acme.get(events(run) + "?streamMode=debug").text();
    String updates = acme.get(events(run) + "?streamMode=updates").text();

    assertThat(frames(debug)).extracting(Frame::event).isEqualTo(all);
    assertThat(frames(updates))
        .isEqualTo(frames(debug).stream().filter(f -> !f.event().equals("node.started")).toList());
    assertThat(acme.get(events(run)).text()).isEqualTo(updates);
    assertThat(acme.get(events(run) + "?streamMode=updates,updates").text()).isEqualTo(updates);
    assertThat(acme.get(events(run) + "?streamMode=updates,debug").text()).isEqualTo(debug);
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(
      strings = {
        "does-not-exist",
        "updates,bogus",
        "updates,",
        ",updates",
        "",
        "UPDATES",
        "debug%20",
        "values,updates",
        "messages,values"
      })
  void anUnknownModeIsRefusedWithThoseThatAreServed(String mode) {
    String run = acme.startRun("conformance-noop");
    for (String accept : List.of("text/event-stream", "application/json")) {
      Answer answer = acme.get(events(run) + "?streamMode=" + mode, "Accept", accept);

      Envelope.assertRefused(answer, 400, "unsupported_stream_mode");
      assertThat(answer.json().at("/details/supported").toString())
          .isEqualTo("[\"values\",\"updates\",\"messages\",\"debug\"]");
    }
  }

  @Test
  void aStreamGoesOnStrictlyAfterTheLastEventSeen() {
    String run = acme.startRun("conformance-multi-node");
    acme.log(run);
    for (String mode : List.of("debug", "updates")) {
      String path = events(run) + "?streamMode=" + mode;
      List<Frame> all = frames(acme.get(path).text());
      for (long last = 0; last < 10; last++) {
        long seen = last;
        List<Frame> rest = frames(acme.get(path, "Last-Event-ID", String.valueOf(last)).text());
        assertThat(rest).isEqualTo(all.stream().filter(f -> f.id() > seen).toList());
      }
    }
    assertThat(acme.get(events(run), "Last-Event-ID", "99999").text()).isEmpty();
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(strings = {"abc", "-1", "1.5", "99999999999999999999", "0x1", "1 2"})
  void aLastEventThatCannotBeIsRefused(String id) {
    String run = acme.startRun("conformance-noop");

    Envelope.assertRefused(acme.get(events(run), "Last-Event-ID", id), 400, "validation_error");
  }

  @Test
  void everySubscriberOfALiveRunGetsTheWholeLog() throws InterruptedException {
    String id = "many-gates";
    List<String> nodes = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      nodes.add(Definitions.gate("gate" + i));
      nodes.add(Definitions.shortDelay("delay" + i));
      nodes.add(Definitions.says("says" + i, "x".repeat(5_000)));
    }
    acme.register(id, Definitions.chain(id, nodes.toArray(String[]::new)));
    String run = acme.startRun(id);
    List<CompletableFuture<Answer>> debug = new ArrayList<>();
    List<CompletableFuture<Answer>> updates = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      host.gate().awaitReached(run, "gate" + i);
      // Some come early and some late; all are there before the run goes on.
      for (int j = 0; j < 5; j++) {
        debug.add(acme.sendAsync("GET", events(run) + "?streamMode=debug", null));
        updates.add(acme.sendAsync("GET", events(run), null));
      }
      int subscribers = debug.size() + updates.size();
      await()
          .atMost(PATIENCE)
          .untilAsserted(
              () -> assertThat(host.bean(EventStreams.class).openStreams()).isEqualTo(subscribers));
      host.gate().open(run, "gate" + i);
    }

    List<String> types = acme.types(run);
    String polled = polled(run);
    List<Frame> all = frames(debug.get(0).join().text());
    assertThat(data(all)).isEqualTo(polled);
    assertThat(all).hasSize(types.size());
    assertThat(debug).allSatisfy(one -> assertThat(frames(one.join().text())).isEqualTo(all));
    List<Frame> filtered = all.stream().filter(f -> !f.event().equals("node.started")).toList();
    assertThat(updates)
        .allSatisfy(one -> assertThat(frames(one.join().text())).isEqualTo(filtered));
  }

  @Test
  void aQuietStreamIsKeptAliveAndEndsWithItsRun() throws Exception {
    String run = acme.startRun(GATED);
    host.gate().awaitReached(run, "gate");
    try (BufferedReader stream =
        new BufferedReader(new InputStreamReader(acme.open(events(run)), StandardCharsets.UTF_8))) {
      assertThat(stream.readLine()).isEqualTo("id: 0");
      assertThat(stream.readLine()).isEqualTo("event: run.started");
      assertThat(stream.readLine()).startsWith("data: {");
      assertThat(stream.readLine()).isEmpty();
      for (int i = 0; i < 2; i++) {
        assertThat(stream.readLine()).isEqualTo(":keepalive");
        assertThat(stream.readLine()).isEmpty();
      }

      host.gate().open(run, "gate");

      List<String> rest = stream.lines().filter(line -> line.startsWith("event: ")).toList();
      assertThat(rest)
          .containsExactly(
              "event: node.completed", "event: node.completed", "event: run.completed");
    }
  }

  @Test
  void aStreamEndsWithACancelledAndWithAFailedRun() throws InterruptedException {
    String cancelled = acme.startRun(GATED);
    host.gate().awaitReached(cancelled, "gate");
    CompletableFuture<Answer> stream = acme.sendAsync("GET", events(cancelled), null);
    await().atMost(PATIENCE).until(() -> host.bean(EventStreams.class).openStreams() == 1);

    acme.post("/v1/runs/%s/cancel".formatted(cancelled), "{\"reason\": \"enough\"}");

    assertThat(frames(stream.join().text()))
        .extracting(Frame::event)
        .containsExactly("run.started", "run.cancelled");
    String failed = acme.startRun("conformance-failure");
    assertThat(frames(acme.get(events(failed)).text()))
        .extracting(Frame::event)
        .containsExactly("run.started", "node.failed", "run.failed");
  }

  @Test
  void aReaderThatLeavesIsForgotten() throws Exception {
    String run = acme.startRun(GATED);
    host.gate().awaitReached(run, "gate");
    List<Wire> readers = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      readers.add(reader(run));
    }
    assertThat(host.bean(EventStreams.class).openStreams()).isEqualTo(20);

    for (Wire reader : readers) {
      reader.close();
    }

    await().atMost(PATIENCE).until(() -> host.bean(EventStreams.class).openStreams() == 0);
    host.gate().open(run, "gate");
    assertThat(acme.types(run)).endsWith("run.completed");
  }

  @Test
  void readersThatLeaveDisturbNobodyElse() throws Exception {
    String ended = acme.startRun("conformance-multi-node");
    acme.log(ended);
    String whole = acme.get(events(ended) + "?streamMode=debug").text();
    String run = acme.startRun(GATED);
    host.gate().awaitReached(run, "gate");
    for (int round = 0; round < Integer.getInteger("rounds", 10); round++) {
      List<Wire> leaving = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        leaving.add(reader(run));
      }
      for (Wire reader : leaving) {
        reader.close();
      }
      // The host finds out while it serves these.
      while (host.bean(EventStreams.class).openStreams() > 0) {
        List<CompletableFuture<Answer>> others = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
          others.add(acme.sendAsync("GET", events(ended) + "?streamMode=debug", null));
          others.add(acme.sendAsync("GET", poll(ended, -1, 0), null));
        }
        for (CompletableFuture<Answer> other : others) {
          Answer answer = other.join();
          assertThat(answer.status()).as("%s", answer).isEqualTo(200);
          if (answer.header("content-type").startsWith("text/event-stream")) {
            assertThat(answer.text()).isEqualTo(whole);
          }
        }
      }
    }
  }

  private Wire reader(String run) throws IOException {
    Wire reader = new Wire(host.port());
    reader.send(
        "GET %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n"
            .formatted(events(run), Key.ACME.secret()));
    assertThat(reader.readsOnTo("event: run.started")).isTrue();
    return reader;
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          application/json                                          | true
          APPLICATION/JSON;charset=utf-8                            | true
          application/json, text/plain, */*                         | true
          text/event-stream;q=0.5, application/json;q=0.6           | true
          text/event-stream, application/json                       | true
          text/event-stream;q=0.6, application/json;q=0.5           | false
          text/event-stream, application/json;q=0.9                 | false
          application/json;q=0                                      | false
          application/json;q=0, text/event-stream                   | false
          text/event-stream                                         | false
          */*                                                       | false
          text/html                                                 | false
          ;;;                                                       | false
          """)
  void theLogIsADocumentForWhoPrefersJson(String accept, boolean json) {
    String run = acme.startRun("conformance-multi-node");
    acme.log(run);

    Answer answer = acme.get(events(run) + "?streamMode=updates", "Accept", accept);

    assertThat(answer.status()).isEqualTo(200);
    if (json) {
      assertThat(answer.header("content-type")).isEqualTo("application/json");
      // The whole log, whatever the mode: it is no stream.
      assertThat(answer.text()).isEqualTo("{\"events\":[%s]}".formatted(polled(run)));
    } else {
      assertThat(answer.header("content-type")).isEqualTo("text/event-stream;charset=UTF-8");
      assertThat(frames(answer.text())).extracting(Frame::event).endsWith("run.completed");
    }
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          application/cloudevents-batch+json                                  | true
          application/cloudevents-batch+json, application/json                | true
          text/event-stream;q=0.9, application/cloudevents-batch+json         | true
          application/cloudevents-batch+json;q=0.5, application/json          | false
          application/cloudevents-batch+json;q=0.5, text/event-stream         | false
          application/cloudevents-batch+json;q=0                              | false
          """)
  void theLogIsABatchOfCloudEventsForWhoPrefersThose(String accept, boolean cloudEvents) {
    String run = acme.startRun("conformance-multi-node");
    List<JsonNode> log = acme.log(run);

    Answer answer = acme.get(events(run), "Accept", accept);

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("content-type").equals("application/cloudevents-batch+json"))
        .isEqualTo(cloudEvents);
    if (cloudEvents) {
      assertThat(answer.json()).hasSameSizeAs(log);
      for (int i = 0; i < log.size(); i++) {
        JsonNode event = log.get(i);
        JsonNode cloudEvent = answer.json().get(i);
        assertThat(cloudEvent.get("data")).isEqualTo(event);
        assertThat(cloudEvent.get("specversion").asString()).isEqualTo("1.0");
        assertThat(cloudEvent.get("id")).isEqualTo(event.get("eventId"));
        assertThat(cloudEvent.get("source").asString())
            .isEqualTo("urn:openwop:host:heddle:run:" + run);
        assertThat(cloudEvent.get("type").asString())
            .isEqualTo("dev.openwop.event." + event.get("type").asString());
        assertThat(cloudEvent.get("time")).isEqualTo(event.get("timestamp"));
        assertThat(cloudEvent.get("subject").asString())
            .isEqualTo(event.has("nodeId") ? event.get("nodeId").asString() : run);
        assertThat(cloudEvent.get("openwopseq").asInt()).isEqualTo(i);
        assertThat(cloudEvent.get("openwoprunid").asString()).isEqualTo(run);
        assertThat(cloudEvent.get("openwoptenantid").asString()).isEqualTo("acme");
      }
    }
  }

  @Test
  void theDocumentDoesNotWaitForTheRun() throws InterruptedException {
    String run = acme.startRun(GATED);
    host.gate().awaitReached(run, "gate");

    JsonNode document = acme.get(events(run), "Accept", "application/json").json();

    assertThat(document.get("events").findValuesAsString("type"))
        .containsExactly("run.started", "node.started");
    host.gate().open(run, "gate");
    acme.log(run);
  }

  @Test
  void headDoesNotWaitForTheRun() throws InterruptedException {
    String run = acme.startRun(GATED);
    host.gate().awaitReached(run, "gate");

    Answer stream = acme.send("HEAD", events(run), null);
    Answer poll = acme.send("HEAD", events(run) + "/poll?lastSequence=1&timeout=60", null);

    assertThat(acme.status(run)).isEqualTo("running");
    assertThat(stream.status()).isEqualTo(200);
    assertThat(stream.header("content-type")).startsWith("text/event-stream");
    assertThat(poll.status()).isEqualTo(200);
    assertThat(List.of(stream.body().length, poll.body().length)).containsOnly(0);
    host.gate().open(run, "gate");
    acme.log(run);
  }

  @Test
  void aPollWaitsForTheNextEvent() throws InterruptedException {
    String run = acme.startRun(GATED);
    host.gate().awaitReached(run, "gate");
    List<CompletableFuture<Answer>> polls = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      polls.add(acme.sendAsync("GET", poll(run, 1, 60), null));
    }

    host.gate().open(run, "gate");

    for (CompletableFuture<Answer> poll : polls) {
      JsonNode page = poll.join().json();
      assertThat(page.get("events")).isNotEmpty();
      assertThat(page.at("/events/0/sequence").asInt()).isEqualTo(2);
      assertThat(page.at("/events/0/type").asString()).isEqualTo("node.completed");
    }
    assertThat(acme.types(run)).endsWith("run.completed");
  }

  @Test
  void aPollOfAQuietRunEndsWithItsTime() throws InterruptedException {
    String run = acme.startRun(GATED);
    host.gate().awaitReached(run, "gate");

    for (int seconds : List.of(0, 1)) {
      JsonNode page = acme.get(poll(run, 1, seconds)).json();

      assertThat(page.get("events")).isEmpty();
      assertThat(page.get("isComplete").asBoolean()).isFalse();
      assertThat(page.get("runStatus").asString()).isEqualTo("running");
    }
    // What is there is given at once, however long the caller would wait.
    assertThat(acme.get(poll(run, 0, 60)).json().get("events")).hasSize(1);
    host.gate().open(run, "gate");
    acme.log(run);
  }

  @Test
  void aPollOfAnEndedRunNeverWaits() {
    String run = acme.startRun("conformance-noop");
    List<JsonNode> log = acme.log(run);

    for (long after : List.of(-1L, 0L, 3L, 4L, 99_999L, Long.MAX_VALUE - 1)) {
      JsonNode page = acme.get(poll(run, after, 60)).json();
      List<JsonNode> events = new ArrayList<>();
      page.get("events").forEach(events::add);

      assertThat(events)
          .isEqualTo(log.stream().filter(e -> e.get("sequence").asLong() > after).toList());
      assertThat(page.get("isComplete").asBoolean()).isTrue();
      assertThat(page.get("runId").asString()).isEqualTo(run);
      assertThat(page.get("runStatus").asString()).isEqualTo("completed");
      assertThat(page.get("lastEventSeq").asInt()).isEqualTo(3);
    }
    assertThat(acme.get(events(run) + "/poll").text())
        .isEqualTo(acme.get(poll(run, -1, 60)).text());
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(
      strings = {
        "lastSequence=-2",
        "lastSequence=",
        "lastSequence=abc",
        "lastSequence=1.0",
        "lastSequence=1e3",
        "lastSequence=9223372036854775807",
        "lastSequence=99999999999999999999",
        "timeout=-1",
        "timeout=61",
        "timeout=",
        "timeout=1.5",
        "timeout=%00",
        "timeout=soon"
      })
  void aPollOutOfBoundsIsRefused(String query) {
    String run = acme.startRun("conformance-noop");

    Envelope.assertRefused(acme.get(events(run) + "/poll?" + query), 400, "validation_error");
  }

  @Test
  void whatAnotherNodeAppendsIsSeenHere() throws InterruptedException {
    String run = acme.startRun("conformance-cancellable");
    await().atMost(PATIENCE).until(() -> acme.status(run).equals("running"));
    CompletableFuture<Answer> poll = acme.sendAsync("GET", poll(run, 1, 60), null);
    CompletableFuture<Answer> stream = acme.sendAsync("GET", events(run), null);
    await().atMost(PATIENCE).until(() -> host.bean(EventStreams.class).openStreams() == 1);

    cancelElsewhere(run);

    assertThat(frames(stream.join().text()))
        .extracting(Frame::event)
        .containsExactly("run.started", "run.cancelled");
    JsonNode page = poll.join().json();
    assertThat(page.at("/events/0/type").asString()).isEqualTo("run.cancelled");
    assertThat(page.get("isComplete").asBoolean()).isTrue();
  }

  /** Through a store of its own, as another process would; nobody here is told. */
  private void cancelElsewhere(String run) {
    DataSource dataSource = host.bean(DataSource.class);
    RunStore elsewhere =
        new RunSql(
            host.database(), new TransactionTemplate(new JdbcTransactionManager(dataSource)), 1, 2);
    elsewhere.amend(
        new Tenant("acme"),
        run,
        found ->
            Optional.of(
                new RunStore.Amendment(
                    List.of(
                        NewEvent.of(
                            EventType.RUN_CANCELLED,
                            null,
                            Payloads.runCancelled(null, null, null))),
                    RunStatus.CANCELLED,
                    found.state(),
                    new Wakeup.Never())));
  }

  private static String events(String run) {
    return "/v1/runs/" + run + "/events";
  }

  private static String poll(String run, long after, int seconds) {
    return events(run) + "/poll?lastSequence=%d&timeout=%d".formatted(after, seconds);
  }

  /** The text of the events as a poll gives them. */
  private String polled(String run) {
    String page = acme.get(poll(run, -1, 0)).text();
    return page.substring(page.indexOf("\"events\":[") + 10, page.indexOf("],\"isComplete\""));
  }

  private static String data(List<Frame> frames) {
    return frames.stream().map(Frame::data).collect(Collectors.joining(","));
  }

  /** Everything in a stream but its signs of life must be a frame. */
  private static List<Frame> frames(String stream) {
    String text = stream.replace(KEEPALIVE, "");
    List<Frame> frames = new ArrayList<>();
    Matcher matcher = FRAME.matcher(text);
    int end = 0;
    while (matcher.find()) {
      frames.add(new Frame(Long.parseLong(matcher.group(1)), matcher.group(2), matcher.group(3)));
      end = matcher.end();
    }
    assertThat(text.substring(end)).isEmpty();
    return frames;
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
