package io.heddle.postgres;

import io.heddle.run.EventType;
import io.heddle.tenancy.Tenant;
import io.heddle.webhook.DeadLetters;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Deliveries that were given up. */
public final class DeadLetterSql implements DeadLetters {

  private static final String COLUMNS =
      """
      d.message_id, d.webhook_id, d.run_id, d.sequence, d.type, d.attempts, d.last_status, d.last_error,
      d.queued_at, d.ended_at\
      """;

  static final String PAGE =
      """
      select %s, null::bytea as body from openwop.webhook_delivery d
      where d.tenant_id = :tenant and d.status = 'DEAD'
        and (d.ended_at, d.message_id) < (:beforeTime, :beforeId)
        and (:webhook::text is null or d.webhook_id = :webhook)
      order by d.ended_at desc, d.message_id desc
      limit :limit
      """
          .formatted(COLUMNS);

  static final String FIND =
      """
      select %s, d.body from openwop.webhook_delivery d
      where d.tenant_id = :tenant and d.message_id = :message and d.status = 'DEAD'
      """
          .formatted(COLUMNS);

  // What a callback is sent is written anew each time, so that its letter has no body.
  // A place behind everything else keeps the order of what has been told since.
  static final String REDRIVE =
      """
      with letter as (
        select d.position, d.webhook_id, d.tenant_id, d.body is not null as has_body
        from openwop.webhook_delivery d
        where d.tenant_id = :tenant and d.message_id = :message and d.status = 'DEAD'
        for update
      ), listener as (
        select s.webhook_id, s.run_id is not null as is_callback from openwop.webhook_subscription s
        join letter on letter.webhook_id = s.webhook_id and letter.tenant_id = s.tenant_id
        where s.status = 'ACTIVE'
      ), queued as (
        update openwop.webhook_delivery d set
          position = default, status = 'PENDING', attempts = 0,
          queued_at = clock_timestamp(), ended_at = null
        from letter join listener on listener.webhook_id = letter.webhook_id
        where d.position = letter.position and (letter.has_body or listener.is_callback)
        returning d.position
      )
      select case
        when not exists (select from letter) then 'UNKNOWN'
        when not exists (select from listener) then 'NOBODY_LISTENS'
        when not exists (select from queued) then 'NOTHING_TO_SEND'
        else 'QUEUED' end
      """;

  private final JdbcClient jdbc;

  public DeadLetterSql(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  @Override
  public Page page(Tenant tenant, @Nullable String webhookId, @Nullable Position after, int limit) {
    List<Letter> letters =
        jdbc.sql(PAGE)
            .param("tenant", tenant.id())
            .param("webhook", webhookId)
            .param(
                "beforeTime",
                after == null ? OffsetDateTime.MAX : after.diedAt().atOffset(ZoneOffset.UTC))
            .param("beforeId", after == null ? "" : after.messageId())
            // One more tells whether there is one more.
            .param("limit", limit + 1)
            .query((row, number) -> letter(row))
            .list();
    if (letters.size() <= limit) {
      return new Page(letters, null);
    }
    Letter last = letters.get(limit - 1);
    return new Page(
        List.copyOf(letters.subList(0, limit)), new Position(last.diedAt(), last.messageId()));
  }

  @Override
  public Optional<Letter> find(Tenant tenant, String messageId) {
    return jdbc.sql(FIND)
        .param("tenant", tenant.id())
        .param("message", messageId)
        .query((row, number) -> letter(row))
        .optional();
  }

  @Override
  public Redriven redrive(Tenant tenant, String messageId) {
    return Redriven.valueOf(
        jdbc.sql(REDRIVE)
            .param("tenant", tenant.id())
            .param("message", messageId)
            .query(String.class)
            .single());
  }

  private static Letter letter(ResultSet row) throws SQLException {
    return new Letter(
        row.getString("message_id"),
        row.getString("webhook_id"),
        row.getString("run_id"),
        row.getLong("sequence"),
        EventType.valueOf(row.getString("type")),
        row.getInt("attempts"),
        row.getObject("last_status", Integer.class),
        row.getString("last_error"),
        Objects.requireNonNull(RunRows.instant(row, "queued_at")),
        Objects.requireNonNull(RunRows.instant(row, "ended_at")),
        row.getBytes("body"));
  }
}
