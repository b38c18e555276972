package io.heddle.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.run.EventType;
import io.heddle.run.NewEvent;
import io.heddle.run.NewRun;
import io.heddle.run.Run;
import io.heddle.run.RunError;
import io.heddle.run.RunStatus;
import io.heddle.run.Step;
import io.heddle.run.TraceContext;
import io.heddle.run.Wakeup;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.PostgresPerJvm.Database;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.Stores;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

/** What is null now and was not before does not make the database parse a statement again. */
class StatementsArePreparedOnceTest {

  private static final int TIMES = 20;

  // Until then the driver sends the text each time.
  private static final int SENT_AS_TEXT = 4;

  private SingleConnectionDataSource connection;

  private Stores stores;

  @BeforeEach
  void connect() {
    Database database = PostgresPerJvm.freshDatabase();
    connection = new SingleConnectionDataSource(database.url(), true);
    stores = Stores.on(connection);
  }

  @AfterEach
  void disconnect() {
    connection.destroy();
  }

  @Test
  void runsAreInsertedByOneStatementWhateverTheyHave() {
    for (int i = 0; i < TIMES; i++) {
      stores.runs().create(i % 2 == 0 ? SampleRuns.pending() : full(), i % 3 == 0 ? "node" : null);
    }

    assertThat(executions("with created as (%")).isEqualTo(TIMES - SENT_AS_TEXT);
  }

  @Test
  void stepsAreAppendedByOneStatementWhateverTheyTell() {
    for (int i = 0; i < TIMES; i++) {
      Run run = SampleRuns.create(stores, "node");
      stores.runs().commit(i % 2 == 0 ? SampleRuns.completion(run) : failure(run));
    }

    assertThat(executions("with target as (%")).isEqualTo(TIMES - SENT_AS_TEXT);
  }

  private static NewRun full() {
    NewRun run = SampleRuns.pending();
    return new NewRun(
        run.tenant(),
        run.runId(),
        run.owner(),
        run.workflow(),
        run.state(),
        run.inputs(),
        run.configurable(),
        List.of("tag"),
        Map.of("key", "value"),
        new Run.Scope("scope", false),
        "https://example.org",
        new Run.Parent("run-of-somebody-else", "node"),
        1,
        new TraceContext("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a=b"));
  }

  private static Step failure(Run run) {
    return new Step(
        run.tenant(),
        run.runId(),
        run.leaseEpoch(),
        run.nextSequence(),
        run.signals(),
        List.of(NewEvent.of(EventType.RUN_FAILED, null, "{}")),
        RunStatus.FAILED,
        run.state(),
        new RunError("code", "message"),
        new Wakeup.Never(),
        List.of());
  }

  private int executions(String statement) {
    return JdbcClient.create(connection)
        .sql(
            """
            select coalesce(sum(generic_plans + custom_plans), 0)
            from pg_prepared_statements where statement like :statement
            """)
        .param("statement", statement)
        .query(Integer.class)
        .single();
  }
}
