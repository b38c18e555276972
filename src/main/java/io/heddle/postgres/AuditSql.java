package io.heddle.postgres;

import io.heddle.audit.AuditEvent;
import io.heddle.audit.AuditLog;
import io.heddle.audit.AuditStore;
import io.heddle.audit.ChainEnd;
import io.heddle.audit.Checkpoint;
import io.heddle.audit.Entry;
import io.heddle.json.Json;
import io.heddle.tenancy.Tenant;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.RowCallbackHandler;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionOperations;

/** The audit log. */
public final class AuditSql implements AuditLog, AuditStore {

  private static final String RECORD =
      """
      insert into openwop.audit_pending (tenant_id, action, actor, target, details)
      values (:tenant, :action, :actor, :target, :details::json)
      """;

  // Both end with the transaction, also when its node dies.
  private static final String TRY_ALONE =
      """
      select pg_try_advisory_xact_lock(hashtextextended('audit', 0))
      """;

  private static final String WAIT_ALONE =
      """
      select true from (select pg_advisory_xact_lock(hashtextextended('audit', 0))) locked
      """;

  private static final String HAS_WORK =
      """
      select exists (select 1 from openwop.audit_pending)
        or exists (
          select 1 from openwop.audit_chain_end
          where unanchored_since <= clock_timestamp() - :age * interval '1 millisecond')
      """;

  // Who began first may commit last, and is then sealed behind those who began later.
  private static final String PENDING =
      """
      select pending_id, tenant_id, action, actor, target, details, occurred_at
      from openwop.audit_pending
      order by pending_id
      limit :limit
      """;

  private static final String UNANCHORED =
      """
      select tenant_id from openwop.audit_chain_end
      where unanchored_since <= clock_timestamp() - :age * interval '1 millisecond'
      order by unanchored_since
      limit :limit
      """;

  private static final String CHECKPOINT =
      """
      number, checkpoint_id, after_sequence, at_sequence, merkle_root, signature, key_id, signed_at\
      """;

  private static final String STANDINGS =
      """
      select t.tenant_id, e.last_sequence,
        n.sequence as end_sequence, n.hash as end_hash, n.anchored, n.checkpoints,
        n.checkpoint_id as end_checkpoint_id, n.peaks, n.unanchored_since,
        n.signature as end_signature, n.key_id as end_key_id,
        c.*
      from unnest(:tenants::text[]) t(tenant_id)
      left join openwop.audit_chain_end n on n.tenant_id = t.tenant_id
      left join lateral (
        select sequence as last_sequence from openwop.audit_entry
        where audit_entry.tenant_id = t.tenant_id
        order by sequence desc
        limit 1) e on true
      left join lateral (
        select %s from openwop.audit_checkpoint
        where audit_checkpoint.tenant_id = t.tenant_id
        order by number desc
        limit 1) c on true
      where n.tenant_id is not null or e.last_sequence is not null or c.number is not null
      """
          .formatted(CHECKPOINT);

  private static final String APPEND_ENTRIES =
      """
      insert into openwop.audit_entry (tenant_id, sequence, entry, hash, pending_id)
      select * from unnest(
        :tenants::text[], :sequences::text[]::bigint[], :entries::text[], :hashes::text[],
        :ids::text[]::bigint[])
      """;

  private static final String APPEND_CHECKPOINT =
      """
      insert into openwop.audit_checkpoint (
        tenant_id, number, checkpoint_id, after_sequence, at_sequence, merkle_root, signature, key_id, signed_at)
      values (:tenant, :number, :id, :after, :at, :root, :signature, :key, :signedAt)
      """;

  private static final String MOVE_ENDS =
      """
      insert into openwop.audit_chain_end (
        tenant_id, sequence, hash, anchored, checkpoints, checkpoint_id, peaks, unanchored_since, signature, key_id)
      select * from unnest(
        :tenants::text[], :sequences::text[]::bigint[], :hashes::text[], :anchored::text[]::bigint[],
        :checkpoints::text[]::bigint[], :checkpointIds::text[], :peaks::text[],
        :since::text[]::timestamptz[], :signatures::text[], :keys::text[])
      on conflict (tenant_id) do update set
        sequence = excluded.sequence, hash = excluded.hash, anchored = excluded.anchored,
        checkpoints = excluded.checkpoints, checkpoint_id = excluded.checkpoint_id, peaks = excluded.peaks,
        unanchored_since = excluded.unanchored_since, signature = excluded.signature, key_id = excluded.key_id
      """;

  private static final String FORGET_PENDING =
      """
      delete from openwop.audit_pending where pending_id = any(:ids::text[]::bigint[])
      """;

  private static final String ENTRIES =
      """
      select sequence, entry, hash from openwop.audit_entry
      where tenant_id = :tenant and sequence > :after and sequence <= :upTo
      order by sequence
      limit :limit
      """;

