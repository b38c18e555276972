package io.heddle.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.springframework.security.config.Customizer.withDefaults;

import io.heddle.HeddleApplication;
import io.heddle.auth.ApiKeys;
import io.heddle.spi.Authenticator;
import io.heddle.spi.Principal;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.PostgresPerJvm.Database;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.annotation.Order;
import org.springframework.http.ResponseEntity;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.client.RestClient;
import org.springframework.web.servlet.config.annotation.PathMatchConfigurer;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

/** Applications that arrange themselves otherwise than most, and what they carry. */
@Timeout(600)
class AHostFitsIntoAnyApplicationTest {

  private static final String KEY = "Bearer a-key-of-an-application";

  private static final String CLERK =
      "Basic "
          + Base64.getEncoder()
              .encodeToString("clerk:of-the-shop".getBytes(StandardCharsets.UTF_8));

  private static final String RUN = "{\"workflowId\":\"conformance-noop\"}";

  private static final HttpClient HTTP = HttpClient.newHttpClient();

  @ParameterizedTest(name = "{0}{1}")
  @CsvSource({"/shop,/", "'',/api", "/shop/of,/api"})
  void pathsThatTheApplicationPutsBeforeAllOfItsOwn(String context, String servlet)
      throws Exception {
    String base = (context + servlet).replaceAll("/+", "/").replaceFirst("/$", "");
    try (Running application =
        start(
            List.of(Shop.class),
            "--server.servlet.context-path=" + context,
            "--spring.mvc.servlet.path=" + servlet)) {
      application.servesRunsAt(base);
      // To its form, or not at all: a key is nothing to it.
      assertThat(application.get(base + "/orders", KEY).statusCode()).isIn(302, 401);
      assertThat(application.get(base + "/orders", CLERK).body()).isEqualTo("{\"openOrders\":3}");

      // What the container refuses before anybody could map it.
      assertThat(application.raw("GET " + base + "/v1/runs/%zz HTTP/1.1")).contains("{\"error\":");
      assertThat(application.raw("GET " + base + "/orders/%zz HTTP/1.1"))
          .doesNotContain("{\"error\":");
      if (!base.isEmpty()) {
        for (String path : List.of("/.well-known/openwop", "/v1/openapi.json")) {
          assertThat(application.get(path, CLERK).statusCode()).isIn(302, 404);
        }
      }
    }
  }

  @Test
  void aPrefixForAllControllersLeavesTheProtocolWhereItIs() throws Exception {
    try (Running application = start(List.of(Shop.class, Prefixed.class))) {
      application.servesRunsAt("");
      assertThat(application.get("/api/orders", CLERK).statusCode()).isEqualTo(200);
      assertThat(application.get("/api/v1/openapi.json", CLERK).statusCode()).isEqualTo(404);
    }
  }

  @Test
  void beansThatAnApplicationDefinesItselfAreItsOwnAndOnlyIts() throws Exception {
    try (Running application =
        start(
            List.of(Shop.class, OwnBeans.class),
            "--management.endpoints.web.base-path=/manage",
            "--management.endpoints.web.exposure.include=health,openwop")) {
      application.servesRunsAt("");
      // As its mapper spells it, and its handler words it.
      assertThat(application.get("/orders", CLERK).body()).isEqualTo("{\"open_orders\":3}");
      HttpResponse<String> handled = application.get("/broken", CLERK);
      assertThat(handled.statusCode()).isEqualTo(418);
      assertThat(handled.body()).isEqualTo("of the application: broken");
      assertThat(application.get("/manage/health", null).statusCode()).isEqualTo(200);
      assertThat(application.get("/manage/openwop", null).statusCode()).isEqualTo(401);
      assertThat(application.get("/manage/openwop", CLERK).statusCode()).isEqualTo(200);
      assertThat(application.get("/actuator/health", CLERK).statusCode()).isEqualTo(418);

      ConfigurableApplicationContext context = application.context();
      assertThat(context.getBeansOfType(Flyway.class)).containsOnlyKeys("ownFlyway");
      assertThat(context.getBeansOfType(RestClient.class)).containsOnlyKeys("ownClient");
      assertThat(context.getBeansOfType(JsonMapper.class)).containsOnlyKeys("ownMapper");
      assertThat(context.getBean(HostDataSource.class).dataSource())
          .isSameAs(context.getBean(DataSource.class))
          .isInstanceOf(DriverManagerDataSource.class);
      assertThat(context.getBean(Flyway.class).info().getInfoResult().schemaName).isEqualTo("shop");
    }
  }

