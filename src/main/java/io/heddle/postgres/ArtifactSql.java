package io.heddle.postgres;

import io.heddle.artifact.ArtifactStore;
import io.heddle.artifact.StoredArtifact;
import io.heddle.run.NewArtifact;
import io.heddle.run.Step;
import io.heddle.tenancy.Tenant;
import java.time.OffsetDateTime;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Artifacts of runs. */
public final class ArtifactSql implements ArtifactStore {

  // A step that was stored by an earlier try has stored its artifacts with it.
  private static final String INSERT =
      """
      insert into openwop.artifact (
        run_id, artifact_id, tenant_id, node_id, type, media_type, content, bytes)
      values (:run, :artifact, :tenant, :node, :type, :mediaType, :content::json, :bytes::bytea)
      on conflict (run_id, artifact_id) do nothing
      """;

  private static final String FIND =
      """
      select artifact_id, node_id, type, media_type, content, bytes, created_at
      from openwop.artifact
      where tenant_id = :tenant and run_id = :run and artifact_id = :artifact
      """;

  private final JdbcClient jdbc;

  public ArtifactSql(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  /** Joins the transaction that has stored the step. */
  void keep(Step step) {
    for (NewArtifact artifact : step.artifacts()) {
      jdbc.sql(INSERT)
          .param("run", step.runId())
          .param("artifact", artifact.artifactId())
          .param("tenant", step.tenant().id())
          .param("node", artifact.nodeId())
          .param("type", artifact.type())
          .param("mediaType", artifact.mediaType())
          .param("content", artifact.json())
          .param("bytes", artifact.bytes())
          .update();
    }
  }

  @Override
  public Optional<StoredArtifact> find(Tenant tenant, String runId, String artifactId) {
    return jdbc.sql(FIND)
        .param("tenant", tenant.id())
        .param("run", runId)
        .param("artifact", artifactId)
        .query(
            (row, number) ->
                new StoredArtifact(
                    new NewArtifact(
                        row.getString("artifact_id"),
                        row.getString("node_id"),
                        row.getString("type"),
                        row.getString("media_type"),
                        row.getString("content"),
                        row.getBytes("bytes")),
                    row.getObject("created_at", OffsetDateTime.class).toInstant()))
        .optional();
  }
}