  private static final String CHECKPOINTS =
      """
      select %s from openwop.audit_checkpoint
      where tenant_id = :tenant and (at_sequence, number) > (:afterSequence, :afterNumber)
        and at_sequence <= :upTo
      order by at_sequence, number
      limit :limit
      """
          .formatted(CHECKPOINT);

  private static final String CHECKPOINT_BEFORE =
      """
      select %s from openwop.audit_checkpoint
      where tenant_id = :tenant and at_sequence < :sequence
      order by at_sequence desc, number desc
      limit 1
      """
          .formatted(CHECKPOINT);

  // Counting a great many would cost more than it tells.
  private static final String BACKLOG =
      """
      select (select count(*) from (select 1 from openwop.audit_pending limit 100000) p) as unsealed,
        coalesce(extract(epoch from clock_timestamp() - (
          select min(unanchored_since) from openwop.audit_chain_end)) * 1000, 0)::bigint as unanchored
      """;

  private final JdbcClient jdbc;

  private final TransactionOperations transactions;

  public AuditSql(JdbcClient jdbc, TransactionOperations transactions) {
    this.jdbc = jdbc;
    this.transactions = transactions;
  }

  @Override
  public void record(AuditEvent event) {
    jdbc.sql(RECORD)
        .param("tenant", event.tenant().id())
        .param("action", event.action())
        .param("actor", event.actor())
        .param("target", event.target())
        .param("details", Json.write(event.details()))
        .update();
  }

  @Override
  public <T> Optional<T> alone(boolean waits, Supplier<T> work) {
    return Objects.requireNonNull(
        transactions.execute(
            status ->
                jdbc.sql(waits ? WAIT_ALONE : TRY_ALONE).query(Boolean.class).single()
                    ? Optional.of(work.get())
                    : Optional.empty()));
  }

  @Override
  public boolean hasWork(Duration unanchored) {
    return jdbc.sql(HAS_WORK).param("age", unanchored.toMillis()).query(Boolean.class).single();
  }

  @Override
  public List<Pending> pending(int limit) {
    return jdbc.sql(PENDING)
        .param("limit", limit)
        .query(
            (row, number) ->
                new Pending(
                    row.getLong("pending_id"),
                    new AuditEvent(
                        new Tenant(row.getString("tenant_id")),
                        row.getString("action"),
                        row.getString("actor"),
                        row.getString("target"),
                        Json.storedObject(row.getString("details"))),
                    Objects.requireNonNull(RunRows.instant(row, "occurred_at"))))
        .list();
  }

  @Override
  public List<Tenant> unanchored(Duration age, int limit) {
    return jdbc
        .sql(UNANCHORED)
        .param("age", age.toMillis())
        .param("limit", limit)
        .query(String.class)
        .list()
        .stream()
        .map(Tenant::new)
        .toList();
  }

  @Override
  public Map<Tenant, Standing> standings(Collection<Tenant> tenants) {
    Map<Tenant, Standing> standings = new HashMap<>();
    jdbc.sql(STANDINGS)
        .param("tenants", SqlArrays.text(tenants.stream().map(Tenant::id).toList()))
        .query(
            (RowCallbackHandler)
                row -> {
                  Tenant tenant = new Tenant(row.getString("tenant_id"));
                  standings.put(
                      tenant,
                      new Standing(
                          end(tenant, row),
                          row.getLong("last_sequence"),
                          row.getString("checkpoint_id") == null ? null : checkpoint(tenant, row)));
                });
    return standings;
  }

  private static ChainEnd.@Nullable Signed end(Tenant tenant, ResultSet row) throws SQLException {
    String signature = row.getString("end_signature");
    if (signature == null) {
      return null;
    }
    String peaks = row.getString("peaks");
    return new ChainEnd.Signed(
        new ChainEnd(
            tenant,
            row.getLong("end_sequence"),
            row.getString("end_hash"),
            row.getLong("anchored"),
            row.getLong("checkpoints"),
            row.getString("end_checkpoint_id"),
            peaks.isEmpty() ? List.of() : List.of(peaks.split(",")),
            RunRows.instant(row, "unanchored_since")),
        signature,
        row.getString("end_key_id"));
  }

  private static Checkpoint checkpoint(Tenant tenant, ResultSet row) throws SQLException {
    return new Checkpoint(
        tenant,
        row.getLong("number"),
        row.getString("checkpoint_id"),
        row.getLong("after_sequence"),
        row.getLong("at_sequence"),
        row.getString("merkle_root"),
        row.getString("signature"),
        row.getString("key_id"),
        Objects.requireNonNull(RunRows.instant(row, "signed_at")));
  }

