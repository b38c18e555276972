package io.heddle.testkit;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.metrics.v1.Metric;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A collector of telemetry that speaks OTLP over HTTP in both spellings, and keeps all it gets. */
public final class OtlpCollector implements AutoCloseable {

  private static final HexFormat HEX = HexFormat.of();

  private final HttpServer server;

  private final ExecutorService threads = Executors.newCachedThreadPool();

  private final Queue<Received> spans = new ConcurrentLinkedQueue<>();

  private final Queue<Measured> metrics = new ConcurrentLinkedQueue<>();

  private final Queue<String> everything = new ConcurrentLinkedQueue<>();

  private final Queue<Map<String, String>> headers = new ConcurrentLinkedQueue<>();

  /**
   * A span as it came.
   *
   * @param parentSpanId empty for none
   * @param links trace id and span id, joined by a slash
   */
  public record Received(
      String traceId,
      String spanId,
      String parentSpanId,
      String traceState,
      String name,
      long start,
      long end,
      boolean failed,
      Map<String, Object> attributes,
      List<String> links,
      Map<String, Object> resource) {

    public @Nullable Object attribute(String attribute) {
      return attributes.get("openwop." + attribute);
    }
  }

  /**
   * A metric as it came.
   *
   * @param kind as OTLP names it
   * @param attributes of all of its points
   * @param bounds of the buckets of the first point, if it has any
   */
  public record Measured(
      String name, String kind, List<Map<String, Object>> attributes, List<Double> bounds) {}

  private OtlpCollector(HttpServer server) {
    this.server = server;
  }

