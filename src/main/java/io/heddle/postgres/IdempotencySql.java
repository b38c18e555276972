package io.heddle.postgres;

import io.heddle.idempotency.IdempotencyStore;
import io.heddle.tenancy.Tenant;
import java.time.Duration;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Idempotency records. An expired one counts as absent and is replaced in place. */
public final class IdempotencySql implements IdempotencyStore {

  private static final String CLAIM =
      """
      insert into openwop.idempotency_record (tenant_id, operation, key_hash, request_digest, expires_at)
      values (:tenant, :operation, :key, :digest, now() + :retention * interval '1 second')
      on conflict (tenant_id, operation, key_hash) do update set
        request_digest = excluded.request_digest, status = null, body = null,
        created_at = now(), expires_at = excluded.expires_at
      where idempotency_record.expires_at <= now()
      """;

  // The whole wait of a second caller; ends with the transaction.
  private static final String LIMIT_WAIT =
      """
      select set_config('lock_timeout', '5000', true)
      """;

  private static final String COMPLETE =
      """
      update openwop.idempotency_record set status = :status, body = :body
      where tenant_id = :tenant and operation = :operation and key_hash = :key
      """;

  private static final String FIND =
      """
      select request_digest, status, body from openwop.idempotency_record
      where tenant_id = :tenant and operation = :operation and key_hash = :key and expires_at > now()
      """;

  private final JdbcClient jdbc;

  public IdempotencySql(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  @Override
  public boolean claim(Tenant tenant, Key key, Duration retention) {
    jdbc.sql(LIMIT_WAIT).query(String.class).single();
    return jdbc.sql(CLAIM)
            .param("tenant", tenant.id())
            .param("operation", key.operation())
            .param("key", key.keyHash())
            .param("digest", key.requestDigest())
            .param("retention", retention.toSeconds())
            .update()
        == 1;
  }

  @Override
  public void complete(Tenant tenant, Key key, Answer answer) {
    jdbc.sql(COMPLETE)
        .param("tenant", tenant.id())
        .param("operation", key.operation())
        .param("key", key.keyHash())
        .param("status", answer.status())
        .param("body", answer.body())
        .update();
  }

  @Override
  public Optional<Recorded> find(Tenant tenant, Key key) {
    return jdbc.sql(FIND)
        .param("tenant", tenant.id())
        .param("operation", key.operation())
        .param("key", key.keyHash())
        .query(
            (row, number) ->
                new Recorded(
                    row.getBytes("request_digest"),
                    new Answer(row.getInt("status"), row.getString("body"))))
        .optional();
  }
}
