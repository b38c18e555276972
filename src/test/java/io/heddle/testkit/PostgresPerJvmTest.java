package io.heddle.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.testkit.PostgresPerJvm.Database;
import org.junit.jupiter.api.Test;

class PostgresPerJvmTest {

  @Test
  void sessionsAreInAZoneOfTheirOwn() {
    assertThat(
            PostgresPerJvm.freshDatabase().jdbc().sql("show timezone").query(String.class).single())
        .isEqualTo(PostgresPerJvm.TIME_ZONE);
  }

  @Test
  void aFreshDatabaseIsMigratedAndSharesNothing() {
    Database one = PostgresPerJvm.freshDatabase();
    Database other = PostgresPerJvm.freshDatabase();

    SampleRuns.create(Stores.on(one.dataSource()), null);

    assertThat(runs(one)).isEqualTo(1);
    assertThat(runs(other)).isZero();
  }

  private static long runs(Database database) {
    return database.jdbc().sql("select count(*) from openwop.run").query(Long.class).single();
  }
}
