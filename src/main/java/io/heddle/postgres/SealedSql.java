package io.heddle.postgres;

import io.heddle.secret.SealedValues;
import io.heddle.webhook.Webhooks;
import java.util.List;
import java.util.function.UnaryOperator;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Everything that is sealed with the master key, kind by kind. */
public final class SealedSql implements SealedValues {

  private static final String HOST_SECRETS =
      """
      select '' as tenant_id, purpose || '/' || key_id as id, purpose as about, sealed
      from openwop.host_secret
      where substring(sealed from 1 for :length) <> :beginning
        and purpose || '/' || key_id > :after
      order by id
      limit :limit
      """;

  private static final String REPLACE_HOST_SECRET =
      """
      update openwop.host_secret set sealed = :new
      where purpose || '/' || key_id = :id and sealed = :sealed and :tenant = ''
      """;

  private static final String WEBHOOK_SECRETS =
      """
      select tenant_id, webhook_id as id, webhook_id as about, %1$s as sealed
      from openwop.webhook_subscription
      where substring(%1$s from 1 for :length) <> :beginning and webhook_id > :after
      order by webhook_id
      limit :limit
      """;

  private static final String REPLACE_WEBHOOK_SECRET =
      """
      update openwop.webhook_subscription set %1$s = :new
      where tenant_id = :tenant and webhook_id = :id and %1$s = :sealed
      """;

  private final JdbcClient jdbc;

  private final String others;

  private final String replace;

  private final UnaryOperator<String> purpose;

  private SealedSql(JdbcClient jdbc, String others, String replace, UnaryOperator<String> purpose) {
    this.jdbc = jdbc;
    this.others = others;
    this.replace = replace;
    this.purpose = purpose;
  }

  /** All kinds that there are. */
  public static List<SealedValues> all(JdbcClient jdbc) {
    return List.of(
        new SealedSql(jdbc, HOST_SECRETS, REPLACE_HOST_SECRET, UnaryOperator.identity()),
        ofWebhooks(jdbc, "secret"),
        ofWebhooks(jdbc, "previous_secret"));
  }

  private static SealedSql ofWebhooks(JdbcClient jdbc, String column) {
    return new SealedSql(
        jdbc,
        WEBHOOK_SECRETS.formatted(column),
        REPLACE_WEBHOOK_SECRET.formatted(column),
        Webhooks::purpose);
  }

  @Override
  public List<Value> others(byte[] beginning, String after, int limit) {
    return jdbc.sql(others)
        .param("length", beginning.length)
        .param("beginning", beginning)
        .param("after", after)
        .param("limit", limit)
        .query(
            (row, number) ->
                new Value(
                    row.getString("tenant_id"),
                    row.getString("id"),
                    purpose.apply(row.getString("about")),
                    row.getBytes("sealed")))
        .list();
  }

  @Override
  public boolean replace(Value value, byte[] sealed) {
    return jdbc.sql(replace)
            .param("tenant", value.tenant())
            .param("id", value.id())
            .param("sealed", value.sealed())
            .param("new", sealed)
            .update()
        == 1;
  }
}
