package io.heddle.testkit;

import io.heddle.claim.ClaimStore;
import io.heddle.effect.EffectStore;
import io.heddle.idempotency.IdempotencyStore;
import io.heddle.interrupt.InterruptStore;
import io.heddle.postgres.ClaimSql;
import io.heddle.postgres.EffectSql;
import io.heddle.postgres.IdempotencySql;
import io.heddle.postgres.InterruptSql;
import io.heddle.postgres.RunSql;
import io.heddle.postgres.WorkflowSql;
import io.heddle.run.RunStore;
import io.heddle.workflow.WorkflowStore;
import java.time.Duration;
import javax.sql.DataSource;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.support.TransactionOperations;
import org.springframework.transaction.support.TransactionTemplate;

/** The host's stores on one data source, put together as the host does it. */
public record Stores(
    JdbcClient jdbc,
    TransactionOperations transactions,
    RunStore runs,
    ClaimStore claims,
    WorkflowStore workflows,
    InterruptStore interrupts,
    IdempotencyStore idempotency,
    EffectStore effects) {

  public static final int ENGINE_VERSION = 1;

  public static final int EVENT_LOG_SCHEMA_VERSION = 2;

  public static Stores on(DataSource dataSource) {
    JdbcClient jdbc = JdbcClient.create(dataSource);
    TransactionOperations transactions =
        new TransactionTemplate(new JdbcTransactionManager(dataSource));
    return new Stores(
        jdbc,
        transactions,
        new RunSql(jdbc, transactions, ENGINE_VERSION, EVENT_LOG_SCHEMA_VERSION),
        new ClaimSql(jdbc, transactions),
        new WorkflowSql(jdbc, transactions),
        new InterruptSql(jdbc),
        new IdempotencySql(jdbc),
        new EffectSql(jdbc, Duration.ofDays(14)));
  }
}
