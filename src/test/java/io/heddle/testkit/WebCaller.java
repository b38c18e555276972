package io.heddle.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.json.Json;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;

/** A caller of a {@link WebHost}, who gets every answer as it went over the wire. Thread-safe. */
public final class WebCaller {

  private static final HttpClient HTTP = HttpClient.newHttpClient();

  private final URI base;

  private final Map<String, String> headers;

  private WebCaller(URI base, Map<String, String> headers) {
    this.base = base;
    this.headers = headers;
  }

  public static WebCaller of(int port, WebHost.Key key) {
    return anonymous(port).with("Authorization", "Bearer " + key.secret());
  }

  public static WebCaller anonymous(int port) {
    return new WebCaller(URI.create("http://localhost:" + port), Map.of());
  }

  /** The same caller with one more header in each request. */
  public WebCaller with(String name, String value) {
    Map<String, String> more = new LinkedHashMap<>(headers);
    more.put(name, value);
    return new WebCaller(base, more);
  }

  public Answer get(String path) {
    return send("GET", path, null);
  }

  public Answer post(String path, Object body) {
    return send("POST", path, body instanceof String text ? text : Json.write(body));
  }

  public Answer send(String method, String path, String body) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(base.resolve(path)).timeout(Duration.ofSeconds(40));
    headers.forEach(request::header);
    if (body == null) {
      request.method(method, BodyPublishers.noBody());
    } else {
      request
          .header("Content-Type", "application/json")
          .method(method, BodyPublishers.ofString(body));
    }
    try {
      return new Answer(HTTP.send(request.build(), BodyHandlers.ofByteArray()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Creates a run; returns its id. */
  public String create(String workflowId, Object... members) {
    Map<String, Object> body = Json.members(members);
    body.put("workflowId", workflowId);
    return (String) post("/v1/runs", body).is(201).json().get("runId");
  }

  /** Creates a run and waits for its end; returns its id. */
  public String finished(String workflowId, Object... members) {
    String runId = create(workflowId, members);
    awaitEnd(runId);
    return runId;
  }

  /** Creates a run that does not end by itself before any test does; returns when it waits. */
  public String waiting(Object... members) {
    String runId = create("conformance-cancellable", members);
    assertThat(await(runId, 1)).hasSize(2);
    return runId;
  }

  /** Waits for the end of a run without asking twice. */
  public void awaitEnd(String runId) {
    long last = -1;
    while (true) {
      Map<String, Object> page =
          get("/v1/runs/%s/events/poll?lastSequence=%d&timeout=30".formatted(runId, last))
              .is(200)
              .json();
      if ((boolean) page.get("isComplete")) {
        return;
      }
      last = ((Number) page.get("nextSequence")).longValue() - 1;
    }
  }

  /** Waits for the event of a sequence; returns the log as far as it is there. */
  private List<?> await(String runId, long sequence) {
    get("/v1/runs/%s/events/poll?lastSequence=%d&timeout=30".formatted(runId, sequence - 1))
        .is(200);
    return log(runId);
  }

  /** The log of a run as it stands. */
  public List<?> log(String runId) {
    return (List<?>)
        with("Accept", "application/json")
            .get("/v1/runs/" + runId + "/events")
            .is(200)
            .json()
            .get("events");
  }

  public Answer cancel(String runId) {
    return post("/v1/runs/" + runId + "/cancel", "{}").is(200);
  }

  /** An answer. */
  public record Answer(HttpResponse<byte[]> response) {

    public Answer is(int status) {
      assertThat(response.statusCode())
          .as("%s answered %s", response.request(), text())
          .isEqualTo(status);
      return this;
    }

    /** A refusal in the closed envelope. */
    public Answer refuses(int status, String code) {
      is(status);
      assertThat(json()).containsEntry("error", code).containsKey("message");
      assertThat(json().keySet()).isSubsetOf("error", "message", "details");
      assertThat(header("Content-Type")).startsWith("application/json");
      return this;
    }

    public String header(String name) {
      return response.headers().firstValue(name).orElse(null);
    }

    public List<String> headers(String name) {
      return response.headers().allValues(name);
    }

    /** The bytes as they were sent. */
    public byte[] raw() {
      return response.body();
    }

    /** The bytes without their content coding. */
    public byte[] body() {
      if (!"gzip".equals(header("Content-Encoding")) || raw().length == 0) {
        return raw();
      }
      try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(raw()))) {
        return in.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    public String text() {
      return new String(body(), StandardCharsets.UTF_8);
    }

    public Map<String, Object> json() {
      return Json.parseObject(text());
    }

    @SuppressWarnings("unchecked")
    public Map<String, Object> details() {
      return (Map<String, Object>) json().get("details");
    }
  }
}
