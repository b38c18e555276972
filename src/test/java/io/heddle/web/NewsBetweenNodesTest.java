package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.heddle.web.TestHost.Key;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Three nodes on one database, of which one is deaf. */
@ExtendWith(TestHost.Shared.class)
class NewsBetweenNodesTest {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private static final String LISTENS =
      "datname = current_database() and query like 'listen %' and pid <> pg_backend_pid()";

  private static final String GATED = "news-gated";

  private static final String QUICK = "news-quick";

  private static JdbcClient database;

  private static TestHost busy;

  private static TestHost idle;

  private static TestHost deaf;

  @BeforeAll
  static void start(TestHost shared) {
    String url = shared.createDatabase("of_three_nodes");
    database = TestHost.database(url);
    // What is noticed here is noticed because somebody told of it.
    busy = start(url, "--openwop.claim.slots=1", "--openwop.stream.lookout=1h");
    idle = start(url, "--openwop.stream.lookout=1h");
    deaf = start(url, "--openwop.stream.notifications=false", "--openwop.stream.lookout=100ms");
    busy.as(Key.ACME)
        .register(
            GATED, Definitions.chain(GATED, Definitions.gate("gate"), Definitions.noop("after")));
    busy.as(Key.ACME).register(QUICK, Definitions.chain(QUICK, Definitions.noop("only")));
    await().atMost(PATIENCE).until(() -> listeners() == 2);
  }

  private static TestHost start(String url, String... arguments) {
    String[] all = Arrays.copyOf(arguments, arguments.length + 2);
    all[arguments.length] = "--spring.datasource.url=" + url;
    all[arguments.length + 1] = "--openwop.claim.poll=1h";
    return TestHost.start(all);
  }

  @AfterAll
  static void stop() {
    List.of(deaf, idle, busy).forEach(TestHost::close);
  }

  @Test
  void readersOfAnotherNodeHearOfEachCommit() throws InterruptedException {
    String run = busy.as(Key.ACME).startRun(GATED);
    busy.gate().awaitReached(run, "gate");
    CompletableFuture<Answer> stream = reads(idle, run);

    busy.gate().open(run, "gate");

    assertEndsWithTheRun(stream);
  }

  @Test
  void aNodeThatHearsNothingLooksForItself() throws InterruptedException {
    String run = busy.as(Key.ACME).startRun(GATED);
    busy.gate().awaitReached(run, "gate");
    CompletableFuture<Answer> stream = reads(deaf, run);

    busy.gate().open(run, "gate");

    assertEndsWithTheRun(stream);
  }

  @Test
  void aListenerThatWasCutOffListensAgainAndLooksForWhatItMissed() throws InterruptedException {
    String run = busy.as(Key.ACME).startRun(GATED);
    busy.gate().awaitReached(run, "gate");
    CompletableFuture<Answer> stream = reads(idle, run);

    int cut = cutListeners();
    busy.gate().open(run, "gate");

    assertThat(cut).isEqualTo(2);
    assertEndsWithTheRun(stream);
    await().atMost(PATIENCE).until(() -> listeners() == 2);
    readersOfAnotherNodeHearOfEachCommit();
  }

  @Test
  void whatANodeHasNoSlotForIsPassedOn() throws InterruptedException {
    Caller acme = busy.as(Key.ACME);
    String first = acme.startRun(GATED);
    busy.gate().awaitReached(first, "gate");

    String second = acme.startRun(QUICK);

    assertThat(acme.types(second)).endsWith("run.completed");
    assertThat(acme.status(first)).isEqualTo("running");
    busy.gate().open(first, "gate");
    acme.log(first);
  }

  private static CompletableFuture<Answer> reads(TestHost host, String run) {
    CompletableFuture<Answer> stream =
        host.as(Key.ACME).sendAsync("GET", "/v1/runs/%s/events".formatted(run), null);
    await().atMost(PATIENCE).until(() -> host.bean(EventStreams.class).openStreams() == 1);
    return stream;
  }

  private static void assertEndsWithTheRun(CompletableFuture<Answer> stream) {
    assertThat(Frame.all(stream.join().text()))
        .extracting(Frame::event)
        .containsExactly("run.started", "node.completed", "node.completed", "run.completed");
  }

  private static int cutListeners() {
    return database
        .sql("select pg_terminate_backend(pid) from pg_stat_activity where " + LISTENS)
        .query(Boolean.class)
        .list()
        .size();
  }

  private static int listeners() {
    return database
        .sql("select count(*) from pg_stat_activity where " + LISTENS)
        .query(Integer.class)
        .single();
  }
}
