package io.heddle.telemetry;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import io.heddle.json.Json;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.resource.v1.Resource;
import io.opentelemetry.proto.trace.v1.Span.SpanKind;
import io.opentelemetry.proto.trace.v1.Status;
import java.time.Instant;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The messages of OTLP, and how they are spelled in JSON. */
final class Otlp {

  private static final HexFormat HEX = HexFormat.of();

  // The lower half of the flags is W3C's, and of those one says that the span is recorded.
  private static final int SAMPLED = 1;

  private Otlp() {}

  /** A request that carries spans of one resource. */
  static ExportTraceServiceRequest traces(Map<String, String> resource, List<Span> spans) {
    ExportTraceServiceRequest.Builder request = ExportTraceServiceRequest.newBuilder();
    var ofResource = request.addResourceSpansBuilder().setResource(resource(resource));
    var ofScope = ofResource.addScopeSpansBuilder();
    ofScope.getScopeBuilder().setName("io.heddle");
    spans.forEach(span -> ofScope.addSpans(span(span)));
    return request.build();
  }

  private static Resource resource(Map<String, String> attributes) {
    Resource.Builder resource = Resource.newBuilder();
    attributes.forEach((name, value) -> resource.addAttributes(attribute(name, value)));
    return resource.build();
  }

  private static io.opentelemetry.proto.trace.v1.Span span(Span span) {
    var built =
        io.opentelemetry.proto.trace.v1.Span.newBuilder()
            .setTraceId(bytes(span.traceId()))
            .setSpanId(bytes(span.spanId()))
            .setName(span.name())
            .setKind(SpanKind.SPAN_KIND_INTERNAL)
            .setFlags(SAMPLED)
            .setStartTimeUnixNano(nanos(span.start()))
            .setEndTimeUnixNano(nanos(span.end()));
    if (span.parentSpanId() != null) {
      built.setParentSpanId(bytes(span.parentSpanId()));
    }
    if (span.traceState() != null) {
      built.setTraceState(span.traceState());
    }
    if (span.failed()) {
      built.setStatus(Status.newBuilder().setCode(Status.StatusCode.STATUS_CODE_ERROR));
    }
    span.attributes().forEach((name, value) -> built.addAttributes(attribute(name, value)));
    for (Span.Link link : span.links()) {
      built
          .addLinksBuilder()
          .setTraceId(bytes(link.traceId()))
          .setSpanId(bytes(link.spanId()))
          .setFlags(SAMPLED);
    }
    return built.build();
  }

  private static KeyValue attribute(String name, Object value) {
    AnyValue.Builder any = AnyValue.newBuilder();
    if (value instanceof Boolean flag) {
      any.setBoolValue(flag);
    } else if (value instanceof Long number) {
      any.setIntValue(number);
    } else {
      any.setStringValue(value.toString());
    }
    return KeyValue.newBuilder().setKey(name).setValue(any).build();
  }

  private static ByteString bytes(String hex) {
    return ByteString.copyFrom(HEX.parseHex(hex));
  }

  private static long nanos(Instant instant) {
    return Math.addExact(
        Math.multiplyExact(instant.getEpochSecond(), 1_000_000_000L), instant.getNano());
  }

  /**
   * A message as OTLP spells it in JSON: as Protobuf does, but ids in hexadecimal digits and enums
   * as numbers.
   */
  static String json(Message message) {
    return Json.write(members(message));
  }

  private static Map<String, @Nullable Object> members(Message message) {
    Map<String, @Nullable Object> members = new LinkedHashMap<>();
    message
        .getAllFields()
        .forEach(
            (field, value) ->
                members.put(
                    field.getJsonName(),
                    value instanceof List<?> list
                        ? list.stream().map(item -> value(field, item)).toList()
                        : value(field, value)));
    return members;
  }

  private static Object value(FieldDescriptor field, Object value) {
    return switch (field.getJavaType()) {
      case MESSAGE -> members((Message) value);
      case ENUM -> ((EnumValueDescriptor) value).getNumber();
      case BYTE_STRING -> HEX.formatHex(((ByteString) value).toByteArray());
      // A double does not hold every one of them.
      case LONG ->
          field.getType() == FieldDescriptor.Type.UINT64
                  || field.getType() == FieldDescriptor.Type.FIXED64
              ? Long.toUnsignedString((Long) value)
              : value.toString();
      case DOUBLE ->
          ((Double) value).isNaN() || ((Double) value).isInfinite() ? value.toString() : value;
      default -> value;
    };
  }
}