  @Override
  public void append(
      List<Entry> entries, List<Checkpoint> checkpoints, List<ChainEnd.Signed> ends) {
    if (!entries.isEmpty()) {
      append(entries);
    }
    for (Checkpoint checkpoint : checkpoints) {
      append(checkpoint);
    }
    List<ChainEnd> moved = ends.stream().map(ChainEnd.Signed::end).toList();
    jdbc.sql(MOVE_ENDS)
        .param("tenants", SqlArrays.text(moved.stream().map(end -> end.tenant().id()).toList()))
        .param("sequences", numbers(moved.stream().map(ChainEnd::sequence).toList()))
        .param("hashes", SqlArrays.text(moved.stream().map(ChainEnd::hash).toList()))
        .param("anchored", numbers(moved.stream().map(ChainEnd::anchored).toList()))
        .param("checkpoints", numbers(moved.stream().map(ChainEnd::checkpoints).toList()))
        .param("checkpointIds", SqlArrays.text(moved.stream().map(ChainEnd::checkpointId).toList()))
        .param(
            "peaks",
            SqlArrays.text(moved.stream().map(end -> String.join(",", end.peaks())).toList()))
        .param("since", SqlArrays.text(moved.stream().map(AuditSql::since).toList()))
        .param("signatures", SqlArrays.text(ends.stream().map(ChainEnd.Signed::signature).toList()))
        .param("keys", SqlArrays.text(ends.stream().map(ChainEnd.Signed::keyId).toList()))
        .update();
  }

  private void append(List<Entry> entries) {
    List<@Nullable String> ids = new ArrayList<>();
    for (Entry entry : entries) {
      ids.add(entry.pendingId() == null ? null : String.valueOf(entry.pendingId()));
    }
    jdbc.sql(APPEND_ENTRIES)
        .param("tenants", SqlArrays.text(entries.stream().map(it -> it.tenant().id()).toList()))
        .param("sequences", numbers(entries.stream().map(Entry::sequence).toList()))
        .param("entries", SqlArrays.text(entries.stream().map(Entry::json).toList()))
        .param("hashes", SqlArrays.text(entries.stream().map(Entry::hash).toList()))
        .param("ids", SqlArrays.text(ids))
        .update();
    jdbc.sql(FORGET_PENDING)
        .param("ids", SqlArrays.text(ids.stream().filter(Objects::nonNull).toList()))
        .update();
  }

  private void append(Checkpoint checkpoint) {
    jdbc.sql(APPEND_CHECKPOINT)
        .param("tenant", checkpoint.tenant().id())
        .param("number", checkpoint.number())
        .param("id", checkpoint.id())
        .param("after", checkpoint.afterSequence())
        .param("at", checkpoint.atSequence())
        .param("root", checkpoint.merkleRoot())
        .param("signature", checkpoint.signature())
        .param("key", checkpoint.keyId())
        .param(
            "signedAt",
            checkpoint.signedAt().atOffset(ZoneOffset.UTC),
            Types.TIMESTAMP_WITH_TIMEZONE)
        .update();
  }

  private static @Nullable String since(ChainEnd end) {
    Instant since = end.unanchoredSince();
    return since == null ? null : since.toString();
  }

  @Override
  public List<Entry> entries(Tenant tenant, long after, long upTo, int limit) {
    return jdbc.sql(ENTRIES)
        .param("tenant", tenant.id())
        .param("after", after)
        .param("upTo", upTo)
        .param("limit", limit)
        .query(
            (row, number) ->
                new Entry(
                    tenant,
                    row.getLong("sequence"),
                    row.getString("entry"),
                    row.getString("hash"),
                    null))
        .list();
  }

  @Override
  public List<Checkpoint> checkpoints(Tenant tenant, Place after, long upTo, int limit) {
    return jdbc.sql(CHECKPOINTS)
        .param("tenant", tenant.id())
        .param("afterSequence", after.atSequence())
        .param("afterNumber", after.number())
        .param("upTo", upTo)
        .param("limit", limit)
        .query((row, number) -> checkpoint(tenant, row))
        .list();
  }

  @Override
  public Optional<Checkpoint> checkpointBefore(Tenant tenant, long sequence) {
    return jdbc.sql(CHECKPOINT_BEFORE)
        .param("tenant", tenant.id())
        .param("sequence", sequence)
        .query((row, number) -> checkpoint(tenant, row))
        .optional();
  }

  @Override
  public Backlog backlog() {
    return jdbc.sql(BACKLOG)
        .query(
            (row, number) ->
                new Backlog(row.getLong("unsealed"), Duration.ofMillis(row.getLong("unanchored"))))
        .single();
  }

  private static Object numbers(List<Long> numbers) {
    return SqlArrays.text(numbers.stream().map(String::valueOf).toList());
  }
}
