package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.heddle.web.TestHost.Key;
import io.micrometer.core.instrument.LongTaskTimer;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.jdbc.core.simple.JdbcClient;

@ExtendWith(TestHost.Shared.class)
class AStoppingHostLetsItsReadersGoTest {

  private static final String GATED = "gated";

  @Test
  void whoeverWaitsIsAnsweredAndTheRunIsHandedBack(TestHost shared) throws InterruptedException {
    String url = shared.createDatabase("of_a_stopping_host");
    JdbcClient database = TestHost.database(url);
    TestHost host = TestHost.start("--spring.datasource.url=" + url);
    Caller acme = host.as(Key.ACME);
    acme.register(GATED, Definitions.chain(GATED, Definitions.gate("gate")));
    String run = acme.startRun(GATED);
    host.gate().awaitReached(run, "gate");
    CompletableFuture<Answer> stream =
        acme.sendAsync("GET", "/v1/runs/%s/events".formatted(run), null);
    CompletableFuture<Answer> poll =
        acme.sendAsync(
            "GET", "/v1/runs/%s/events/poll?lastSequence=1&timeout=60".formatted(run), null);
    await().atMost(Duration.ofSeconds(30)).until(() -> underWay(host) == 2);

    host.close();

    assertThat(stream.join().text()).startsWith("id: 0\nevent: run.started\n");
    Answer answer = poll.join();
    assertThat(answer.status()).as("%s", answer).isEqualTo(200);
    assertThat(answer.json().get("events")).isEmpty();
    assertThat(answer.json().get("isComplete").asBoolean()).isFalse();
    assertThat(
            database
                .sql(
                    "select count(*) from openwop.run where status = 'RUNNING'"
                        + " and lease_owner is null and wake_at is not null")
                .query(Long.class)
                .single())
        .isEqualTo(1);
    assertThat(database.sql("select count(*) from openwop.host_node").query(Long.class).single())
        .isZero();
  }

  private static int underWay(TestHost host) {
    return host
        .bean(MeterRegistry.class)
        .find("http.server.requests.active")
        .longTaskTimers()
        .stream()
        .mapToInt(LongTaskTimer::activeTasks)
        .sum();
  }
}
