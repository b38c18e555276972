package io.heddle.postgres;

import io.heddle.secret.SecretStore;
import java.time.OffsetDateTime;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Sealed secrets of the host. */
public final class SecretSql implements SecretStore {

  // The first of a purpose has a place of its own, so that hosts that start together agree.
  private static final String CREATE =
      """
      insert into openwop.host_secret (purpose, position, key_id, sealed)
      values (:purpose, 0, :key, :sealed)
      on conflict (purpose, position) do nothing
      """;

  // Whoever else adds one after the same takes the same place.
  private static final String ADD =
      """
      insert into openwop.host_secret (purpose, position, key_id, sealed)
      select purpose, position + 1, :key, :sealed
      from openwop.host_secret
      where purpose = :purpose and key_id = :newest
      on conflict (purpose, position) do nothing
      """;

  private static final String FIND =
      """
      select key_id, sealed, created_at
      from openwop.host_secret
      where purpose = :purpose
      order by position desc
      """;

  private final JdbcClient jdbc;

  public SecretSql(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  @Override
  public List<Stored> findOrCreate(String purpose, Stored first) {
    List<Stored> found = find(purpose);
    if (!found.isEmpty()) {
      return found;
    }
    jdbc.sql(CREATE)
        .param("purpose", purpose)
        .param("key", first.keyId())
        .param("sealed", first.sealed())
        .update();
    return find(purpose);
  }

  @Override
  public List<Stored> add(String purpose, String newest, Stored next) {
    jdbc.sql(ADD)
        .param("purpose", purpose)
        .param("newest", newest)
        .param("key", next.keyId())
        .param("sealed", next.sealed())
        .update();
    return find(purpose);
  }

  private List<Stored> find(String purpose) {
    return jdbc.sql(FIND)
        .param("purpose", purpose)
        .query(
            (row, number) ->
                new Stored(
                    row.getString("key_id"),
                    row.getBytes("sealed"),
                    row.getObject("created_at", OffsetDateTime.class).toInstant()))
        .list();
  }
}
