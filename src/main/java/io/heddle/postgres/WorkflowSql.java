package io.heddle.postgres;

import io.heddle.workflow.WorkflowStore;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionOperations;

/** Workflow revisions. */
public final class WorkflowSql implements WorkflowStore {

  private static final String NEWEST =
      """
      select revision, definition from openwop.workflow_revision
      where scope = :scope and workflow_id = :workflow
      order by revision desc
      limit 1
      """;

  private static final String FIND =
      """
      select revision, definition from openwop.workflow_revision
      where scope = :scope and workflow_id = :workflow and revision = :revision
      """;

  private static final String SAME =
      """
      select revision, definition from openwop.workflow_revision
      where scope = :scope and workflow_id = :workflow and digest = :digest
        and (not :onTop or revision = (
          select max(revision) from openwop.workflow_revision where scope = :scope and workflow_id = :workflow))
      order by revision desc
      limit 1
      """;

  // Two registrations of one id wait for each other here instead of failing on the key.
  private static final String SERIALISE =
      """
      select 1 from (select pg_advisory_xact_lock(hashtextextended(:scope || '/' || :workflow, 0))) locked
      """;

  private static final String INSERT =
      """
      insert into openwop.workflow_revision (scope, workflow_id, revision, definition, digest, created_by)
      select :scope, :workflow, coalesce(max(revision), 0) + 1, :definition::json, :digest, :createdBy
      from openwop.workflow_revision where scope = :scope and workflow_id = :workflow
      returning revision, definition
      """;

  private final JdbcClient jdbc;

  private final TransactionOperations transactions;

  public WorkflowSql(JdbcClient jdbc, TransactionOperations transactions) {
    this.jdbc = jdbc;
    this.transactions = transactions;
  }

  @Override
  public Optional<Revision> newest(String scope, String workflowId) {
    return jdbc.sql(NEWEST)
        .param("scope", scope)
        .param("workflow", workflowId)
        .query(WorkflowSql::revision)
        .optional();
  }

  @Override
  public Optional<Revision> find(String scope, String workflowId, int revision) {
    return jdbc.sql(FIND)
        .param("scope", scope)
        .param("workflow", workflowId)
        .param("revision", revision)
        .query(WorkflowSql::revision)
        .optional();
  }

  @Override
  public Revision put(
      String scope,
      String workflowId,
      @Nullable String definition,
      byte[] digest,
      @Nullable String createdBy,
      boolean onTop) {
    return Objects.requireNonNull(
        transactions.execute(
            status -> {
              jdbc.sql(SERIALISE)
                  .param("scope", scope)
                  .param("workflow", workflowId)
                  .query(Integer.class)
                  .single();
              return same(scope, workflowId, digest, onTop)
                  .orElseGet(() -> insert(scope, workflowId, definition, digest, createdBy));
            }));
  }

  private Optional<Revision> same(String scope, String workflowId, byte[] digest, boolean onTop) {
    return jdbc.sql(SAME)
        .param("scope", scope)
        .param("workflow", workflowId)
        .param("digest", digest)
        .param("onTop", onTop)
        .query(WorkflowSql::revision)
        .optional();
  }

  private Revision insert(
      String scope,
      String workflowId,
      @Nullable String definition,
      byte[] digest,
      @Nullable String createdBy) {
    return jdbc.sql(INSERT)
        .param("scope", scope)
        .param("workflow", workflowId)
        .param("definition", definition)
        .param("digest", digest)
        .param("createdBy", createdBy)
        .query(WorkflowSql::revision)
        .single();
  }

  private static Revision revision(ResultSet row, int number) throws SQLException {
    return new Revision(row.getInt("revision"), row.getString("definition"));
  }
}
