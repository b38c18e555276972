package shop;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@Timeout(120)
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
class OrdersApplicationTest {

  private static final String KEY = "Bearer key-of-the-shop";

  private static final String CLERK =
      "Basic "
          + Base64.getEncoder()
              .encodeToString("clerk:of-the-shop".getBytes(StandardCharsets.UTF_8));

  @TempDir static Path directory;

  @LocalServerPort int port;

  @Autowired JdbcClient jdbc;

  private final HttpClient http = HttpClient.newHttpClient();

  @DynamicPropertySource
  static void database(DynamicPropertyRegistry properties) {
    properties.add("openwop.embedded-postgres.directory", () -> directory.resolve("postgres"));
  }

  @Test
  void anOrderIsPlacedByAWorkflowAndChargedOnce() throws Exception {
    JsonNode created =
        json(
            post("/v1/runs", "{\"workflowId\":\"place-order\",\"inputs\":{\"customer\":\"Ada\",\"cents\":1250}}"),
            201);
    String run = "/v1/runs/" + created.get("runId").asString();

    // Ends with the run.
    String events = get(run + "/events?streamMode=debug", KEY, "text/event-stream").body();
    JsonNode snapshot = json(get(run, KEY, "application/json"), 200);

    assertThat(events).contains("event: node.retried", "event: run.completed");
    assertThat(snapshot.get("status").asString()).isEqualTo("completed");
    assertThat(events).contains("\"outputs\":{\"parcel\":\"for Ada\"}");
    assertThat(jdbc.sql("select customer, cents from placed_order").query().listOfRows())
        .isEqualTo(List.of(Map.of("customer", "Ada", "cents", 1250L)));
  }

  @Test
  void anOrderThatBreaksAConstraintIsRefusedByName() throws Exception {
    JsonNode created =
        json(
            post("/v1/runs", "{\"workflowId\":\"place-order\",\"inputs\":{\"customer\":\" \",\"cents\":1}}"),
            201);
    String run = "/v1/runs/" + created.get("runId").asString();

    assertThat(get(run + "/events", KEY, "text/event-stream").body())
        .contains("event: run.failed", "validation_error", "customer must not be blank");
  }

  @Test
  void theApplicationKeepsItsUsersItsPathsAndItsMigrations() throws Exception {
    assertThat(get("/orders", null, "*/*").statusCode()).isEqualTo(401);
    assertThat(get("/orders", KEY, "*/*").statusCode()).isEqualTo(401);
    assertThat(get("/orders", CLERK, "*/*").statusCode()).isEqualTo(200);
    assertThat(get("/actuator/openwop", CLERK, "*/*").statusCode()).isEqualTo(404);
    assertThat(get("/v1/workflows/place-order", CLERK, "*/*").statusCode()).isEqualTo(401);
    assertThat(get("/v1/workflows/place-order", KEY, "*/*").statusCode()).isEqualTo(200);
    assertThat(jdbc.sql("select script from public.flyway_schema_history").query(String.class).list())
        .containsExactly("V1__orders.sql");
    assertThat(
            jdbc.sql("select count(*) from information_schema.tables where table_schema = 'openwop'")
                .query(Integer.class)
                .single())
        .isPositive();
  }

  private HttpResponse<String> post(String path, String body) throws Exception {
    return http.send(
        HttpRequest.newBuilder(uri(path))
            .header("Authorization", KEY)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build(),
        BodyHandlers.ofString());
  }

  private HttpResponse<String> get(String path, String authorization, String accept)
      throws Exception {
    HttpRequest.Builder request = HttpRequest.newBuilder(uri(path)).header("Accept", accept);
    if (authorization != null) {
      request.header("Authorization", authorization);
    }
    return http.send(request.build(), BodyHandlers.ofString());
  }

  private URI uri(String path) {
    return URI.create("http://localhost:" + port + path);
  }

  private static JsonNode json(HttpResponse<String> response, int status) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    return JsonMapper.shared().readTree(response.body());
  }
}
