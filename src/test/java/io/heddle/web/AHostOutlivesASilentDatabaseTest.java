package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import io.heddle.stream.CommitNews;
import io.heddle.web.TestHost.Key;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The line to the database loses everything and ends nothing, as a firewall does that forgot its
 * connections: whoever waits on one of them waits in vain.
 */
@ExtendWith(TestHost.Shared.class)
class AHostOutlivesASilentDatabaseTest {

  private static final Duration PATIENCE = Duration.ofSeconds(40);

  private static final String GATED = "gated-in-silence";

  private static final int CALLERS = 24;

  private static final int READERS = 800;

  private static Cable cable;

  private static TestHost host;

  private static TestHost ordinary;

  private final Caller acme = host.as(Key.ACME);

  @BeforeAll
  static void start(TestHost shared) throws IOException {
    ordinary = shared;
    String url = shared.createDatabase("at_the_end_of_a_silent_cable");
    int port = URI.create(url.substring("jdbc:".length())).getPort();
    cable = new Cable(port);
    host =
        TestHost.start(
            "--spring.datasource.url=" + url.replace(":" + port, ":" + cable.port()),
            // As in production, only sooner.
            "--spring.datasource.hikari.connection-timeout=1000",
            "--spring.datasource.hikari.validation-timeout=250",
            "--spring.datasource.hikari.data-source-properties.socketTimeout=2",
            "--spring.datasource.hikari.connection-init-sql=set statement_timeout = '1s';"
                + " set idle_in_transaction_session_timeout = '1s'");
    host.as(Key.ACME)
        .register(
            GATED, Definitions.chain(GATED, Definitions.gate("gate"), Definitions.noop("last")));
  }

  @AfterAll
  static void stop() throws IOException {
    cable.mend();
    host.close();
    cable.close();
  }

  @Test
  void everybodyIsAnsweredAndTheHostGoesOnByItself() throws Exception {
    List<String> runs = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      String run = acme.startRun(GATED);
      host.gate().awaitReached(run, "gate");
      runs.add(run);
    }
    try (BufferedReader stream =
        new BufferedReader(
            new InputStreamReader(
                acme.open("/v1/runs/%s/events?streamMode=debug".formatted(runs.get(0))),
                StandardCharsets.UTF_8))) {
      assertThat(stream.readLine()).isEqualTo("id: 0");

      cable.silence();
      // Their workers commit into the void.
      runs.forEach(run -> host.gate().open(run, "gate"));
      List<CompletableFuture<Answer>> answers = new ArrayList<>();
      for (int i = 0; i < CALLERS; i++) {
        answers.add(
            i % 2 == 0
                ? acme.sendAsync("GET", "/v1/runs/" + runs.get(i % 4), null)
                : acme.sendAsync("POST", "/v1/runs", "{\"workflowId\": \"%s\"}".formatted(GATED)));
      }
      for (CompletableFuture<Answer> answer : answers) {
        Envelope.assertRefused(answer.join(), 503, "service_unavailable");
      }
      // What cannot be served here ends, so that its reader finds another host; until then it
      // lives.
      List<String> rest = stream.lines().toList();
      assertThat(rest).filteredOn(line -> line.startsWith("id: ")).containsExactly("id: 1");
      assertThat(rest).contains(":keepalive");
    }

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
              "run.completed");
    }
    assertThat(acme.types(acme.startRun("conformance-noop"))).endsWith("run.completed");
  }

  @Test
  void readersAreSentElsewhereHoweverManyWaitForNews() throws Exception {
    String run = acme.startRun(GATED);
    host.gate().awaitReached(run, "gate");
    EventStreams streams = host.bean(EventStreams.class);
    List<Socket> readers = new ArrayList<>();
    for (int i = 0; i < READERS; i++) {
      readers.add(reader(run));
    }
    await().atMost(PATIENCE).until(() -> streams.openStreams() == READERS);

    cable.silence();
    host.bean(CommitNews.class).heard(run);

    // One after the other they would wait for a connection for much longer.
    await().atMost(PATIENCE).until(() -> streams.openStreams() == 0);
    cable.mend();
    awaitService();
    host.gate().open(run, "gate");
    assertThat(acme.types(run)).endsWith("run.completed");
    for (Socket reader : readers) {
      reader.close();
    }
  }

  private void awaitService() {
    CommitNews news = host.bean(CommitNews.class);
    await()
        .atMost(PATIENCE)
        .until(() -> acme.get("/v1/workflows/" + GATED).status() == 200 && !news.isBlind());
  }

  private static Socket reader(String run) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), host.port());
    socket
        .getOutputStream()
        .write(
            "GET /v1/runs/%s/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n"
                .formatted(run, Key.ACME.secret())
                .getBytes(StandardCharsets.ISO_8859_1));
    // One after the other, so that none has to wait for a connection.
    byte[] status = socket.getInputStream().readNBytes("HTTP/1.1 200".length());
    assertThat(new String(status, StandardCharsets.ISO_8859_1)).isEqualTo("HTTP/1.1 200");
    return socket;
  }

  @Test
  void noWaitForADatabaseIsWithoutAnEnd() {
    HikariDataSource pool = (HikariDataSource) ordinary.bean(DataSource.class);
    Properties driver = pool.getDataSourceProperties();
    Duration silence = Duration.ofSeconds(Long.parseLong(driver.getProperty("socketTimeout")));
    Duration statement = setting("statement_timeout");

    assertThat(silence).isBetween(statement.plusSeconds(1), statement.plusSeconds(10));
    assertThat(Integer.parseInt(driver.getProperty("connectTimeout"))).isBetween(1, 10);
    assertThat(pool.getConnectionTimeout()).isBetween(1L, 10_000L);
    assertThat(pool.getValidationTimeout()).isLessThan(pool.getConnectionTimeout());
    assertThat(setting("lock_timeout")).isPositive().isLessThan(statement);
    assertThat(setting("idle_in_transaction_session_timeout")).isPositive();
  }

  private static Duration setting(String name) {
    return Duration.ofMillis(
        ordinary
            .database()
            .sql("select setting from pg_settings where name = :name")
            .param("name", name)
            .query(Long.class)
            .single());
  }
}