  @Test
  void aChainBeforeTheHostsThatTakesEverythingEndsTheStart() {
    assertThatThrownBy(() -> start(List.of(Shop.class, Greedy.class)).close())
        .hasStackTraceContaining("UnreachableFilterChainException");
  }

  @Test
  void anAuthenticatorTakesThePlaceOfConfiguredKeysAndNothingElse() throws Exception {
    try (Running application = start(List.of(Shop.class, Badges.class))) {
      assertThat(application.get("/v1/runs/unknown", KEY).statusCode()).isEqualTo(401);
      assertThat(application.get("/v1/runs/unknown", "Bearer badge-of-ada").statusCode())
          .isEqualTo(404);

      // With it somebody may ask for a key of the host's own, which is as good.
      HttpResponse<String> issued =
          application.post(
              "/v1/host/heddle/keys", "Bearer badge-of-ada", "{\"scopes\":[\"runs:read\"]}");
      assertThat(issued.statusCode()).as(issued.body()).isEqualTo(201);
      String key = JsonMapper.shared().readTree(issued.body()).get("key").asString();
      assertThat(application.get("/v1/runs/unknown", "Bearer " + key).statusCode()).isEqualTo(404);
    }
  }

  @Test
  void whoMaySeeHowAServerIsDoesNotDependOnAPathThatSomebodySets() {
    assertThatThrownBy(
            () ->
                new SpringApplicationBuilder(HeddleApplication.class)
                    .run(
                        "--spring.config.name=openwop-host",
                        "--server.port=0",
                        "--spring.datasource.url=" + PostgresPerJvm.freshDatabase().url(),
                        "--openwop.api-keys.own.sha256=" + ApiKeys.hashOf("own"),
                        "--management.endpoints.web.base-path=/manage")
                    .close())
        .hasStackTraceContaining("management.endpoints.web.base-path must be /actuator");
  }

  private record Running(ConfigurableApplicationContext context) implements AutoCloseable {

    int port() {
      return ((WebServerApplicationContext) context).getWebServer().getPort();
    }

    void servesRunsAt(String base) throws IOException, InterruptedException {
      assertThat(get(base + "/.well-known/openwop", null).body()).contains("\"name\":\"heddle\"");
      assertThat(get(base + "/v1/openapi.json", null).statusCode()).isEqualTo(200);
      for (String credential : new String[] {null, CLERK, "Bearer nobodys"}) {
        HttpResponse<String> refused = post(base + "/v1/runs", credential, RUN);
        assertThat(refused.statusCode()).isEqualTo(401);
        assertThat(refused.body()).startsWith("{\"error\":\"unauthenticated\"");
      }
      HttpResponse<String> created = post(base + "/v1/runs", KEY, RUN);
      assertThat(created.statusCode()).as(created.body()).isEqualTo(201);
      JsonNode accepted = JsonMapper.shared().readTree(created.body());
      String run = base + "/v1/runs/" + accepted.get("runId").asString();
      // Ends with the run.
      assertThat(get(run + "/events", KEY, "text/event-stream").body()).contains("run.completed");
      assertThat(get(run, KEY).body()).contains("\"status\":\"completed\"");
      assertThat(get(run + "/nothing", KEY).body()).startsWith("{\"error\":\"not_found\"");
      assertThat(post(run, KEY, RUN).body()).startsWith("{\"error\":\"method_not_allowed\"");
      assertThat(get(base + "/v1/audit/verify", KEY).body()).contains("\"chainValid\":true");
    }

    HttpResponse<String> get(String path, String credential)
        throws IOException, InterruptedException {
      return get(path, credential, "application/json, */*");
    }

    private HttpResponse<String> get(String path, String credential, String accept)
        throws IOException, InterruptedException {
      return send(request(path, credential).header("Accept", accept));
    }

    HttpResponse<String> post(String path, String credential, String body)
        throws IOException, InterruptedException {
      return send(
          request(path, credential)
              .header("Content-Type", "application/json")
              .POST(HttpRequest.BodyPublishers.ofString(body)));
    }

