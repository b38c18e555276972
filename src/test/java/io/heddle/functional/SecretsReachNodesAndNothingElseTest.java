package io.heddle.functional;

import static io.heddle.testkit.WorkflowBuilder.workflow;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.RunStatus;
import io.heddle.secret.SecretSources;
import io.heddle.spi.Artifact;
import io.heddle.spi.InterruptKind;
import io.heddle.spi.InterruptRequest;
import io.heddle.spi.NodeFailedException;
import io.heddle.spi.NodeResult;
import io.heddle.spi.SecretSource;
import io.heddle.testkit.CapturedLog;
import io.heddle.testkit.HandDrivenHost;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.ScriptedNode;
import io.heddle.testkit.SettableClock;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A node that spills the secret it got spills it over nobody. */
class SecretsReachNodesAndNothingElseTest {

  private static final String SECRET = "Tr0ub4dor&3\"\\";

  private static final String MARK = "[REDACTED:payments]";

  private final ScriptedNode spill = ScriptedNode.acting("test.spill");

  private final ScriptedNode next = ScriptedNode.acting("test.next");

  private final ScriptedNode pure = ScriptedNode.pure("test.pure");

  private final Keeper keeper = new Keeper();

  private final SettableClock clock = new SettableClock(Instant.now());

  private final CapturedLog logged = CapturedLog.start();

  private HandDrivenHost host;

  @BeforeEach
  void open() {
    host =
        new HandDrivenHost(
            PostgresPerJvm.freshDatabase(),
            HandDrivenHost.WIDE,
            clock,
            UnaryOperator.identity(),
            new SecretSources(List.of(keeper)),
            spill,
            next,
            pure);
    host.register(
        workflow("spilling")
            .channel("said", "append", Map.of())
            .nodeWith(
                "spill", "test.spill", Map.of(), Map.of("agent", Map.of("agentId", "acme.thinker")))
            .node("next", "test.next")
            .input("given", Map.of("type", "connection", "nodeId", "spill", "outputKey", "given"))
            .edge("spill", "next"));
  }

  @AfterEach
  void close() {
    logged.close();
    host.close();
  }

  @Test
  void whateverItGives() {
    List<@Nullable Object> seen = new ArrayList<>();
    String encoded = Base64.getEncoder().encodeToString(SECRET.getBytes(StandardCharsets.UTF_8));
    spill.does(
        context -> {
          String secret = context.secret("payments");
          seen.add(secret);
          context.channels().write("said", "it is " + secret);
          context.addArtifact(Artifact.json("acme.plan", Map.of(secret, List.of(secret))));
          context.agent().reasoned("I use " + secret);
          String call = context.agent().toolCalled("acme:pay", Map.of("key", secret));
          context.agent().toolReturned(call, secret);
          seen.add(context.once("acme:pay", id -> Map.of("used", secret)));
          return NodeResult.completed(
              Map.of(
                  "given",
                  "it is " + secret,
                  "json",
                  Json.write(List.of(secret)),
                  "encoded",
                  "x " + encoded,
                  secret,
                  1));
        });
    next.does(
        context -> {
          seen.add(context.inputs().get("given"));
          // What somebody else told it.
          return NodeResult.completed(Map.of("echo", SECRET));
        });
    String runId = host.create("spilling", Map.of(), Map.of());

    host.drive(runId);

    host.assertThat(runId).is(RunStatus.COMPLETED).hasSoundLog();
    assertThat(seen).containsExactly(SECRET, Map.of("used", MARK), "it is " + MARK);
    Map<String, Object> outputs =
        Json.object(
            Json.parseObject(
                    host.assertThat(runId).log().only(EventType.NODE_COMPLETED, "spill").payload())
                .get("outputs"),
            "");
    assertThat(outputs)
        .containsEntry("given", "it is " + MARK)
        .containsEntry("json", "[\"" + MARK + "\"]")
        .containsEntry(MARK, 1);
    assertThat(outputs.get("encoded").toString()).startsWith("x " + MARK);
    assertThat(database()).contains(MARK);
    nothingSpilt();
    assertThat(keeper.asked)
        .containsExactly(
            new SecretSource.Request(
                "payments", SampleRuns.TENANT.id(), SampleRuns.OWNER.principal(), runId));
  }

  @Test
  void whateverItFailsWith() {
    spill.does(
        context -> {
          String secret = context.secret("payments");
          try {
            context.once(
                "acme:pay",
                id -> {
                  throw new NodeFailedException("acme.refused", "refused " + secret, false);
                });
          } catch (NodeFailedException e) {
            throw new NodeFailedException("acme.no", e.getMessage() + " and " + secret, false);
          }
          return NodeResult.completed();
        });
    String runId = host.create("spilling", Map.of(), Map.of());

    host.drive(runId);

    host.assertThat(runId).is(RunStatus.FAILED).hasError("acme.no");
    assertThat(database()).contains("refused " + MARK + " and " + MARK);
    nothingSpilt();
  }

  @Test
  void whateverItThrows() {
    spill.does(
        context -> {
          throw new IllegalStateException("no account for " + context.secret("payments"));
        });
    String runId = host.create("spilling", Map.of(), Map.of());

    host.drive(runId);

    host.assertThat(runId).is(RunStatus.FAILED).hasError("heddle.node_crashed");
    assertThat(logged.lines()).anyMatch(line -> line.contains("threw"));
    nothingSpilt();
  }

