package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.heddle.stream.CommitNews;
import io.heddle.web.TestHost.Key;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;

/** On a line of its own to a database of its own, which the tests cut. */
@ExtendWith(TestHost.Shared.class)
class AHostOutlivesTheLossOfItsDatabaseTest {

  private static final Duration PATIENCE = Duration.ofSeconds(40);

  private static final String GATED = "gated";

  private static Cable cable;

  private static TestHost host;

  /** Reaches the database past the cable. */
  private static JdbcClient database;

  private final Caller acme = host.as(Key.ACME);

  @BeforeAll
  static void start(TestHost shared) throws IOException {
    String url = shared.createDatabase("at_the_end_of_a_cable");
    database = TestHost.database(url);
    int port = URI.create(url.substring("jdbc:".length())).getPort();
    cable = new Cable(port);
    host =
        TestHost.start(
            "--spring.datasource.url=" + url.replace(":" + port, ":" + cable.port()),
            "--spring.datasource.hikari.connection-timeout=500",
            "--openwop.claim.ttl=1s",
            "--openwop.retry-after=7s");
    host.as(Key.ACME)
        .register(
            GATED,
            Definitions.chain(
                GATED,
                Definitions.gate("first"),
                Definitions.shortDelay("delay"),
                Definitions.gate("second"),
                Definitions.noop("last")));
  }

  @AfterAll
  static void stop() throws IOException {
    cable.mend();
    host.close();
    cable.close();
  }

  @AfterEach
  void mend() {
    cable.mend();
    awaitService();
  }

  @Test
  void whatNeedsNoDatabaseIsServedAndTheRestPromisesToComeBack() {
    Caller anybody = host.anonymous();
    String run = acme.startRun("conformance-noop");
    acme.log(run);
    String discovery = anybody.get("/.well-known/openwop").comparable();
    String openApi = anybody.get("/v1/openapi.json").comparable();
    String keys = anybody.get("/v1/host/heddle/webhook-keys").comparable();
    long before = runs();

    cable.cut();

    for (Route route : Route.of(host)) {
      String id = route.isAboutAWorkflow() ? GATED : run;
      if (route.toString().equals("POST /v1/runs")) {
        id = "conformance-noop";
      }
      Answer answer = acme.send(route.method(), route.path(id), route.body(id));

      if (route.needsNoDatabase()) {
        assertThat(answer.status()).as("%s", route).isEqualTo(200);
        continue;
      }
      Envelope.assertRefused(answer, 503, "service_unavailable");
      assertThat(answer.header("retry-after")).isEqualTo("7");
      assertThat(answer.json().at("/details/retryAfter").asInt()).isEqualTo(7);
    }
    assertThat(anybody.get("/.well-known/openwop").comparable()).isEqualTo(discovery);
    assertThat(anybody.get("/v1/openapi.json").comparable()).isEqualTo(openApi);
    assertThat(anybody.get("/v1/host/heddle/webhook-keys").comparable()).isEqualTo(keys);
    assertThat(anybody.get("/actuator/health/liveness").status()).isEqualTo(200);
    assertThat(anybody.get("/actuator/health/readiness").status()).isEqualTo(503);
    Envelope.assertRefused(anybody.get("/v1/runs/" + run), 401, "unauthenticated");
    Envelope.assertRefused(acme.post("/v1/runs", "{"), 400, "validation_error");

    cable.mend();
    awaitService();
    assertThat(anybody.get("/actuator/health/readiness").status()).isEqualTo(200);
    assertThat(runs()).isEqualTo(before);
    assertThat(acme.types(acme.startRun("conformance-noop"))).endsWith("run.completed");
  }

  @Test
  void runsUnderWayGoOnWhereTheyWere() throws InterruptedException {
    List<String> runs = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      String run = acme.startRun(GATED);
      host.gate().awaitReached(run, "first");
      runs.add(run);
    }
    // Half of them are parked or done with their first node when the line is cut.
    for (String run : runs.subList(0, 4)) {
      host.gate().open(run, "first");
    }

    cable.cut();
    Envelope.assertRefused(
        acme.post("/v1/runs/%s/cancel".formatted(runs.get(0)), "{}"), 503, "service_unavailable");
    runs.forEach(run -> host.gate().open(run, "first"));
    runs.forEach(run -> host.gate().open(run, "second"));
    cable.mend();
    awaitService();