    private HttpRequest.Builder request(String path, String credential) {
      HttpRequest.Builder request =
          HttpRequest.newBuilder(URI.create("http://localhost:" + port() + path));
      return credential == null ? request : request.header("Authorization", credential);
    }

    private static HttpResponse<String> send(HttpRequest.Builder request)
        throws IOException, InterruptedException {
      return HTTP.send(request.build(), BodyHandlers.ofString());
    }

    String raw(String line) throws IOException {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port())) {
        socket
            .getOutputStream()
            .write(
                (line + "\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
        return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      }
    }

    @Override
    public void close() {
      context.close();
    }
  }

  private static Running start(List<Class<?>> configuration, String... arguments) {
    Database database = PostgresPerJvm.freshDatabase();
    List<String> all = new ArrayList<>(List.of(arguments));
    // A host that was started in this process before names its own file to all of it.
    all.add("--spring.config.name=application");
    return new Running(
        new SpringApplicationBuilder(configuration.toArray(Class<?>[]::new))
            .properties(
                Map.of(
                    "server.port",
                    "0",
                    "openwop.api-keys.own.sha256",
                    ApiKeys.hashOf("a-key-of-an-application"),
                    "openwop.conformance.enabled",
                    "true",
                    "openwop.shutdown.grace",
                    "100ms",
                    "spring.security.user.name",
                    "clerk",
                    "spring.security.user.password",
                    "of-the-shop"))
            .initializers(
                context ->
                    context
                        .getBeanFactory()
                        .registerSingleton(
                            "dataSource", new DriverManagerDataSource(database.url())))
            .run(all.toArray(String[]::new)));
  }

  record Stock(int openOrders) {}

  /** An application that carries a host. */
  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  @Import(Orders.class)
  static class Shop {}

  @RestController
  static class Orders {

    @GetMapping("/orders")
    Stock orders() {
      return new Stock(3);
    }

    @GetMapping("/broken")
    Stock broken() {
      throw new IllegalStateException("broken");
    }
  }

  @Configuration(proxyBeanMethods = false)
  static class Prefixed implements WebMvcConfigurer {

    @Override
    public void configurePathMatch(PathMatchConfigurer paths) {
      paths.addPathPrefix("/api", type -> true);
    }
  }

  @Configuration(proxyBeanMethods = false)
  static class OwnBeans {

    @Bean
    JsonMapper ownMapper() {
      return JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .build();
    }

    @Bean
    RestClient ownClient() {
      return RestClient.create();
    }

    @Bean
    Flyway ownFlyway(DataSource dataSource) {
      Flyway flyway =
          Flyway.configure()
              .dataSource(dataSource)
              .schemas("shop")
              .locations("classpath:db/of-the-shop")
              .load();
      flyway.migrate();
      return flyway;
    }

    /** As most applications have it: without an order, for every request. */
    @Bean
    SecurityFilterChain ownChain(HttpSecurity http) {
      return http.authorizeHttpRequests(
              requests ->
                  requests
                      .requestMatchers("/manage/health")
                      .permitAll()
                      .anyRequest()
                      .authenticated())
          .httpBasic(withDefaults())
          .build();
    }

    @RestControllerAdvice
    static class Handlers {

      @ExceptionHandler(Exception.class)
      ResponseEntity<String> handle(Exception failure) {
        return ResponseEntity.status(418).body("of the application: " + failure.getMessage());
      }
    }
  }

  @Configuration(proxyBeanMethods = false)
  static class Greedy {

    @Bean
    @Order(1)
    SecurityFilterChain greedyChain(HttpSecurity http) {
      return http.authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
          .httpBasic(withDefaults())
          .build();
    }
  }

  @Configuration(proxyBeanMethods = false)
  static class Badges {

    @Bean
    Authenticator badges() {
      return bearer ->
          bearer.equals("badge-of-ada")
              ? new Authenticator.Authenticated(
                  new Principal(
                      "default",
                      "ada",
                      "urn:shop:badges",
                      "badge",
                      "user",
                      Set.of("runs:read", "keys:manage"),
                      false))
              : new Authenticator.Unknown();
    }
  }
}