  @Test
  void whateverItAsksAndRemembers() {
    spill.does(
        context -> {
          String secret = context.secret("payments");
          return new NodeResult.Suspended(
              new InterruptRequest(
                  InterruptKind.CUSTOM,
                  Map.of("customKind", "acme.key", "payload", Map.of("is", secret)),
                  Map.of("const", secret),
                  Duration.ofHours(1)),
              Map.of("secret", secret));
        });
    String runId = host.create("spilling", Map.of(), Map.of());

    host.drive(runId);

    host.assertThat(runId).is(RunStatus.WAITING_INPUT);
    assertThat(database()).contains(MARK);
    nothingSpilt();
  }

  @Test
  void notEvenAFile() {
    spill.does(
        context -> {
          byte[] file = ("\0\1" + context.secret("payments")).getBytes(StandardCharsets.UTF_8);
          context.addArtifact(Artifact.bytes("acme.file", "application/zip", file));
          return NodeResult.completed();
        });
    String runId = host.create("spilling", Map.of(), Map.of());

    host.drive(runId);

    host.assertThat(runId).is(RunStatus.FAILED).hasError("heddle.secret_in_artifact");
    nothingSpilt();
  }

  @Test
  void afterAnotherProcessTookOver() {
    spill.does(context -> NodeResult.completed(Map.of("given", context.secret("payments"))));
    String runId = host.create("spilling", Map.of(), Map.of());
    host.driveUntilCommits(runId, 1);
    host.die();

    host.drive(runId);

    host.assertThat(runId).is(RunStatus.COMPLETED);
    nothingSpilt();
  }

  @Test
  void aSecretThatIsNotThereFailsTheNode() {
    for (String id : List.of("unknown", "../payments", "", "a b", "x".repeat(129))) {
      spill.does(context -> NodeResult.completed(Map.of("given", context.secret(id))));
      String runId = host.create("spilling", Map.of(), Map.of());

      host.drive(runId);

      host.assertThat(runId)
          .is(RunStatus.FAILED)
          .hasError(id.equals("unknown") ? "credential_required" : "credential_forbidden");
    }
    keeper.secret = "abc";
    spill.does(context -> NodeResult.completed(Map.of("given", context.secret("payments"))));
    String runId = host.create("spilling", Map.of(), Map.of());
    host.drive(runId);
    host.assertThat(runId).is(RunStatus.FAILED).hasError("credential_required");
  }

  @Test
  void aKeeperThatDoesNotAnswerIsAskedAgain() {
    host.register(workflow("retrying").node("spill", "test.spill").maxRetries(1));
    keeper.away = true;
    spill.does(context -> NodeResult.completed(Map.of("given", context.secret("payments"))));
    String runId = host.create("retrying", Map.of(), Map.of());
    host.drive(runId);
    assertThat(host.assertThat(runId).log().only(EventType.NODE_RETRIED, "spill").payload())
        .contains("credential_unavailable");
    keeper.away = false;
    clock.advance(Duration.ofSeconds(2));

    host.drive(runId);

    host.assertThat(runId).is(RunStatus.COMPLETED);
    nothingSpilt();
  }

  @Test
  void aPureNodeGetsNone() {
    host.register(workflow("pure").node("only", "test.pure"));
    pure.does(context -> NodeResult.completed(Map.of("given", context.secret("payments"))));
    String runId = host.create("pure", Map.of(), Map.of());

    host.drive(runId);

    host.assertThat(runId).is(RunStatus.FAILED).hasError("heddle.secret_in_pure_node");
    assertThat(keeper.asked).isEmpty();
  }

  private void nothingSpilt() {
    String quoted = Json.write(SECRET);
    assertThat(database())
        .doesNotContain(
            SECRET,
            quoted.substring(1, quoted.length() - 1),
            "Tr0ub4dor",
            Base64.getEncoder()
                .withoutPadding()
                .encodeToString(SECRET.getBytes(StandardCharsets.UTF_8)));
    assertThat(logged.lines()).noneMatch(line -> line.contains("Tr0ub4dor"));
  }

  /** Every row of every table. */
  private String database() {
    StringBuilder text = new StringBuilder();
    for (String table :
        host.stores()
            .jdbc()
            .sql("select table_name from information_schema.tables where table_schema = 'openwop'")
            .query(String.class)
            .list()) {
      host.stores()
          .jdbc()
          .sql("select t::text from openwop.%s t".formatted(table))
          .query(String.class)
          .list()
          .forEach(text::append);
    }
    // A row as text doubles its quotes and backslashes.
    return text.toString().replace("\"\"", "\"").replace("\\\\", "\\");
  }

  private static final class Keeper implements SecretSource {

    private final List<Request> asked = new CopyOnWriteArrayList<>();

    private volatile String secret = SECRET;

    private volatile boolean away;

    @Override
    public Set<Scope> scopes() {
      return Set.of(Scope.TENANT);
    }

    @Override
    public @Nullable String resolve(Request request) {
      asked.add(request);
      if (away) {
        throw new IllegalStateException("cannot log in with password=" + secret);
      }
      return request.secretId().equals("payments") ? secret : null;
    }
  }
}