  /** Starts a collector on a free port. */
  public static OtlpCollector start() {
    try {
      OtlpCollector collector =
          new OtlpCollector(
              HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0));
      collector.server.setExecutor(collector.threads);
      collector.server.createContext("/", collector::receive);
      collector.server.start();
      return collector;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public String endpoint() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  /** The spans of a run, in the order in which they came. */
  public List<Received> spansOf(String runId) {
    return spans.stream().filter(span -> runId.equals(span.attribute("run_id"))).toList();
  }

  /** The only span of a run that has a name. */
  public Received span(String runId, String name) {
    List<Received> named =
        spansOf(runId).stream().filter(span -> span.name().equals(name)).toList();
    if (named.size() != 1) {
      throw new AssertionError("%d spans %s in %s".formatted(named.size(), name, spansOf(runId)));
    }
    return named.get(0);
  }

  /** Whether the span of the whole run has come, which is the last. */
  public boolean hasRun(String runId) {
    return spansOf(runId).stream().anyMatch(span -> span.name().equals("openwop.run"));
  }

  /** The metrics of a name, the newest last. */
  public List<Measured> metrics(String name) {
    return metrics.stream().filter(metric -> metric.name().equals(name)).toList();
  }

  /** All metrics, the newest last. */
  public List<Measured> metrics() {
    return List.copyOf(metrics);
  }

  /** All that came, as text. */
  public String everything() {
    return String.join("\n", everything);
  }

  /** The headers of all requests, by lower-case name. */
  public List<Map<String, String>> headers() {
    return List.copyOf(headers);
  }

  private void receive(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] body = exchange.getRequestBody().readAllBytes();
      Map<String, String> given = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
      exchange.getRequestHeaders().forEach((name, values) -> given.put(name, values.get(0)));
      int status = accept(exchange.getRequestURI().getPath(), given, body);
      if (status == 200) {
        headers.add(given);
      }
      exchange.sendResponseHeaders(status, -1);
    }
  }

  private int accept(String path, Map<String, String> given, byte[] body) throws IOException {
    boolean json = "application/json".equals(given.get("Content-Type"));
    // Like the collector of the protocol's suite, which unpacks nothing.
    if (given.containsKey("Content-Encoding")
        || !json && !"application/x-protobuf".equals(given.get("Content-Type"))) {
      return 415;
    }
    switch (path) {
      case "/v1/traces" -> {
        if (json) {
          tracesJson(text(body));
        } else {
          traces(ExportTraceServiceRequest.parseFrom(body));
        }
      }
      case "/v1/metrics" -> {
        if (json) {
          metricsJson(text(body));
        } else {
          metrics(ExportMetricsServiceRequest.parseFrom(body));
        }
      }
      default -> {
        return 404;
      }
    }
    return 200;
  }

  private JsonNode text(byte[] body) {
    everything.add(new String(body, StandardCharsets.UTF_8));
    return JsonMapper.shared().readTree(body);
  }

  private void traces(ExportTraceServiceRequest request) {
    everything.add(request.toString());
    request
        .getResourceSpansList()
        .forEach(
            resource ->
                resource
                    .getScopeSpansList()
                    .forEach(
                        scope ->
                            scope
                                .getSpansList()
                                .forEach(
                                    span ->
                                        spans.add(
                                            new Received(
                                                HEX.formatHex(span.getTraceId().toByteArray()),
                                                HEX.formatHex(span.getSpanId().toByteArray()),
                                                HEX.formatHex(span.getParentSpanId().toByteArray()),
                                                span.getTraceState(),
                                                span.getName(),
                                                span.getStartTimeUnixNano(),
                                                span.getEndTimeUnixNano(),
                                                span.getStatus().getCodeValue() == 2,
                                                attributes(span.getAttributesList()),
                                                span.getLinksList().stream()
                                                    .map(
                                                        link ->
                                                            HEX.formatHex(
                                                                    link.getTraceId().toByteArray())
                                                                + "/"
                                                                + HEX.formatHex(
                                                                    link.getSpanId().toByteArray()))
                                                    .toList(),
                                                attributes(
                                                    resource
                                                        .getResource()
                                                        .getAttributesList()))))));
  }

  private void tracesJson(JsonNode request) {
    for (JsonNode resource : request.get("resourceSpans")) {
      for (JsonNode scope : resource.get("scopeSpans")) {
        for (JsonNode span : scope.get("spans")) {
          spans.add(
              new Received(
                  span.get("traceId").asString(),
                  span.get("spanId").asString(),
                  span.path("parentSpanId").asString(""),
                  span.path("traceState").asString(""),
                  span.get("name").asString(),
                  Long.parseLong(span.get("startTimeUnixNano").asString()),
                  Long.parseLong(span.get("endTimeUnixNano").asString()),
                  span.at("/status/code").asInt(0) == 2,
                  attributesJson(span.path("attributes")),
                  StreamSupport.stream(span.path("links").spliterator(), false)
                      .map(
                          link ->
                              link.get("traceId").asString() + "/" + link.get("spanId").asString())
                      .toList(),
                  attributesJson(resource.at("/resource/attributes"))));
        }
      }
    }
  }

  private void metrics(ExportMetricsServiceRequest request) {
    everything.add(request.toString());
    request
        .getResourceMetricsList()
        .forEach(
            resource ->
                resource
                    .getScopeMetricsList()
                    .forEach(scope -> scope.getMetricsList().forEach(this::metric)));
  }

  private void metric(Metric metric) {
    metrics.add(
        switch (metric.getDataCase()) {
          case GAUGE ->
              new Measured(
                  metric.getName(),
                  "gauge",
                  metric.getGauge().getDataPointsList().stream()
                      .map(point -> attributes(point.getAttributesList()))
                      .toList(),
                  List.of());
          case SUM ->
              new Measured(
                  metric.getName(),
                  "sum",
                  metric.getSum().getDataPointsList().stream()
                      .map(point -> attributes(point.getAttributesList()))
                      .toList(),
                  List.of());
          case HISTOGRAM ->
              new Measured(
                  metric.getName(),
                  "histogram",
                  metric.getHistogram().getDataPointsList().stream()
                      .map(point -> attributes(point.getAttributesList()))
                      .toList(),
                  List.copyOf(metric.getHistogram().getDataPoints(0).getExplicitBoundsList()));
          default ->
              new Measured(metric.getName(), metric.getDataCase().name(), List.of(), List.of());
        });
  }

  private void metricsJson(JsonNode request) {
    for (JsonNode resource : request.get("resourceMetrics")) {
      for (JsonNode scope : resource.get("scopeMetrics")) {
        for (JsonNode metric : scope.get("metrics")) {
          for (String kind : List.of("gauge", "sum", "histogram")) {
            JsonNode points = metric.path(kind).path("dataPoints");
            if (!points.isEmpty()) {
              metrics.add(
                  new Measured(
                      metric.get("name").asString(),
                      kind,
                      StreamSupport.stream(points.spliterator(), false)
                          .map(point -> attributesJson(point.path("attributes")))
                          .toList(),
                      StreamSupport.stream(
                              points.get(0).path("explicitBounds").spliterator(), false)
                          .map(JsonNode::asDouble)
                          .toList()));
            }
          }
        }
      }
    }
  }

  private static Map<String, Object> attributes(List<KeyValue> attributes) {
    return attributes.stream()
        .collect(Collectors.toMap(KeyValue::getKey, attribute -> value(attribute.getValue())));
  }

  private static Object value(AnyValue value) {
    return switch (value.getValueCase()) {
      case STRING_VALUE -> value.getStringValue();
      case BOOL_VALUE -> value.getBoolValue();
      case INT_VALUE -> value.getIntValue();
      default -> throw new IllegalArgumentException(value.toString());
    };
  }

  private static Map<String, Object> attributesJson(JsonNode attributes) {
    Map<String, Object> read = new LinkedHashMap<>();
    for (JsonNode attribute : attributes) {
      JsonNode value = attribute.get("value");
      read.put(
          attribute.get("key").asString(),
          value.has("intValue")
              ? (Object) Long.valueOf(value.get("intValue").asString())
              : value.has("boolValue")
                  ? (Object) value.get("boolValue").asBoolean()
                  : value.get("stringValue").asString());
    }
    return read;
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
