package io.heddle.web.v1;

import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.feedback.Annotation;
import io.heddle.feedback.Remark;
import io.heddle.feedback.Signal;
import io.heddle.json.Json;
import io.heddle.run.Run;
import io.heddle.run.RunStore;
import io.heddle.run.RunStore.LogPage;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a bundle costs depends on its size, not on the run's. */
class ALongLogIsBundledInPagesTest {

  private static final int CAP = 8 << 20;

  private final List<LogPage> pages = new ArrayList<>();

  private HandDrivenHost host;

  private String runId;

  @BeforeEach
  void open() {
    host =
        new HandDrivenHost(
            PostgresPerJvm.freshDatabase(), HandDrivenHost.WIDE, InstantSource.system());
    host.register(workflow("one").node("only", "core.noop"));
    runId = host.create("one", Map.of(), Map.of());
    host.drive(runId);
  }

  @AfterEach
  void close() {
    host.close();
  }

  @Test
  void ofWhichFewAreReadWhenTheLogIsLongerThanTheBundle() throws IOException {
    lengthen(12_500, 8_000);

    byte[] bundle = bundle(CAP, DebugBundle.ALL_EVENTS, List.of());

    Map<String, Object> told = Json.parseObject(new String(bundle));
    assertThat(bundle.length).isBetween(CAP - 20_000, CAP);
    assertThat(told)
        .containsEntry("truncated", true)
        .containsEntry("truncatedReason", "events_truncated_to_size_cap");
    assertThat(((Map<?, ?>) told.get("metrics")).get("eventCount")).isEqualTo(12_504);
    assertThat(sequences(told)).hasSizeGreaterThan(900).startsWith(0, 1, 2, 3);
    assertThat(pages).hasSizeBetween(2, 12);
    assertThat(pages)
        .allSatisfy(
            page ->
                assertThat(page.events().stream().mapToInt(event -> event.payload().length()).sum())
                    .isLessThan(1_010_000));
  }

  @Test
  void ofWhichOneIsReadWhenFewEventsAreWanted() throws IOException {
    lengthen(100, 1_000);

    Map<String, Object> told = Json.parseObject(new String(bundle(CAP, 2, List.of())));

    assertThat(sequences(told)).containsExactly(0, 1);
    assertThat(pages).singleElement().satisfies(page -> assertThat(page.events()).hasSize(2));
  }

  @Test
  void withoutAnEventThatIsLargerThanABundle() throws IOException {
    lengthen(1, 200_000);

    byte[] bundle = bundle(100_000, DebugBundle.ALL_EVENTS, List.of());

    assertThat(bundle.length).isLessThan(100_000);
    assertThat(sequences(Json.parseObject(new String(bundle)))).containsExactly(0, 1, 2, 3);
  }

  @Test
  void withRoomForEventsBesideManyAnnotations() throws IOException {
    List<Annotation> annotations = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      annotations.add(
          new Annotation(
              "ann-" + i,
              runId,
              new Remark(
                  null,
                  null,
                  new Signal(Signal.Kind.FLAG, null, null, null),
                  "é".repeat(1_000),
                  "somebody"),
              Instant.EPOCH));
    }

    byte[] bundle = bundle(100_000, DebugBundle.ALL_EVENTS, annotations);

    Map<String, Object> told = Json.parseObject(new String(bundle, "UTF-8"));
    assertThat(bundle.length).isLessThan(100_000);
    assertThat((List<?>) told.get("annotations")).hasSizeBetween(5, 12);
    assertThat(sequences(told)).containsExactly(0, 1, 2, 3);
    assertThat(told).containsEntry("truncatedReason", "annotations_truncated_to_size_cap");
  }

  @Test
  void endsInOrderWhenTheRunIsDeletedMeanwhile() throws IOException {
    lengthen(3_000, 10);
    Run run = host.stores().runs().find(SampleRuns.TENANT, runId).orElseThrow();
    DebugBundle bundle = new DebugBundle(counting(), run, CAP, DebugBundle.ALL_EVENTS);
    assertThat(bundle.open()).isTrue();
    host.stores().jdbc().sql("delete from openwop.run where run_id = ?").param(runId).update();
    ByteArrayOutputStream out = new ByteArrayOutputStream();

    bundle.write(out, Instant.EPOCH, V1Discovery.implementation("1"), List.of());

    Map<String, Object> told = Json.parseObject(out.toString("UTF-8"));
    assertThat(told).containsEntry("truncatedReason", "run_expired");
    assertThat(sequences(told)).hasSize(1_000);
    assertThat(new DebugBundle(counting(), run, CAP, DebugBundle.ALL_EVENTS).open()).isFalse();
  }

  private byte[] bundle(int cap, int maxEvents, List<Annotation> annotations) throws IOException {
    Run run = host.stores().runs().find(SampleRuns.TENANT, runId).orElseThrow();
    DebugBundle bundle = new DebugBundle(counting(), run, cap, maxEvents);
    assertThat(bundle.open()).isTrue();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    bundle.write(out, Instant.EPOCH, V1Discovery.implementation("1"), annotations);
    return out.toByteArray();
  }

  /** The real store; remembers the pages it gave. */
  private RunStore counting() {
    RunStore real = host.stores().runs();
    return (RunStore)
        Proxy.newProxyInstance(
            RunStore.class.getClassLoader(),
            new Class<?>[] {RunStore.class},
            (proxy, method, arguments) -> {
              try {
                Object given = method.invoke(real, arguments);
                if (given instanceof Optional<?> found
                    && found.orElse(null) instanceof LogPage page) {
                  pages.add(page);
                }
                return given;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private void lengthen(int events, int characters) {
    host.stores()
        .jdbc()
        .sql(
            """
            with longer as (
              update openwop.run set next_sequence = next_sequence + :events where run_id = :run
              returning run_id, tenant_id, next_sequence - :events as first)
            insert into openwop.event (
              run_id, sequence, tenant_id, event_id, type, node_id, payload, occurred_at,
              schema_version, engine_version)
            select run_id, first + i, tenant_id, 'evt-long-' || i, 'AGENT_REASONED', 'only',
              ('{"text": "' || repeat('x', :characters) || '"}')::json, now(), 1, 1
            from longer, generate_series(0, :events - 1) i
            """)
        .param("run", runId)
        .param("events", events)
        .param("characters", characters)
        .update();
  }

  private static List<Integer> sequences(Map<String, Object> bundle) {
    return ((List<?>) bundle.get("events"))
        .stream().map(event -> (Integer) ((Map<?, ?>) event).get("sequence")).toList();
  }
}
