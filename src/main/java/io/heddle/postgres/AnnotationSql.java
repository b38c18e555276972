package io.heddle.postgres;

import io.heddle.feedback.Annotation;
import io.heddle.feedback.AnnotationStore;
import io.heddle.feedback.Remark;
import io.heddle.feedback.Signal;
import io.heddle.run.Ids;
import io.heddle.tenancy.Tenant;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.RowCallbackHandler;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionOperations;

/** Annotations of runs. */
public final class AnnotationSql implements AnnotationStore {

  // Who annotates one run waits here, and not at the run's row, where its worker would wait too.
  private static final String SERIALISE =
      """
      select 1 from (select pg_advisory_xact_lock(hashtextextended('annotation/' || :run, 0))) locked
      """;

  // The lock keeps the run until the annotation refers to it; it is in nobody's way who commits
  // steps.
  private static final String PLACE =
      """
      select
        :event::text is null or exists (
          select 1 from openwop.event e
          where e.tenant_id = r.tenant_id and e.run_id = r.run_id and e.event_id = :event) as has_event,
        (select coalesce(max(a.position) + 1, 0) from openwop.annotation a
         where a.tenant_id = r.tenant_id and a.run_id = r.run_id) as position
      from openwop.run r
      where r.tenant_id = :tenant and r.run_id = :run
      for key share of r
      """;

  private static final String INSERT =
      """
      insert into openwop.annotation (
        annotation_id, run_id, tenant_id, position, event_id, node_id,
        kind, rating, label, correction, note, principal)
      values (
        :annotation, :run, :tenant, :position, :event, :node,
        :kind, :rating, :label, :correction, :note, :principal)
      returning created_at
      """;

  private static final String LIST =
      """
      select a.annotation_id, a.event_id, a.node_id, a.kind, a.rating, a.label, a.correction,
             a.note, a.principal, a.created_at
      from openwop.run r
      left join lateral (
        select annotation.*,
          coalesce(sum(length(coalesce(correction, '')) + length(coalesce(note, '')))
            over (order by position rows between unbounded preceding and 1 preceding), 0) as characters_before
        from openwop.annotation
        where annotation.tenant_id = r.tenant_id and annotation.run_id = r.run_id) a
        on a.characters_before < :characters
      where r.tenant_id = :tenant and r.run_id = :run
      order by a.position
      """;

  private final JdbcClient jdbc;

  private final TransactionOperations transactions;

  public AnnotationSql(JdbcClient jdbc, TransactionOperations transactions) {
    this.jdbc = jdbc;
    this.transactions = transactions;
  }

  private record Place(boolean hasEvent, int position) {}

  @Override
  public Outcome add(Tenant tenant, String runId, Remark remark) {
    return Objects.requireNonNull(
        transactions.execute(
            status -> {
              jdbc.sql(SERIALISE).param("run", runId).query(Integer.class).single();
              return place(tenant, runId, remark.eventId())
                  .map(place -> add(tenant, runId, remark, place))
                  .orElseGet(Outcome.NoSuchRun::new);
            }));
  }

  private Optional<Place> place(Tenant tenant, String runId, @Nullable String eventId) {
    return jdbc.sql(PLACE)
        .param("tenant", tenant.id())
        .param("run", runId)
        .param("event", eventId)
        .query((row, number) -> new Place(row.getBoolean("has_event"), row.getInt("position")))
        .optional();
  }

  private Outcome add(Tenant tenant, String runId, Remark remark, Place place) {
    if (!place.hasEvent()) {
      return new Outcome.NoSuchEvent();
    }
    if (place.position() >= MOST_PER_RUN) {
      return new Outcome.Full();
    }
    String annotationId = Ids.annotation();
    OffsetDateTime createdAt =
        jdbc.sql(INSERT)
            .param("annotation", annotationId)
            .param("run", runId)
            .param("tenant", tenant.id())
            .param("position", place.position())
            .param("event", remark.eventId())
            .param("node", remark.nodeId())
            .param("kind", remark.signal().kind().name())
            .param("rating", remark.signal().rating())
            .param("label", remark.signal().label())
            .param("correction", remark.signal().correction())
            .param("note", remark.note())
            .param("principal", remark.principal())
            .query(OffsetDateTime.class)
            .single();
    return new Outcome.Kept(new Annotation(annotationId, runId, remark, createdAt.toInstant()));
  }

  @Override
  public Optional<List<Annotation>> list(Tenant tenant, String runId, long characters) {
    AnnotationRows rows = new AnnotationRows(runId);
    jdbc.sql(LIST)
        .param("tenant", tenant.id())
        .param("run", runId)
        .param("characters", characters)
        .query((RowCallbackHandler) rows::add);
    return rows.list();
  }

  private static final class AnnotationRows {

    private final String runId;

    private final List<Annotation> annotations = new ArrayList<>();

    private boolean found;

    AnnotationRows(String runId) {
      this.runId = runId;
    }

    void add(ResultSet row) throws SQLException {
      found = true;
      String annotationId = row.getString("annotation_id");
      if (annotationId != null) {
        annotations.add(
            new Annotation(
                annotationId,
                runId,
                remark(row),
                row.getObject("created_at", OffsetDateTime.class).toInstant()));
      }
    }

    private static Remark remark(ResultSet row) throws SQLException {
      return new Remark(
          row.getString("event_id"),
          row.getString("node_id"),
          new Signal(
              Signal.Kind.valueOf(row.getString("kind")),
              row.getObject("rating", Integer.class),
              row.getString("label"),
              row.getString("correction")),
          row.getString("note"),
          row.getString("principal"));
    }

    Optional<List<Annotation>> list() {
      return found ? Optional.of(List.copyOf(annotations)) : Optional.empty();
    }
  }
}
