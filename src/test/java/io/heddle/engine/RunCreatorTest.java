package io.heddle.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.heddle.engine.node.NoopNode;
import io.heddle.json.Json;
import io.heddle.run.LocalExecution;
import io.heddle.run.NewRun;
import io.heddle.run.Run;
import io.heddle.run.RunStore;
import io.heddle.run.Step;
import io.heddle.spi.WorkflowSource;
import io.heddle.tenancy.Tenant;
import io.heddle.workflow.Fault;
import io.heddle.workflow.InvalidInputsException;
import io.heddle.workflow.WorkflowParser;
import io.heddle.workflow.WorkflowRegistry;
import io.heddle.workflow.WorkflowStore;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RunCreatorTest {

  private static final String WORKFLOW = "conformance-configurable-schema";

  private final Runs runs = new Runs();

  private RunCreator creator;

  @BeforeEach
  void offerTheWorkflow() throws IOException {
    WorkflowRegistry registry =
        new WorkflowRegistry(
            new Workflows(), new WorkflowParser(Map.of("core.noop", new NoopNode())));
    String path = "/fixtures/" + WORKFLOW + ".json";
    try (InputStream in = Objects.requireNonNull(getClass().getResourceAsStream(path))) {
      String json = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      registry.offer(List.of(() -> List.of(new WorkflowSource.Document(path, json))));
    }
    creator = new RunCreator(registry, runs, new NoExecution(), 1, 2);
  }

  @Test
  void aConfigurationThatFitsIsKept() {
    Map<String, Object> configurable = Map.of("recursionLimit", 3, "tags", List.of("a"));

    assertThat(create(configurable)).isPresent();

    assertThat(runs.created).extracting(NewRun::configurable).containsExactly(configurable);
  }

  @Test
  void withoutAConfigurationThereIsNothingToCheck() {
    assertThat(create(null)).isPresent();

    assertThat(runs.created).extracting(NewRun::configurable).containsExactly(Json.members());
  }

  @Test
  void aConfigurationThatDoesNotFitCreatesNoRun() {
    assertThat(faults(Map.of("recursionLimit", "many", "secret", "s3cr3t", "tags", List.of(1))))
        .containsExactlyInAnyOrder(
            new Fault("/configurable/recursionLimit", "must be an integer of at least 1"),
            new Fault("/configurable/secret", "is not a known member"),
            new Fault("/configurable/tags/0", "must be a string"));
    assertThat(faults(Map.of("recursionLimit", 0)))
        .containsExactly(
            new Fault("/configurable/recursionLimit", "must be an integer of at least 1"));
    assertThat(faults(Map.of("runTimeoutMs", 1000)))
        .containsExactly(new Fault("/configurable/runTimeoutMs", "is not a known member"));

    assertThat(runs.created).isEmpty();
  }

  private List<Fault> faults(Map<String, Object> configurable) {
    InvalidInputsException refusal =
        catchThrowableOfType(InvalidInputsException.class, () -> create(configurable));
    assertThat(refusal).hasMessageNotContaining("s3cr3t");
    return refusal.faults();
  }

  private Optional<RunCreator.Accepted> create(Map<String, Object> configurable) {
    return creator.create(
        new RunCreator.Request(
            new Tenant("acme"),
            new Run.Owner("o", "urn:test", "api-key", "user"),
            WORKFLOW,
            Map.of(),
            configurable,
            null,
            null,
            null,
            null));
  }

  private static final class Runs implements RunStore {

    private final List<NewRun> created = new ArrayList<>();

    @Override
    public Optional<Instant> create(NewRun run, String leaseOwner) {
      created.add(run);
      return Optional.of(Instant.EPOCH);
    }

    @Override
    public Optional<Run> find(Tenant tenant, String runId) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Optional<LogPage> log(Tenant tenant, String runId, long after, int limit) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Step.Outcome commit(Step step) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Optional<Run> amend(
        Tenant tenant, String runId, Function<Run, Optional<Amendment>> change) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void lengths(List<String> runIds, LengthConsumer consumer) {
      throw new UnsupportedOperationException();
    }
  }

  private static final class Workflows implements WorkflowStore {

    @Override
    public Optional<Revision> newest(String scope, String workflowId) {
      return Optional.empty();
    }

    @Override
    public Optional<Revision> find(String scope, String workflowId, int revision) {
      return Optional.empty();
    }

    @Override
    public Revision put(
        String scope,
        String workflowId,
        String definition,
        byte[] digest,
        String createdBy,
        boolean onTop) {
      return new Revision(1, definition);
    }
  }

  private static final class NoExecution implements LocalExecution {

    @Override
    public Optional<Seat> reserve() {
      return Optional.empty();
    }

    @Override
    public void lost(String runId) {}

    @Override
    public void due() {}
  }
}
