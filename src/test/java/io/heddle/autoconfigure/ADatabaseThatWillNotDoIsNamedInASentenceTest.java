package io.heddle.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.heddle.claim.Claimer;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.PostgresPerJvm.Database;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

@ExtendWith(OutputCaptureExtension.class)
@Timeout(60)
class ADatabaseThatWillNotDoIsNamedInASentenceTest {

  @Test
  void noDataSource(CapturedOutput output) {
    refused(Map.of(), null);

    assertThat(output)
        .contains(
            "\nThe application has no DataSource, and the OpenWOP host keeps everything in one.\n",
            "spring.autoconfigure.exclude=io.heddle.autoconfigure.HeddleAutoConfiguration.");
  }

  @Test
  void severalWithoutAPrimary(CapturedOutput output) {
    refused(sources("orders", "billing"), null);

    assertThat(output)
        .contains(
            "\nThe application has 2 data sources (orders, billing) and none of them is the primary one,");
  }

  @Test
  void thePrimaryOfSeveralIsTheHosts() {
    Map<String, DataSource> sources = sources("orders", "billing");
    try (ConfigurableApplicationContext application = start(sources, "billing")) {
      assertThat(application.getBean(HostDataSource.class).dataSource())
          .isSameAs(sources.get("billing"));
      assertThat(application.getBean(Claimer.class).nodeId()).isPresent();
    }
  }

  @Test
  void aUserWithoutRights(CapturedOutput output) {
    Database database = PostgresPerJvm.emptyDatabase();
    database.jdbc().sql("create role \"a-guest\" login").update();
    String url = database.url().replaceFirst("user=[^&]*", "user=a-guest");
    String name = database.jdbc().sql("select current_database()").query(String.class).single();

    refused(Map.of("dataSource", new DriverManagerDataSource(url)), null);

    assertThat(output)
        .contains(
            "\nThe database user a-guest may not create or change the schema openwop in the database %s.\n"
                .formatted(name),
            "grant create on database \"%s\" to \"a-guest\"".formatted(name));

    database.jdbc().sql("grant create on database %s to \"a-guest\"".formatted(name)).update();
    assertThatCode(() -> new OpenwopSchema(new DriverManagerDataSource(url)))
        .doesNotThrowAnyException();
  }

  @Test
  void aSchemaThatANewerHostChangedBeyondUnderstanding(CapturedOutput output) {
    Database database = PostgresPerJvm.freshDatabase();
    assertThatCode(() -> new OpenwopSchema(database.dataSource())).doesNotThrowAnyException();
    migratedTo(database, 99_998, "breaking names of columns");
    migratedTo(database, 99_999, "of the future");

    refused(Map.of("dataSource", database.dataSource()), null);

    assertThat(output)
        .contains(
            "\nThe schema openwop was migrated to version 99998 by a newer Heddle, in a way that this one, which is %s, cannot work with.\n"
                .formatted(HostVersion.build()),
            "Start that version or a newer one");
  }

  @Test
  void aSchemaThatANewerHostOnlyAddedToWillDo() {
    Database database = PostgresPerJvm.freshDatabase();
    // Of a later release: this one knows neither.
    database.jdbc().sql("alter table openwop.run add column of_the_future text").update();
    database.jdbc().sql("create table openwop.of_the_future (id text primary key)").update();
    migratedTo(database, 99_998, "of the future");
    migratedTo(database, 99_999, "not breaking anything");

    try (ConfigurableApplicationContext application =
        start(Map.of("dataSource", database.dataSource()), null)) {
      assertThat(application.getBean(Claimer.class).nodeId()).isPresent();
    }
    assertThat(
            database
                .jdbc()
                .sql(
                    "select version from openwop.schema_history where success order by installed_rank desc limit 1")
                .query(String.class)
                .single())
        .isEqualTo("99999");
  }

  private static void migratedTo(Database database, int version, String description) {
    database
        .jdbc()
        .sql(
            """
            insert into openwop.schema_history (
              installed_rank, version, description, type, script, installed_by, execution_time, success)
            values (:version, :version, :description, 'SQL', 'V.sql', 'somebody', 1, true)
            """)
        .param("version", version)
        .param("description", description)
        .update();
  }

  @Test
  void anythingElseThanAPostgresThatIsYoungEnough() {
    assertThatThrownBy(() -> new OpenwopSchema.Server("H2", 2, "sa", "test").requirePostgres())
        .hasMessage("The OpenWOP host needs Postgres, and its data source leads to H2.");
    assertThatThrownBy(() -> new OpenwopSchema.Server("PostgreSQL", 12, "a", "b").requirePostgres())
        .hasMessage("The OpenWOP host needs Postgres 13 or newer, and this is Postgres 12.");
    assertThatCode(() -> new OpenwopSchema.Server("PostgreSQL", 13, "a", "b").requirePostgres())
        .doesNotThrowAnyException();
    assertThat(OpenwopSchema.Server.behind(PostgresPerJvm.emptyDatabase().dataSource()))
        .satisfies(
            server -> {
              assertThat(server.product()).isEqualTo("PostgreSQL");
              assertThat(server.majorVersion()).isGreaterThanOrEqualTo(13);
              assertThat(server.user()).isEqualTo("postgres");
            });
  }

  private static Map<String, DataSource> sources(String... names) {
    Map<String, DataSource> sources = new LinkedHashMap<>();
    for (String name : names) {
      sources.put(name, PostgresPerJvm.freshDatabase().dataSource());
    }
    return sources;
  }

  private static void refused(Map<String, DataSource> sources, String primary) {
    assertThatThrownBy(() -> start(sources, primary).close())
        .hasStackTraceContaining(HostDatabaseException.class.getName());
  }

  private static ConfigurableApplicationContext start(
      Map<String, DataSource> sources, String primary) {
    return new SpringApplicationBuilder(Application.class)
        .web(WebApplicationType.NONE)
        .initializers(
            context ->
                sources.forEach(
                    (name, source) -> {
                      RootBeanDefinition definition =
                          new RootBeanDefinition(DataSource.class, () -> source);
                      definition.setPrimary(name.equals(primary));
                      definition.setDestroyMethodName("");
                      ((BeanDefinitionRegistry) context.getBeanFactory())
                          .registerBeanDefinition(name, definition);
                    }))
        .run();
  }

  /** An application that carries a host. */
  @Configuration(proxyBeanMethods = false)
  @ImportAutoConfiguration({HeddleAutoConfiguration.class, TelemetryAutoConfiguration.class})
  static class Application {}
}
