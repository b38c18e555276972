package io.heddle.autoconfigure;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.util.List;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionMessage;
import org.springframework.boot.autoconfigure.condition.ConditionOutcome;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.SpringBootCondition;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration;
import org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.context.annotation.Conditional;
import org.springframework.core.type.AnnotatedTypeMetadata;
import org.springframework.util.StringUtils;

/**
 * Brings a Postgres server of its own for a first try-out, when the application neither configured
 * nor defined a database. It offers connection details rather than a data source, so that the pool
 * stays the one Spring Boot builds from its own properties.
 */
@AutoConfiguration(before = DataSourceAutoConfiguration.class)
@ConditionalOnClass(EmbeddedPostgres.class)
@ConditionalOnMissingBean({DataSource.class, JdbcConnectionDetails.class})
@Conditional(EmbeddedPostgresAutoConfiguration.NoDatabaseConfigured.class)
@EnableConfigurationProperties(EmbeddedPostgresProperties.class)
public final class EmbeddedPostgresAutoConfiguration {

  @Bean
  EmbeddedPostgresServer embeddedPostgresServer(EmbeddedPostgresProperties properties) {
    return EmbeddedPostgresServer.start(properties.directory(), properties.port());
  }

  @Bean
  JdbcConnectionDetails embeddedPostgresConnectionDetails(EmbeddedPostgresServer server) {
    return new ServerConnectionDetails(server);
  }

  private record ServerConnectionDetails(EmbeddedPostgresServer server)
      implements JdbcConnectionDetails {

    @Override
    public String getJdbcUrl() {
      return server.jdbcUrl();
    }

    @Override
    public String getUsername() {
      return EmbeddedPostgresServer.USERNAME;
    }

    @Override
    public @Nullable String getPassword() {
      return null;
    }
  }

  /** Reads a blank value as absent, the way Spring Boot does for the URL. */
  static final class NoDatabaseConfigured extends SpringBootCondition {

    private static final List<String> PROPERTIES =
        List.of("spring.datasource.url", "spring.datasource.jndi-name");

    @Override
    public ConditionOutcome getMatchOutcome(
        ConditionContext context, AnnotatedTypeMetadata metadata) {
      ConditionMessage.Builder message = ConditionMessage.forCondition("Embedded Postgres");
      for (String property : PROPERTIES) {
        if (StringUtils.hasText(context.getEnvironment().getProperty(property))) {
          return ConditionOutcome.noMatch(message.foundExactly("property " + property));
        }
      }
      return ConditionOutcome.match(message.because("no database is configured"));
    }
  }
}
