package io.heddle.postgres;

import io.heddle.run.EventType;
import io.heddle.tenancy.Tenant;
import io.heddle.webhook.Subscription;
import io.heddle.webhook.SubscriptionStore;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionOperations;

/** Subscriptions to the events of a tenant. */
public final class WebhookSql implements SubscriptionStore {

  static final String COLUMNS =
      """
      s.tenant_id, s.webhook_id, s.url, s.events, s.tags, s.algorithms, s.secret,
      case when s.previous_until > clock_timestamp() then s.previous_secret end as previous_secret\
      """;

  // Of two callers that register the last one, the second counts what the first inserted.
  private static final String ONE_AT_A_TIME =
      """
      select count(pg_advisory_xact_lock(hashtextextended('webhooks ' || :tenant, 0)))
      """;

  private static final String INSERT =
      """
      insert into openwop.webhook_subscription (
        webhook_id, tenant_id, url, events, tags, algorithms, secret, principal)
      select :webhook, :tenant, :url, :events, :tags, :algorithms, :secret, :principal
      where (
        select count(*) from openwop.webhook_subscription
        where tenant_id = :tenant and run_id is null and status = 'ACTIVE') < :most
      """;

  private static final String FIND =
      """
      select %s from openwop.webhook_subscription s
      where s.tenant_id = :tenant and s.webhook_id = :webhook and s.run_id is null
      """
          .formatted(COLUMNS);

  private static final String DELETE =
      """
      delete from openwop.webhook_subscription
      where tenant_id = :tenant and webhook_id = :webhook and run_id is null
      """;

  private static final String DELETE_QUEUE =
      """
      delete from openwop.webhook_delivery
      where tenant_id = :tenant and webhook_id = :webhook and status = 'PENDING'
      """;

  // While two secrets live, the older is the one that subscribers of the plain scheme know.
  private static final String ROTATE =
      """
      update openwop.webhook_subscription s set
        previous_secret = s.secret,
        previous_until = clock_timestamp() + :overlap * interval '1 millisecond',
        secret = :secret
      where s.tenant_id = :tenant and s.webhook_id = :webhook and s.run_id is null
      returning s.previous_until - :overlap * interval '1 millisecond' as rotated_at, s.previous_until
      """;

  private final JdbcClient jdbc;

  private final TransactionOperations transactions;

  public WebhookSql(JdbcClient jdbc, TransactionOperations transactions) {
    this.jdbc = jdbc;
    this.transactions = transactions;
  }

  @Override
  public boolean insert(Subscription subscription, String principal, int most) {
    return Objects.requireNonNull(
        transactions.execute(
            status -> {
              jdbc.sql(ONE_AT_A_TIME)
                  .param("tenant", subscription.tenant().id())
                  .query(Integer.class)
                  .single();
              return inserted(subscription, principal, most);
            }));
  }

  private boolean inserted(Subscription subscription, String principal, int most) {
    List<String> tags = subscription.tags();
    return jdbc.sql(INSERT)
            .param("webhook", subscription.webhookId())
            .param("tenant", subscription.tenant().id())
            .param("url", subscription.url())
            .param(
                "events", SqlArrays.text(subscription.events().stream().map(Enum::name).toList()))
            .param("tags", tags == null ? null : SqlArrays.text(tags))
            .param("algorithms", SqlArrays.text(subscription.algorithms()))
            .param("secret", Objects.requireNonNull(subscription.secrets()).current())
            .param("principal", principal)
            .param("most", most)
            .update()
        == 1;
  }

  @Override
  public Optional<Subscription> find(Tenant tenant, String webhookId) {
    return jdbc.sql(FIND)
        .param("tenant", tenant.id())
        .param("webhook", webhookId)
        .query((row, number) -> subscription(row))
        .optional();
  }

  @Override
  public boolean delete(Tenant tenant, String webhookId) {
    return Objects.requireNonNull(
        transactions.execute(
            status -> {
              boolean deleted = delete(DELETE, tenant, webhookId) == 1;
              if (deleted) {
                delete(DELETE_QUEUE, tenant, webhookId);
              }
              return deleted;
            }));
  }

  private int delete(String sql, Tenant tenant, String webhookId) {
    return jdbc.sql(sql).param("tenant", tenant.id()).param("webhook", webhookId).update();
  }

  @Override
  public Optional<Rotation> rotate(
      Tenant tenant, String webhookId, byte[] sealed, Duration overlap) {
    return jdbc.sql(ROTATE)
        .param("tenant", tenant.id())
        .param("webhook", webhookId)
        .param("secret", sealed)
        .param("overlap", overlap.toMillis())
        .query(
            (row, number) ->
                new Rotation(
                    Objects.requireNonNull(RunRows.instant(row, "rotated_at")),
                    Objects.requireNonNull(RunRows.instant(row, "previous_until"))))
        .optional();
  }

  static Subscription subscription(ResultSet row) throws SQLException {
    byte[] secret = row.getBytes("secret");
    return new Subscription(
        new Tenant(row.getString("tenant_id")),
        row.getString("webhook_id"),
        row.getString("url"),
        Objects.requireNonNull(texts(row, "events")).stream()
            .map(EventType::valueOf)
            .collect(Collectors.toUnmodifiableSet()),
        texts(row, "tags"),
        Objects.requireNonNull(texts(row, "algorithms")),
        secret == null ? null : new Subscription.Secrets(secret, row.getBytes("previous_secret")));
  }

  private static @Nullable List<String> texts(ResultSet row, String column) throws SQLException {
    java.sql.Array array = row.getArray(column);
    return array == null ? null : Arrays.asList((String[]) array.getArray());
  }
}
