package io.heddle.testkit;

import io.heddle.audit.AuditEvent;
import io.heddle.audit.AuditKeys;
import io.heddle.audit.AuditReport;
import io.heddle.audit.AuditSettings;
import io.heddle.audit.Refusals;
import io.heddle.audit.Sealer;
import io.heddle.audit.Verifier;
import io.heddle.json.Json;
import io.heddle.postgres.AuditSql;
import io.heddle.postgres.SecretSql;
import io.heddle.secret.Vault;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.PostgresPerJvm.Database;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The audit log of a host whose sealer is driven by hand. */
public final class AuditChain {

  private final Database database;

  private final Stores stores;

  private final Sealer sealer;

  private final AuditSql log;

  private final Verifier verifier;

  private AuditChain(Database database, AuditKeys keys, int checkpointEntries) {
    this.database = database;
    this.stores = Stores.on(database.dataSource());
    this.log = new AuditSql(stores.jdbc(), stores.transactions());
    InstantSource clock = InstantSource.system();
    this.sealer =
        new Sealer(
            log,
            keys,
            new AuditSettings(Duration.ofHours(1), checkpointEntries, Duration.ofHours(1)),
            new Refusals(log, clock),
            clock);
    this.verifier = new Verifier(log, keys, sealer);
  }

  /** A host of this database with the key that its hosts share. */
  public static AuditChain on(Database database, int checkpointEntries) {
    return new AuditChain(
        database,
        AuditKeys.shared(new SecretSql(database.jdbc()), new Vault(null), List.of()),
        checkpointEntries);
  }

  /** A host of this database with a key of its own. */
  public static AuditChain on(Database database, int checkpointEntries, AuditKeys keys) {
    return new AuditChain(database, keys, checkpointEntries);
  }

  public Stores stores() {
    return stores;
  }

  public AuditSql log() {
    return log;
  }

  /** Records so many events of a tenant, and seals them. */
  public void fill(Tenant tenant, int events) {
    IntStream.rangeClosed(1, events).forEach(n -> record(tenant, "thing-" + n));
    verify(tenant);
  }

  public void record(Tenant tenant, String target) {
    log.record(
        new AuditEvent(tenant, "thing.done", "somebody", target, Json.members("of", target)));
  }

  /** Seals what there is and verifies all of it. */
  public AuditReport verify(Tenant tenant) {
    return verifier.verify(tenant, 0, null);
  }

  public AuditReport verify(Tenant tenant, long from, @Nullable Long to) {
    return verifier.verify(tenant, from, to);
  }

  /** What somebody does who may do anything to the database. */
  public void tamper(String... statements) {
    stores
        .transactions()
        .executeWithoutResult(
            status -> {
              JdbcClient jdbc = stores.jdbc();
              jdbc.sql("set local session_replication_role = replica").update();
              for (String statement : statements) {
                jdbc.sql(statement).update();
              }
            });
  }

  /** Access of the test's own. */
  public JdbcClient jdbc() {
    return database.jdbc();
  }
}
