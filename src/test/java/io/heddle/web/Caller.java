package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Somebody who calls a host. */
public final class Caller {

  private static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  // Only there so that a test that waits in vain ends.
  private static final Duration PATIENCE = Duration.ofSeconds(45);

  private final int port;

  private final @Nullable String secret;

  /**
   * @param secret null for none
   */
  Caller(int port, @Nullable String secret) {
    this.port = port;
    this.secret = secret;
  }

  public Answer get(String path, String... headers) {
    return send("GET", path, null, headers);
  }

  public Answer post(String path, String json, String... headers) {
    return send("POST", path, json, headers);
  }

  public Answer put(String path, String json, String... headers) {
    return send("PUT", path, json, headers);
  }

  public Answer delete(String path, String... headers) {
    return send("DELETE", path, null, headers);
  }

  /**
   * @param json null for a request without a body
   * @param headers names and values in turn
   */
  public Answer send(String method, String path, @Nullable String json, String... headers) {
    return sendAsync(method, path, json, headers).join();
  }

  public CompletableFuture<Answer> sendAsync(
      String method, String path, @Nullable String json, String... headers) {
    return CLIENT
        .sendAsync(request(method, path, json, headers), HttpResponse.BodyHandlers.ofByteArray())
        .thenApply(
            response ->
                new Answer(response.statusCode(), response.headers().map(), response.body()));
  }

  /** Opens an answer that goes on; closing it is the caller's. */
  InputStream open(String path, String... headers) throws IOException, InterruptedException {
    HttpResponse<InputStream> response =
        CLIENT.send(request("GET", path, null, headers), HttpResponse.BodyHandlers.ofInputStream());
    assertThat(response.statusCode()).isEqualTo(200);
    return response.body();
  }

  private HttpRequest request(
      String method, String path, @Nullable String json, String... headers) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://localhost:" + port + path)).timeout(PATIENCE);
    if (secret != null) {
      request.header("Authorization", "Bearer " + secret);
    }
    if (json != null) {
      request.header("Content-Type", "application/json");
    }
    if (headers.length > 0) {
      request.headers(headers);
    }
    return request
        .method(
            method,
            json == null
                ? HttpRequest.BodyPublishers.noBody()
                : HttpRequest.BodyPublishers.ofString(json))
        .build();
  }

  /** Starts a run of a workflow without inputs and returns its id. */
  public String startRun(String workflowId) {
    return startRun(workflowId, "{}");
  }

  public String startRun(String workflowId, String inputs) {
    Answer answer =
        post("/v1/runs", "{\"workflowId\": \"%s\", \"inputs\": %s}".formatted(workflowId, inputs));
    assertThat(answer.status()).as("%s", answer).isEqualTo(201);
    return answer.json().get("runId").asString();
  }

  /** Registers a workflow and returns its revision. */
  public int register(String workflowId, String definition) {
    Answer answer = put("/v1/host/heddle/workflows/" + workflowId, definition);
    assertThat(answer.status()).as("%s", answer).isEqualTo(200);
    return answer.json().get("revision").asInt();
  }

  public String status(String runId) {
    return get("/v1/runs/" + runId).json().get("status").asString();
  }

  /** Waits until a run has ended and returns its whole log. */
  public List<JsonNode> log(String runId) {
    List<JsonNode> log = new ArrayList<>();
    JsonNode page;
    do {
      Answer answer =
          get(
              "/v1/runs/%s/events/poll?lastSequence=%d&timeout=30"
                  .formatted(runId, log.size() - 1));
      assertThat(answer.status()).as("%s", answer).isEqualTo(200);
      page = answer.json();
      page.get("events").forEach(log::add);
      assertThat(page.get("events").isEmpty() && !page.get("isComplete").asBoolean())
          .as("%s stands still after %s", runId, log)
          .isFalse();
    } while (!page.get("isComplete").asBoolean());
    return log;
  }

  /** Waits until a run has ended and returns the types of its events. */
  List<String> types(String runId) {
    return log(runId).stream().map(event -> event.get("type").asString()).toList();
  }
}
