package io.heddle.testkit;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.heddle.json.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Somebody who is told of events over real HTTP on the loopback, and answers as a test wants. */
public final class WebhookReceiver implements AutoCloseable {

  /** How a request is answered. */
  @FunctionalInterface
  public interface Behaviour {

    void answer(Received received, HttpExchange exchange) throws IOException;
  }

  /**
   * A request as it came.
   *
   * @param headers by lower-case name
   * @param number how many came before it
   */
  public record Received(String path, Map<String, String> headers, byte[] body, int number) {

    public String text() {
      return new String(body, StandardCharsets.UTF_8);
    }

    public Map<String, @Nullable Object> json() {
      return Json.parseObject(text());
    }

    public String runId() {
      return (String) json().get("runId");
    }

    public String type() {
      return (String) json().get("type");
    }

    public int sequence() {
      return (Integer) Json.object(json().get("event"), "").get("sequence");
    }

    public String header(String name) {
      return headers.get(name.toLowerCase(Locale.ROOT));
    }
  }

  private final List<Received> received = new CopyOnWriteArrayList<>();

  private final CountDownLatch closed = new CountDownLatch(1);

  private final ExecutorService threads = Executors.newCachedThreadPool();

  private final HttpServer server;

  private volatile Behaviour behaviour;

  private WebhookReceiver(Behaviour behaviour) {
    this.behaviour = behaviour;
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1_000);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  public static WebhookReceiver start() {
    return new WebhookReceiver(status(204));
  }

  public static WebhookReceiver start(Behaviour behaviour) {
    return new WebhookReceiver(behaviour);
  }

  /** Answers with a status and headers, names and values in turn. */
  public static Behaviour status(int status, String... headers) {
    return (request, exchange) -> {
      for (int i = 0; i < headers.length; i += 2) {
        exchange.getResponseHeaders().add(headers[i], headers[i + 1]);
      }
      exchange.sendResponseHeaders(status, -1);
    };
  }

  /** Promises a body and ends the connection in the middle of it. */
  public static Behaviour cutOff() {
    return (request, exchange) -> {
      exchange.sendResponseHeaders(200, 1_000);
      exchange.getResponseBody().write(new byte[10]);
      exchange.getResponseBody().flush();
    };
  }

  /** Gives a challenge back, and takes everything else. */
  public static Behaviour agreeing() {
    return (request, exchange) -> {
      Object challenge = request.json().get("challenge");
      byte[] answer = Json.bytes(Json.members("challenge", challenge));
      exchange.getResponseHeaders().add("Content-Type", "application/json");
      exchange.sendResponseHeaders(200, answer.length);
      exchange.getResponseBody().write(answer);
    };
  }

  /** Never answers. */
  public Behaviour hanging() {
    return (request, exchange) -> {
      try {
        closed.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    };
  }

  /** Answers so from now on. */
  public void behave(Behaviour next) {
    behaviour = next;
  }

  public String url() {
    return "http://127.0.0.1:%d/".formatted(server.getAddress().getPort());
  }

  /** Everything that came, in the order in which it came. */
  public List<Received> received() {
    return List.copyOf(received);
  }

  /** What came about a run. */
  public List<Received> about(String runId) {
    return received.stream().filter(one -> runId.equals(one.json().get("runId"))).toList();
  }

  /** Waits until something like this came. */
  public Received await(String what, Predicate<Received> wanted) {
    Await.await(what).until(() -> received.stream().anyMatch(wanted));
    return received.stream().filter(wanted).findFirst().orElseThrow();
  }

  private void handle(HttpExchange exchange) throws IOException {
    byte[] body = exchange.getRequestBody().readAllBytes();
    Map<String, String> headers = new TreeMap<>();
    exchange
        .getRequestHeaders()
        .forEach(
            (name, values) ->
                headers.put(name.toLowerCase(Locale.ROOT), String.join(", ", values)));
    Received request;
    synchronized (received) {
      request = new Received(exchange.getRequestURI().getPath(), headers, body, received.size());
      received.add(request);
    }
    try {
      behaviour.answer(request, exchange);
    } finally {
      exchange.close();
    }
  }

  @Override
  public void close() {
    closed.countDown();
    server.stop(0);
    threads.shutdownNow();
  }
}
