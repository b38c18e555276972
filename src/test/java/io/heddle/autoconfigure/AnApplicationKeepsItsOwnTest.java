package io.heddle.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.auth.ApiKeys;
import io.heddle.claim.Claimer;
import io.heddle.spi.Authenticator;
import io.heddle.status.OpenwopEndpoint;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.PostgresPerJvm.Database;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.servlet.MultipartConfigElement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.task.TaskExecutor;
import org.springframework.http.client.ClientHttpRequestFactory;
import org.springframework.http.converter.HttpMessageConverter;
import org.springframework.jdbc.core.JdbcOperations;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.scheduling.TaskScheduler;
import org.springframework.security.authentication.AuthenticationManager;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.transaction.TransactionManager;
import org.springframework.transaction.support.TransactionOperations;
import org.springframework.validation.Validator;
import org.springframework.web.client.RestClient;
import tools.jackson.databind.ObjectMapper;

/** A host brings no bean that would make Spring Boot, or the application, do without its own. */
@Timeout(60)
class AnApplicationKeepsItsOwnTest {

  private static final List<Class<?>> THE_APPLICATIONS =
      List.of(
          DataSource.class,
          JdbcClient.class,
          JdbcOperations.class,
          TransactionManager.class,
          TransactionOperations.class,
          Flyway.class,
          ObjectMapper.class,
          Executor.class,
          TaskScheduler.class,
          RestClient.class,
          RestClient.Builder.class,
          ClientHttpRequestFactory.class,
          HttpMessageConverter.class,
          MultipartConfigElement.class,
          MeterRegistry.class,
          UserDetailsService.class,
          AuthenticationManager.class,
          Validator.class);

  @Test
  void theHostAddsNothingThatIsTheApplications() {
    try (ConfigurableApplicationContext application = start()) {
      ConfigurableListableBeanFactory beans = application.getBeanFactory();
      List<Object> ofTheHost = new ArrayList<>();
      for (String name : beans.getBeanDefinitionNames()) {
        BeanDefinition definition = beans.getBeanDefinition(name);
        String maker = definition.getFactoryBeanName();
        if (maker != null && maker.startsWith("io.heddle")) {
          ofTheHost.add(application.getBean(name));
        }
      }

      assertThat(ofTheHost).hasSizeGreaterThan(60);
      assertThat(ofTheHost)
          .allSatisfy(
              bean ->
                  assertThat(THE_APPLICATIONS)
                      .as("%s", bean.getClass())
                      .noneMatch(type -> type.isInstance(bean)));
      assertThat(application.getBean(Claimer.class).nodeId()).isPresent();
      for (Class<?> own :
          List.of(
              TaskExecutor.class,
              ObjectMapper.class,
              JdbcClient.class,
              TransactionManager.class,
              Flyway.class,
              UserDetailsService.class)) {
        assertThat(application.getBeanProvider(own).stream()).as("%s", own).isNotEmpty();
      }
    }
  }

  @Test
  void howTheHostIsIsShownOnlyIfTheApplicationSaysSo() {
    try (ConfigurableApplicationContext application = start()) {
      assertThat(application.getBeanNamesForType(OpenwopEndpoint.class)).isEmpty();
    }
    try (ConfigurableApplicationContext application =
        start("--management.endpoints.web.exposure.include=openwop")) {
      assertThat(application.getBean(OpenwopEndpoint.class).status().node().state())
          .isEqualTo(OpenwopEndpoint.State.CLAIMING);
    }
  }

  @Test
  void anApplicationCanLeaveTheHostOut() {
    try (ConfigurableApplicationContext application =
        start("--spring.autoconfigure.exclude=" + HeddleAutoConfiguration.class.getName())) {
      assertThat(application.getBeanNamesForType(Claimer.class)).isEmpty();
      assertThat(application.getBeanNamesForType(Authenticator.class)).isEmpty();
      assertThat(application.getBeanNamesForType(Flyway.class)).hasSize(1);
    }
  }

  private static ConfigurableApplicationContext start(String... arguments) {
    Database database = PostgresPerJvm.freshDatabase();
    List<String> all = new ArrayList<>(List.of(arguments));
    // A host that was started in this process before names its own file to all of it.
    all.add("--spring.config.name=application");
    return new SpringApplicationBuilder(Application.class)
        .properties(
            Map.of(
                "server.port",
                "0",
                "openwop.api-keys.own.sha256",
                ApiKeys.hashOf("a-key-of-an-application"),
                // Without a name Spring Boot makes nobody up where tokens could tell who it is.
                "spring.security.user.name",
                "clerk",
                "openwop.shutdown.grace",
                "100ms"))
        .initializers(
            context ->
                context.getBeanFactory().registerSingleton("dataSource", database.dataSource()))
        .run(all.toArray(String[]::new));
  }

  /** An application that carries a host. */
  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  static class Application {}
}
