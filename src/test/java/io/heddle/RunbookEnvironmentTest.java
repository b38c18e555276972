package io.heddle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.heddle.auth.ApiKeys;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RunbookEnvironmentTest {

  @ParameterizedTest
  @CsvSource({
    "postgres://h/db,                       jdbc:postgresql://h/db,            ,      ",
    "postgresql://h:5433/db,                jdbc:postgresql://h:5433/db,       ,      ",
    "postgres://u@h/db,                     jdbc:postgresql://h/db,            u,     ",
    "postgres://u:p@h/db,                   jdbc:postgresql://h/db,            u,     p",
    "postgres://u:@h/db,                    jdbc:postgresql://h/db,            u,     ''",
    "postgres://u:p%40s%3As%2Fw%20%2B@h/db, jdbc:postgresql://h/db,            u,     'p@s:s/w +'",
    "postgres://u:a+b@h/db,                 jdbc:postgresql://h/db,            u,     a+b",
    "postgres://u:a:b@h/db,                 jdbc:postgresql://h/db,            u,     a:b",
    "postgres://%C3%BC:p%25@h/db,           jdbc:postgresql://h/db,            ü,     p%",
    "postgres://u:p@[::1]:5432/db,          jdbc:postgresql://[::1]:5432/db,   u,     p",
    "postgres://[2001:db8::1]/db,           jdbc:postgresql://[2001:db8::1]/db,,      ",
    "postgres://10.0.0.1:1/db,              jdbc:postgresql://10.0.0.1:1/db,   ,      ",
    "postgres://u:p@h/my%20db,              jdbc:postgresql://h/my%20db,       u,     p",
    "postgres://u:p@h/,                     jdbc:postgresql://h/,              u,     p",
    "postgres://u:p@h,                      jdbc:postgresql://h/,              u,     p",
    "'  postgres://u:p@h/db ',              jdbc:postgresql://h/db,            u,     p",
    "jdbc:postgresql://h/db?user=u,         jdbc:postgresql://h/db?user=u,     ,      "
  })
  void aDatabaseIsNamedTheWayOthersNameIt(String dsn, String url, String user, String password) {
    Map<String, Object> properties = RunbookEnvironment.properties(Map.of("OPENWOP_PG_DSN", dsn));

    assertThat(properties.get("spring.datasource.url")).isEqualTo(url);
    assertThat(properties.get("spring.datasource.username")).isEqualTo(user);
    assertThat(properties.get("spring.datasource.password")).isEqualTo(password);
  }

  @Test
  void privateAddressesAreOpenedForTests() {
    assertThat(RunbookEnvironment.properties(Map.of("OPENWOP_WEBHOOK_ALLOW_PRIVATE", " true ")))
        .containsEntry("openwop.egress.allow-private", "true");
    assertThat(RunbookEnvironment.properties(Map.of("OPENWOP_WEBHOOK_ALLOW_PRIVATE", "")))
        .doesNotContainKey("openwop.egress.allow-private");
  }

  @Test
  void parametersOfTheDatabaseAreKeptAsTheyAre() {
    Map<String, Object> properties =
        RunbookEnvironment.properties(
            Map.of(
                "OPENWOP_PG_DSN", "postgres://u:p@h/db?sslmode=require&options=-c%20geqo%3Doff"));

    assertThat(properties.get("spring.datasource.url"))
        .isEqualTo("jdbc:postgresql://h/db?sslmode=require&options=-c%20geqo%3Doff");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "s3cret",
        "mysql://u:s3cret@h/db",
        "u:s3cret@h/db",
        "//u:s3cret@h/db",
        "postgres:u:s3cret@h/db",
        "postgres://",
        "postgres:///s3cret",
        "postgres://u:s3cret@/db",
        "postgres://u:s3cret@h:port/db",
        "postgres://u:s3cret@h o/db",
        "postgres://u:s3cret%zz@h/db",
        "postgres://u:s3cr@et@h/db",
        "postgres://u:s3cret#@h/db",
        "postgresx://u:s3cret@h/db",
        "jdbc:postgresql://u:s3cret@h/db"
      })
  void aMalformedNameOfADatabaseIsRefusedWithoutShowingIt(String dsn) {
    assertThatExceptionOfType(IllegalArgumentException.class)
        .isThrownBy(() -> RunbookEnvironment.properties(Map.of("OPENWOP_PG_DSN", dsn)))
        .withNoCause()
        .withMessage(
            "OPENWOP_PG_DSN must have the form postgres://user:password@host:port/database");
  }

  @Test
  void keysGoNoFurtherThanTheirHashes() {
    Map<String, Object> properties =
        RunbookEnvironment.properties(
            Map.of(
                "OPENWOP_API_KEY", " hk_primary \n",
                "OPENWOP_SECONDARY_API_KEY", "hk_secondary",
                "OPENWOP_TENANT2_API_KEY", "hk_tenant2"));

    assertThat(properties)
        .containsOnly(
            Map.entry("openwop.api-keys.primary.sha256", ApiKeys.hashOf("hk_primary")),
            Map.entry("openwop.api-keys.primary.tenant", "default"),
            Map.entry("openwop.api-keys.primary.principal", "default-operator"),
            Map.entry("openwop.api-keys.secondary.sha256", ApiKeys.hashOf("hk_secondary")),
            Map.entry("openwop.api-keys.secondary.tenant", "default"),
            // The same holder as the primary's, so that a rotation changes nothing.
            Map.entry("openwop.api-keys.secondary.principal", "default-operator"),
            Map.entry("openwop.api-keys.tenant2.sha256", ApiKeys.hashOf("hk_tenant2")),
            Map.entry("openwop.api-keys.tenant2.tenant", "tenant2"),
            Map.entry("openwop.api-keys.tenant2.principal", "tenant2-operator"));
  }

  @Test
  void theRestIsCopiedWithItsUnit() {
    Map<String, Object> properties =
        RunbookEnvironment.properties(
            Map.of(
                "OPENWOP_PORT", "9999",
                "OPENWOP_FIXTURES_DIR", "/fixtures",
                "OPENWOP_RETRY_AFTER_SECONDS", " 9 ",
                "OPENWOP_MAX_INFLIGHT", "12",
                "OPENWOP_CLAIM_TTL_MS", "2000"));

    assertThat(properties)
        .containsOnly(
            Map.entry("server.port", "9999"),
            Map.entry("openwop.conformance.fixtures-dir", "/fixtures"),
            Map.entry("openwop.retry-after", "9s"),
            Map.entry("openwop.limits.max-in-flight", "12"),
            Map.entry("openwop.claim.ttl", "2000ms"));
  }

  @Test
  void whatIsBlankIsAbsent() {
    assertThat(RunbookEnvironment.properties(Map.of())).isEmpty();
    assertThat(
            RunbookEnvironment.properties(
                Map.of(
                    "OPENWOP_PG_DSN", " ",
                    "OPENWOP_API_KEY", "",
                    "OPENWOP_PORT", "  ",
                    "PATH", "/bin")))
        .isEmpty();
  }

  @Test
  void theCollectorIsNamedAsOpenTelemetryNamesIt() {
    Map<String, Object> properties =
        RunbookEnvironment.properties(
            Map.of(
                "OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318",
                "OTEL_EXPORTER_OTLP_PROTOCOL", "http/json",
                "OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20b, x-tenant=c=d,,broken"));

    assertThat(properties)
        .containsOnly(
            Map.entry("openwop.telemetry.endpoint", "http://collector:4318"),
            Map.entry("openwop.telemetry.protocol", "http/json"),
            Map.entry("openwop.telemetry.headers[api-key]", "a b"),
            Map.entry("openwop.telemetry.headers[x-tenant]", "c=d"));
  }
}
