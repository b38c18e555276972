package io.heddle.functional;

import static io.heddle.testkit.Await.await;
import static io.heddle.testkit.RunAssert.assertThatRun;
import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.claim.DatabaseClock;
import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.Run;
import io.heddle.run.RunEvent;
import io.heddle.run.RunStatus;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.HostClient;
import io.heddle.testkit.HostClient.Reply;
import io.heddle.testkit.HostCluster;
import io.heddle.testkit.Stores;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ten callers with ten answers over two processes, by credential and by token, a cancel and the
 * deadline, all at about the same instant. How often is told by a system property; a seed says when
 * who comes.
 */
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class OneOfManySettlesAQuestionTest {

  private static final Logger log = LoggerFactory.getLogger(OneOfManySettlesAQuestionTest.class);

  private static final Tenant TENANT = new Tenant("default");

  private static final int ROUNDS = Integer.getInteger("races.rounds", 20);

  private static final long SEED = Long.getLong("races.seed", 41L);

  private static final int CALLERS = 10;

  private static final int OPEN_MILLIS = 900;

  @RegisterExtension static final HostCluster CLUSTER = HostCluster.of(2);

  /** What a round is about; there are as many of each. */
  private enum Race {
    ANSWERS(-400, false),
    ANSWERS_AND_CANCEL(-400, true),
    ANSWERS_AND_DEADLINE(0, false),
    ALL(0, true),
    LATE_ANSWERS(30, false);

    private final int fromDeadline;

    private final boolean cancels;

    Race(int fromDeadline, boolean cancels) {
      this.fromDeadline = fromDeadline;
      this.cancels = cancels;
    }
  }

  /** A question as it is stored. */
  private record Question(String state, Instant deadline) {}

  /**
   * An answer that was given.
   *
   * @param sentAt no later than it was, by the database's clock
   * @param heardAt no later than it was, by the database's clock
   */
  private record Given(int caller, boolean byToken, Instant sentAt, Reply reply, Instant heardAt) {

    boolean won() {
      return reply.status() == 200;
    }

    boolean isLate(Instant deadline) {
      return !sentAt.isBefore(deadline);
    }
  }

  private final Random random = new Random(SEED);

  private final Stores stores = Stores.on(CLUSTER.database().dataSource());

  private final ScheduledExecutorService threads = Executors.newScheduledThreadPool(CALLERS + 1);

  private final DatabaseClock clock = new DatabaseClock();

  /** By how much the clock may be behind the database's. */
  private Duration lag = Duration.ZERO;

  @BeforeEach
  void connect() {
    CLUSTER
        .host(0)
        .client()
        .put(
            workflow("race")
                .node("gate", "core.approvalGate", Map.of("timeoutMs", OPEN_MILLIS))
                .node("after", "core.noop")
                .edge("gate", "after"));
  }

  @AfterEach
  void stop() {
    threads.shutdownNow();
  }

  @Test
  void andAllOthersAreToldWhy() throws Exception {
    Map<String, Integer> settled = new TreeMap<>();
    for (int i = 0; i < ROUNDS; i++) {
      Race race = Race.values()[i % Race.values().length];
      String by = round(i, race);
      settled.merge(race + " " + by, 1, Integer::sum);
    }

    log.info("Seed {}: {}", SEED, settled);
    assertThat(settled.keySet())
        .contains("LATE_ANSWERS TIMED_OUT")
        .anyMatch(key -> key.endsWith("RESOLVED"));
  }

  private String round(int number, Race race) throws Exception {
    readTime();
    String runId = client(number).create("race", Map.of());
    await("the question").until(() -> question(runId).isPresent());
    Instant deadline = question(runId).orElseThrow().deadline();
    Optional<String> token = token(client(number + 1), runId);

    List<Future<Given>> giving = new ArrayList<>();
    for (int i = 0; i < CALLERS; i++) {
      int caller = i;
      HostClient client = client(i / 2);
      boolean byToken = token.isPresent() && i % 2 == 0;
      String path =
          byToken
              ? "/v1/interrupts/" + token.get()
              : "/v1/runs/%s/interrupts/gate".formatted(runId);
      giving.add(at(race, deadline, () -> give(client, caller, byToken, path)));
    }
    Optional<Future<Reply>> cancelling =
        race.cancels
            ? Optional.of(
                at(
                    race,
                    deadline,
                    () ->
                        client(number).reply("POST", "/v1/runs/%s/cancel".formatted(runId), "{}")))
            : Optional.empty();
    List<Given> given = new ArrayList<>();
    for (Future<Given> one : giving) {
      given.add(one.get());
    }
    if (cancelling.isPresent()) {
      assertThat(cancelling.get().get().status()).isEqualTo(200);
    }
    await("the end").until(() -> run(runId).endedAt() != null);

    String state = question(runId).orElseThrow().state();
    String what = "round %d of seed %d: %s %s".formatted(number, SEED, state, given);
    assertReplies(what, race, state, deadline, given);
    assertLog(what, runId, state, given);
    return state;
  }

  private Given give(HostClient client, int caller, boolean byToken, String path) {
    String body =
        Json.write(
            Json.members(
                "resumeValue",
                Json.members("action", action(caller), "feedback", "caller-" + caller)));
    Instant sentAt = clock.instant();
    Reply reply =
        byToken ? client.replyToAnybody("POST", path, body) : client.reply("POST", path, body);
    return new Given(caller, byToken, sentAt, reply, clock.instant());
  }

  private static String action(int caller) {
    return caller % 4 < 2 ? "accept" : "reject";
  }

  private void assertReplies(
      String what, Race race, String state, Instant deadline, List<Given> given) {
    List<Given> winners = given.stream().filter(Given::won).toList();
    assertThat(winners).as(what).hasSize(state.equals("RESOLVED") ? 1 : 0);
    assertThat(winners).as(what).noneMatch(winner -> winner.isLate(deadline));
    for (Given one : given) {
      if (one.won()) {
        continue;
      }
      String reply = one.reply().toString();
      if (reply.equals("410 interrupt_expired")) {
        assertThat(one.heardAt().plus(lag)).as(what).isAfterOrEqualTo(deadline);
        // A token ends with the deadline, whatever became of its question before.
        assertThat(one.byToken() || !state.equals("RESOLVED")).as(what).isTrue();
        continue;
      }
      assertThat(reply)
          .as(what)
          .isEqualTo(
              state.equals("INVALIDATED") && !one.byToken()
                  ? "410 interrupt_gone"
                  : "409 interrupt_already_resolved");
      // Nothing but the deadline settles a question that it has settled.
      assertThat(state).as(what).isNotEqualTo("TIMED_OUT");
    }
    if (!race.cancels
        && given.stream().anyMatch(one -> one.heardAt().plus(lag).isBefore(deadline))) {
      assertThat(state).as(what).isEqualTo("RESOLVED");
    }
    if (!race.cancels) {
      assertThat(state).as(what).isNotEqualTo("INVALIDATED");
    }
    if (given.stream().allMatch(one -> one.isLate(deadline))) {
      assertThat(state).as(what).isNotEqualTo("RESOLVED");
    }
  }

  private void assertLog(String what, String runId, String state, List<Given> given) {
    assertThatRun(stores, TENANT, runId).hasSoundLog();
    List<RunEvent> events =
        stores.runs().log(TENANT, runId, -1, Integer.MAX_VALUE).orElseThrow().events();
    List<Map<String, Object>> received = payloads(events, EventType.APPROVAL_RECEIVED);
    List<Map<String, Object>> resolved = payloads(events, EventType.INTERRUPT_RESOLVED);
    RunStatus end = run(runId).status();
    switch (state) {
      case "RESOLVED" -> {
        Given winner = given.stream().filter(Given::won).findFirst().orElseThrow();
        assertThat(resolved).as(what).hasSize(1);
        assertThat(received).as(what).hasSize(1);
        assertThat(received.get(0))
            .as(what)
            .containsEntry("action", action(winner.caller()))
            .containsEntry("feedback", "caller-" + winner.caller());
        // A cancel may still come between the answer and what follows from it.
        if (end != RunStatus.CANCELLED) {
          assertThat(end)
              .as(what)
              .isEqualTo(
                  action(winner.caller()).equals("accept")
                      ? RunStatus.COMPLETED
                      : RunStatus.FAILED);
        }
      }
      case "TIMED_OUT" -> {
        assertThat(resolved).as(what).hasSize(1);
        assertThat(resolved.get(0)).as(what).containsEntry("reason", "timeout");
        assertThat(received).as(what).hasSize(1);
        assertThat(received.get(0)).as(what).containsEntry("action", "timeout");
        assertThat(end).as(what).isNotEqualTo(RunStatus.COMPLETED);
      }
      default -> {
        assertThat(state).as(what).isEqualTo("INVALIDATED");
        assertThat(resolved).as(what).isEmpty();
        assertThat(received).as(what).isEmpty();
        assertThat(end).as(what).isEqualTo(RunStatus.CANCELLED);
      }
    }
  }

  private static List<Map<String, Object>> payloads(List<RunEvent> events, EventType type) {
    return events.stream()
        .filter(event -> event.type() == type)
        .map(event -> Json.parseObject(event.payload()))
        .toList();
  }

  private <T> Future<T> at(Race race, Instant deadline, Callable<T> call) {
    Instant when = deadline.plusMillis(race.fromDeadline + random.nextInt(25) - 12L);
    long nanos = Duration.between(clock.instant(), when).toNanos();
    return threads.schedule(call, Math.max(0, nanos), TimeUnit.NANOSECONDS);
  }

  private HostClient client(int number) {
    return CLUSTER.host(number % 2).client();
  }

  private void readTime() {
    long before = System.nanoTime();
    clock.set(
        stores
            .jdbc()
            .sql("select clock_timestamp()")
            .query(OffsetDateTime.class)
            .single()
            .toInstant());
    lag = Duration.ofNanos(System.nanoTime() - before);
  }

  private static Optional<String> token(HostClient client, String runId) {
    return client.read(runId).get("interrupt") instanceof Map<?, ?> interrupt
        ? Optional.ofNullable((String) interrupt.get("interruptToken"))
        : Optional.empty();
  }

  private Optional<Question> question(String runId) {
    return stores
        .jdbc()
        .sql("select state, deadline from openwop.interrupt where run_id = :run")
        .param("run", runId)
        .query(
            (row, number) ->
                new Question(
                    row.getString("state"),
                    row.getObject("deadline", OffsetDateTime.class).toInstant()))
        .optional();
  }

  private Run run(String runId) {
    return stores.runs().find(TENANT, runId).orElseThrow();
  }
}
