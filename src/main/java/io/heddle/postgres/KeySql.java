package io.heddle.postgres;

import io.heddle.auth.Grant;
import io.heddle.auth.KeyStore;
import io.heddle.auth.StoredKey;
import io.heddle.tenancy.Tenant;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/** API keys that the host gave out. */
public final class KeySql implements KeyStore {

  private static final String SHOWN =
      """
      key_id, tenant_id, principal, label, scopes, member_of, roles, for_tests,
      created_by, created_at, expires_at, revoked_at, replaced_by, last_used_at,
      case when revoked_at <= now() then 'REVOKED'
           when expires_at <= now() then 'EXPIRED'
           else 'ACTIVE' end state
      """;

  // Without a tenant: this is what tells whose key it is.
  static final String KNOWN =
      """
      select tenant_id, principal, scopes, member_of, roles, for_tests, pepper_id, hash,
        extract(epoch from expires_at - now()) expires_in,
        extract(epoch from revoked_at - now()) revoked_in
      from openwop.api_key where key_id = :key
      """;

  private static final String IS_EMPTY =
      """
      select not exists (
        select 1 from openwop.api_key
        where (expires_at is null or expires_at > now())
          and (revoked_at is null or revoked_at > now()))
      """;

  private static final String CREATE =
      """
      insert into openwop.api_key (key_id, tenant_id, principal, label, scopes,
        member_of, roles, for_tests, pepper_id, hash, created_by, expires_at)
      select :key, :tenant, :principal, :label, :scopes, :groups, :roles, :test,
        :pepper, :hash, :by, :expires
      where :expires::timestamptz is null or :expires > now()
      returning %s
      """
          .formatted(SHOWN);

  private static final String REPLACE =
      """
      with old as (
        update openwop.api_key
        set revoked_at = now() + make_interval(secs => :grace), replaced_by = :key
        where tenant_id = :tenant and key_id = :old and replaced_by is null and revoked_at is null
          and (expires_at is null or expires_at > now())
          and (:expires::timestamptz is null or :expires > now())
        returning tenant_id, principal, scopes, member_of, roles, for_tests,
          expires_at - created_at lifetime)
      insert into openwop.api_key (key_id, tenant_id, principal, label, scopes,
        member_of, roles, for_tests, pepper_id, hash, created_by, expires_at)
      select :key, tenant_id, principal, :label, scopes, member_of, roles, for_tests,
        :pepper, :hash, :by, coalesce(:expires, now() + lifetime)
      from old
      returning %s, %s
      """
          .formatted(SHOWN, Notifications.keyChanged(":old::text"));

  private static final String FIND =
      "select %s from openwop.api_key where tenant_id = :tenant and key_id = :key".formatted(SHOWN);

  static final String PAGE =
      """
      select %s from openwop.api_key
      where tenant_id = :tenant and (created_at, key_id) < (:beforeTime, :beforeKey)
      order by created_at desc, key_id desc
      limit :limit
      """
          .formatted(SHOWN);

  private static final String REVOKE =
      """
      update openwop.api_key set revoked_at = least(revoked_at, now())
      where tenant_id = :tenant and key_id = :key
      returning %s, %s
      """
          .formatted(SHOWN, Notifications.keyChanged("key_id"));

  private static final String EXPIRE =
      """
      update openwop.api_key set expires_at = :at
      where tenant_id = :tenant and key_id = :key and (expires_at is null or expires_at >= :at)
      returning %s, %s
      """
          .formatted(SHOWN, Notifications.keyChanged("key_id"));

  // In the order of the keys, so that nodes that do so at once do not wait for each other in turn.
  private static final String USED =
      """
      update openwop.api_key set last_used_at = now()
      where key_id in (
        select key_id from openwop.api_key
        where key_id = any(:keys)
          and (last_used_at is null or last_used_at < now() - make_interval(secs => :every))
        order by key_id for update skip locked)
      returning %s
      """
          .formatted(SHOWN);

  private final JdbcClient jdbc;