    for (String run : runs) {
      assertThat(acme.types(run))
          .containsExactly(
              "run.started",
              "node.started",
              "node.completed",
              "node.started",
              "node.completed",
              "node.started",
              "node.completed",
              "node.started",
              "node.completed",
              "run.completed");
      assertSound(acme.log(run));
    }
  }

  @Test
  void noRunIsLostOrStuckWhenTheLineIsCutInTheMiddleOfARush() {
    Queue<Answer> answers = new ConcurrentLinkedQueue<>();
    AtomicBoolean over = new AtomicBoolean();
    List<CompletableFuture<Void>> callers = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      callers.add(
          CompletableFuture.runAsync(
              () -> {
                while (!over.get()) {
                  answers.add(
                      acme.post("/v1/runs", "{\"workflowId\": \"conformance-multi-node\"}"));
                }
              },
              task -> new Thread(task).start()));
    }
    await().atMost(PATIENCE).until(() -> answers.size() > 40);

    cable.cut();
    await().atMost(PATIENCE).until(() -> answers.stream().anyMatch(a -> a.status() == 503));
    cable.mend();
    awaitService();
    int back = answers.size();
    await().atMost(PATIENCE).until(() -> answers.size() > back + 20);
    over.set(true);
    callers.forEach(CompletableFuture::join);

    HashSet<String> accepted = new HashSet<>();
    for (Answer answer : answers) {
      if (answer.status() == 201) {
        accepted.add(answer.json().get("runId").asString());
      } else {
        Envelope.assertRefused(answer, 503, "service_unavailable");
      }
    }
    // A run whose answer was lost may exist besides; it too must come to its end.
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(
                        database
                            .sql(
                                "select run_id from openwop.run where workflow_id ="
                                    + " 'conformance-multi-node' and status <> 'COMPLETED'")
                            .query(String.class)
                            .list())
                    .isEmpty());
    List<String> stored =
        database
            .sql("select run_id from openwop.run where workflow_id = 'conformance-multi-node'")
            .query(String.class)
            .list();
    assertThat(stored).containsAll(accepted);
    for (String run : stored) {
      List<JsonNode> log = acme.log(run);
      assertThat(log).hasSize(8);
      assertSound(log);
    }
  }

  @Test
  void aStreamCutOffGoesOnAfterTheLastEventSeen() throws Exception {
    String run = acme.startRun(GATED);
    host.gate().awaitReached(run, "first");
    List<String> seen = new ArrayList<>();
    try (BufferedReader stream =
        new BufferedReader(
            new InputStreamReader(
                acme.open("/v1/runs/%s/events?streamMode=debug".formatted(run)),
                StandardCharsets.UTF_8))) {
      seen.add(stream.readLine());

      cable.cut();

      // The host ends what it cannot serve, so that the reader comes back.
      stream.lines().forEach(seen::add);
    }
    host.gate().open(run, "first");
    host.gate().open(run, "second");
    cable.mend();
    awaitService();
    List<String> ids = seen.stream().filter(line -> line.startsWith("id: ")).toList();
    assertThat(ids).containsExactly("id: 0", "id: 1");

    String rest =
        acme.get("/v1/runs/%s/events?streamMode=debug".formatted(run), "Last-Event-ID", "1").text();

    assertThat(rest.lines().filter(line -> line.startsWith("id: ")))
        .containsExactly("id: 2", "id: 3", "id: 4", "id: 5", "id: 6", "id: 7", "id: 8", "id: 9");
    assertThat(rest.lines().filter(line -> line.startsWith("event: run.")))
        .containsExactly("event: run.completed");
  }

  private void awaitService() {
    // A host that has not seen yet that its database is back ends its streams.
    CommitNews news = host.bean(CommitNews.class);
    await()
        .atMost(PATIENCE)
        .until(() -> acme.get("/v1/workflows/" + GATED).status() == 200 && !news.isBlind());
  }

  private static long runs() {
    return database.sql("select count(*) from openwop.run").query(Long.class).single();
  }

  private static void assertSound(List<JsonNode> log) {
    HashSet<String> ids = new HashSet<>();
    List<String> terminal = new ArrayList<>();
    for (int i = 0; i < log.size(); i++) {
      assertThat(log.get(i).get("sequence").asInt()).isEqualTo(i);
      ids.add(log.get(i).get("eventId").asString());
      String type = log.get(i).get("type").asString();
      if (type.matches("run\\.(completed|failed|cancelled)")) {
        terminal.add(type);
        assertThat(i).isEqualTo(log.size() - 1);
      }
    }
    assertThat(ids).hasSize(log.size());
    assertThat(terminal).containsExactly("run.completed");
  }
}
