package io.heddle.telemetry;

import com.google.protobuf.Message;
import io.micrometer.core.ipc.http.HttpSender;
import io.micrometer.core.ipc.http.HttpUrlConnectionSender;
import io.micrometer.registry.otlp.OtlpMetricsSender;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where telemetry is sent, and in which words. Thread-safe. */
public final class OtlpEndpoint implements OtlpMetricsSender {

  private static final Logger log = LoggerFactory.getLogger(OtlpEndpoint.class);

  private static final String TRACES = "/v1/traces";

  private static final String METRICS = "/v1/metrics";

  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final String base;

  private final Protocol protocol;

  private final Map<String, String> headers;

  private final Map<String, String> resource;

  private final AtomicBoolean failing = new AtomicBoolean();

  private final HttpSender http = new HttpUrlConnectionSender(PATIENCE, PATIENCE);

  /** How messages are spelled. */
  public enum Protocol {
    HTTP_PROTOBUF("http/protobuf"),
    HTTP_JSON("http/json");

    private final String spelling;

    Protocol(String spelling) {
      this.spelling = spelling;
    }

    /** As OpenTelemetry's settings spell it. */
    public String spelling() {
      return spelling;
    }

    /**
     * The protocol that OpenTelemetry's settings call so.
     *
     * @throws IllegalArgumentException if there is none that this host speaks
     */
    public static Protocol of(String spelling) {
      for (Protocol protocol : values()) {
        if (protocol.spelling.equals(spelling)) {
          return protocol;
        }
      }
      throw new IllegalArgumentException(
          "openwop.telemetry.protocol must be http/protobuf or http/json");
    }
  }

  /**
   * @param base to which the paths of OTLP are added
   * @param headers of every request; may hold a credential
   * @param resource what describes this host, such as {@code service.name}
   * @throws IllegalArgumentException if there cannot be a server at that address
   */
  public OtlpEndpoint(
      String base, Protocol protocol, Map<String, String> headers, Map<String, String> resource) {
    this.base = checked(base.strip());
    this.protocol = protocol;
    this.headers = Map.copyOf(headers);
    this.resource = new LinkedHashMap<>(resource);
  }

  // Without the value, which may hold a password.
  private static String checked(String base) {
    try {
      URI uri = URI.create(base);
      if (String.valueOf(uri.getScheme()).matches("https?") && uri.getHost() != null) {
        return base.replaceFirst("/+$", "");
      }
    } catch (IllegalArgumentException e) {
      // It is said below, too.
    }
    throw new IllegalArgumentException(
        "openwop.telemetry.endpoint must be an http or https URL with a host");
  }

  /** What describes this host. */
  public Map<String, String> resource() {
    return Map.copyOf(resource);
  }

  /**
   * Sends spans.
   *
   * @throws IOException if they did not arrive
   */
  public void send(List<Span> spans) throws IOException {
    send(TRACES, Otlp.traces(resource, spans));
  }

  /**
   * Sends what a registry of Micrometer has measured. That it does not arrive is said once; the
   * registry would say it each time, and the next request tells all that this one would have.
   */
  @Override
  public void send(Request request) throws IOException {
    Message metrics = ExportMetricsServiceRequest.parseFrom(request.getMetricsData());
    try {
      send(METRICS, metrics);
      if (failing.getAndSet(false)) {
        log.info("Metrics are exported again");
      }
    } catch (IOException e) {
      if (!failing.getAndSet(true)) {
        log.warn("Metrics cannot be exported: {}", e.getMessage());
      }
    }
  }

  private void send(String path, Message message) throws IOException {
    HttpSender.Response response;
    try {
      HttpSender.Request.Builder request = http.post(base + path);
      headers.forEach(request::withHeader);
      if (protocol == Protocol.HTTP_JSON) {
        request.withContent("application/json", Otlp.json(message));
      } else {
        request.withContent("application/x-protobuf", message.toByteArray());
      }
      response = request.send();
    } catch (IOException | RuntimeException e) {
      // Its message may quote a header.
      throw new IOException("The collector cannot be reached: " + e.getClass().getSimpleName());
    } catch (Throwable e) {
      throw new IOException("The collector cannot be reached", e);
    }
    if (!response.isSuccessful()) {
      throw new IOException("The collector answered " + response.code());
    }
  }

  @Override
  public String toString() {
    return "OtlpEndpoint[" + protocol.spelling + "]";
  }
}
