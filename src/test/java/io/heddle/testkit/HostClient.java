package io.heddle.testkit;

import io.heddle.json.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongConsumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A caller of a host. Thread-safe. */
public final class HostClient {

  // The database is away, or another request with this key or about this question came first.
  private static final Set<Integer> TO_TRY_AGAIN = Set.of(503, 409);

  private static final Pattern END = Pattern.compile("event: run\\.(completed|failed|cancelled)");

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final HttpClient http = HttpClient.newHttpClient();

  private final URI base;

  private final String key;

  HostClient(int port, String key) {
    this.base = URI.create("http://localhost:" + port);
    this.key = key;
  }

  /** Creates a run; returns its id. */
  public String create(String workflowId, Map<String, @Nullable Object> inputs) {
    Map<String, @Nullable Object> body = Json.members("workflowId", workflowId, "inputs", inputs);
    return (String) json(201, send("POST", "/v1/runs", Json.write(body))).get("runId");
  }

  /**
   * Creates a run once, however often this is called with this key.
   *
   * @return its id; empty if there was no answer, or the promise that there will be
   */
  public Optional<String> tryToCreate(String key, String workflowId) {
    return attempt(
            "/v1/runs",
            Json.write(Json.members("workflowId", workflowId, "inputs", Map.of())),
            List.of("Idempotency-Key", key),
            201)
        .map(answer -> (String) answer.get("runId"));
  }

  /** Accepts what a node asks to be approved, unless there is no answer, or it is too late. */
  public void tryToAccept(String runId, String nodeId) {
    attempt(
        "/v1/runs/%s/interrupts/%s".formatted(runId, nodeId),
        Json.write(Json.members("resumeValue", Map.of("action", "accept"))),
        List.of(),
        200);
  }

  private Optional<Map<String, @Nullable Object>> attempt(
      String path, String body, List<String> headers, int expected) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(base.resolve(path))
            // It may be frozen.
            .timeout(Duration.ofSeconds(2))
            .header("Authorization", "Bearer " + key)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(body));
    if (!headers.isEmpty()) {
      request.headers(headers.toArray(String[]::new));
    }
    try {
      HttpResponse<String> response = http.send(request.build(), BodyHandlers.ofString());
      return TO_TRY_AGAIN.contains(response.statusCode())
          ? Optional.empty()
          : Optional.of(json(expected, response));
    } catch (IOException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Whether a probe would send callers here. */
  public boolean isReady() {
    try {
      return send("GET", "/actuator/health/readiness", null).statusCode() == 200;
    } catch (UncheckedIOException e) {
      return false;
    }
  }

  /** The snapshot of a run. */
  public Map<String, @Nullable Object> read(String runId) {
    return json(200, send("GET", "/v1/runs/" + runId, null));
  }

  /** Sends JSON and returns the answer. */
  public Map<String, @Nullable Object> post(String path, String body, int expected) {
    return json(expected, send("POST", path, body));
  }

  /**
   * An answer, whatever it says.
   *
   * @param body empty if it is not an object
   */
  public record Reply(int status, Map<String, @Nullable Object> body) {

    /** The code of an error; null if there is none. */
    public @Nullable String error() {
      return (String) body.get("error");
    }

    @Override
    public String toString() {
      return status + " " + error();
    }
  }

  /** Sends what needs a credential. Throws if there is no answer in time. */
  public Reply reply(String method, String path, @Nullable String body) {
    return reply(send(request(method, path, body).header("Authorization", "Bearer " + key)));
  }

  /** Sends what needs none. Throws if there is no answer in time. */
  public Reply replyToAnybody(String method, String path, @Nullable String body) {
    return reply(send(request(method, path, body)));
  }

  private static Reply reply(HttpResponse<String> response) {
    return new Reply(
        response.statusCode(),
        response.body().startsWith("{") ? Json.parseObject(response.body()) : Map.of());
  }

  /**
   * Follows the log of a run until the stream ends or breaks.
   *
   * @param lastSeen the sequence of the last event seen, or -1
   * @param seen is told the sequence of each event as it comes
   * @return whether the end of the run was told
   */
  public boolean follow(String runId, long lastSeen, LongConsumer seen) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(base.resolve("/v1/runs/%s/events?streamMode=debug".formatted(runId)))
            .timeout(PATIENCE)
            .header("Authorization", "Bearer " + key)
            .header("Accept", "text/event-stream");
    if (lastSeen >= 0) {
      request.header("Last-Event-ID", Long.toString(lastSeen));
    }
    try {
      HttpResponse<Stream<String>> response = http.send(request.build(), BodyHandlers.ofLines());
      try (Stream<String> lines = response.body()) {
        if (response.statusCode() != 200) {
          return false;
        }
        AtomicBoolean ended = new AtomicBoolean();
        lines.forEach(
            line -> {
              if (line.startsWith("id: ")) {
                seen.accept(Long.parseLong(line.substring("id: ".length())));
              } else if (END.matcher(line).matches()) {
                ended.set(true);
              }
            });
        return ended.get();
      }
    } catch (IOException | UncheckedIOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Registers a workflow for this caller's tenant. */
  public void put(WorkflowBuilder workflow) {
    HttpResponse<String> response =
        send("PUT", "/v1/host/heddle/workflows/" + workflow.id(), workflow.json());
    if (response.statusCode() / 100 != 2) {
      throw new AssertionError(response.statusCode() + " " + response.body());
    }
  }

  private HttpResponse<String> send(String method, String path, @Nullable String body) {
    return send(request(method, path, body).header("Authorization", "Bearer " + key));
  }

  private HttpRequest.Builder request(String method, String path, @Nullable String body) {
    return HttpRequest.newBuilder(base.resolve(path))
        .timeout(PATIENCE)
        .header("Content-Type", "application/json")
        .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
  }

  private HttpResponse<String> send(HttpRequest.Builder request) {
    try {
      return http.send(request.build(), BodyHandlers.ofString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static Map<String, @Nullable Object> json(int status, HttpResponse<String> response) {
    if (response.statusCode() != status) {
      throw new AssertionError(
          "%s answered %d: %s".formatted(response.uri(), response.statusCode(), response.body()));
    }
    return Json.parseObject(response.body());
  }
}