  public KeySql(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  @Override
  public Optional<Known> known(String keyId) {
    return jdbc.sql(KNOWN)
        .param("key", keyId)
        .query(
            (row, number) ->
                new Known(
                    grant(row),
                    row.getString("pepper_id"),
                    row.getBytes("hash"),
                    left(row, "expires_in"),
                    left(row, "revoked_in")))
        .optional();
  }

  private static @Nullable Duration left(ResultSet row, String column) throws SQLException {
    double seconds = row.getDouble(column);
    // What is centuries away is as good as never, and would be too long to count.
    return row.wasNull() || seconds > Duration.ofDays(36_500).toSeconds()
        ? null
        : Duration.ofMillis(Math.max(0, (long) Math.floor(seconds * 1000)));
  }

  @Override
  public boolean isEmpty() {
    return jdbc.sql(IS_EMPTY).query(Boolean.class).single();
  }

  @Override
  public Optional<StoredKey> create(Grant grant, NewKey key) {
    return made(jdbc.sql(CREATE), key)
        .param("tenant", grant.tenant())
        .param("principal", grant.principal())
        .param("scopes", SqlArrays.text(sorted(grant.scopes())))
        .param("groups", SqlArrays.text(sorted(grant.groups())))
        .param("roles", SqlArrays.text(sorted(grant.roles())))
        .param("test", grant.test())
        .query(KeySql::shown)
        .optional();
  }

  @Override
  public Optional<StoredKey> replace(Tenant tenant, String oldKeyId, Duration grace, NewKey key) {
    return made(jdbc.sql(REPLACE), key)
        .param("tenant", tenant.id())
        .param("old", oldKeyId)
        .param("grace", grace.toMillis() / 1000.0)
        .query(KeySql::shown)
        .optional();
  }

  private static JdbcClient.StatementSpec made(JdbcClient.StatementSpec statement, NewKey key) {
    return statement
        .param("key", key.keyId())
        .param("label", key.label())
        .param("pepper", key.pepperId())
        .param("hash", key.hash())
        .param("by", key.createdBy())
        .param(
            "expires",
            key.expiresAt() == null ? null : key.expiresAt().atOffset(ZoneOffset.UTC),
            Types.TIMESTAMP_WITH_TIMEZONE);
  }

  @Override
  public Optional<StoredKey> find(Tenant tenant, String keyId) {
    return about(FIND, tenant, keyId).query(KeySql::shown).optional();
  }

  @Override
  public Page page(Tenant tenant, @Nullable Position after, int limit) {
    List<StoredKey> keys =
        jdbc.sql(PAGE)
            .param("tenant", tenant.id())
            .param(
                "beforeTime",
                after == null ? OffsetDateTime.MAX : after.createdAt().atOffset(ZoneOffset.UTC))
            .param("beforeKey", after == null ? "" : after.keyId())
            // One more tells whether there is one more.
            .param("limit", limit + 1)
            .query(KeySql::shown)
            .list();
    if (keys.size() <= limit) {
      return new Page(keys, null);
    }
    StoredKey last = keys.get(limit - 1);
    return new Page(
        List.copyOf(keys.subList(0, limit)), new Position(last.createdAt(), last.keyId()));
  }

  @Override
  public Optional<StoredKey> revoke(Tenant tenant, String keyId) {
    return about(REVOKE, tenant, keyId).query(KeySql::shown).optional();
  }

  @Override
  public Optional<StoredKey> expire(Tenant tenant, String keyId, Instant at) {
    return about(EXPIRE, tenant, keyId)
        .param("at", at.atOffset(ZoneOffset.UTC))
        .query(KeySql::shown)
        .optional();
  }

  @Override
  public List<StoredKey> used(Collection<String> keyIds, Duration every) {
    return jdbc.sql(USED)
        .param("keys", SqlArrays.text(List.copyOf(keyIds)))
        .param("every", every.toMillis() / 1000.0)
        .query(KeySql::shown)
        .list();
  }

  private JdbcClient.StatementSpec about(String sql, Tenant tenant, String keyId) {
    return jdbc.sql(sql).param("tenant", tenant.id()).param("key", keyId);
  }

  private static StoredKey shown(ResultSet row, int number) throws SQLException {
    return new StoredKey(
        row.getString("key_id"),
        grant(row),
        row.getString("label"),
        row.getString("created_by"),
        Objects.requireNonNull(RunRows.instant(row, "created_at")),
        RunRows.instant(row, "expires_at"),
        RunRows.instant(row, "revoked_at"),
        row.getString("replaced_by"),
        RunRows.instant(row, "last_used_at"),
        StoredKey.State.valueOf(row.getString("state")));
  }

  private static Grant grant(ResultSet row) throws SQLException {
    return new Grant(
        row.getString("tenant_id"),
        row.getString("principal"),
        texts(row, "scopes"),
        texts(row, "member_of"),
        texts(row, "roles"),
        row.getBoolean("for_tests"));
  }

  private static Set<String> texts(ResultSet row, String column) throws SQLException {
    return Set.copyOf(List.of((String[]) row.getArray(column).getArray()));
  }

  private static List<String> sorted(Set<String> texts) {
    return texts.stream().sorted().toList();
  }
}
