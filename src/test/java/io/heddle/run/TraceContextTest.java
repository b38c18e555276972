package io.heddle.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TraceContextTest {

  private static final String TRACEPARENT =
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

  @Test
  void tellsItsParts() {
    TraceContext trace = TraceContext.of(List.of(TRACEPARENT), List.of()).orElseThrow();

    assertThat(trace.traceId()).isEqualTo("0af7651916cd43dd8448eb211c80319c");
    assertThat(trace.spanId()).isEqualTo("b7ad6b7169203331");
    assertThat(trace.isSampled()).isTrue();
    assertThat(trace.isOwn()).isFalse();
    assertThat(trace.at("00f067aa0ba902b7").traceparent())
        .isEqualTo("00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01");
    assertThat(TraceContext.begun(trace.traceId(), trace.spanId()).isOwn()).isTrue();
  }

  @Test
  void isNotRecordedIfTheFlagIsMissingAmongOthers() {
    String flags = TRACEPARENT.substring(0, 53);

    assertThat(TraceContext.of(List.of(flags + "fe"), List.of()).orElseThrow().isSampled())
        .isFalse();
    assertThat(TraceContext.of(List.of(flags + "03"), List.of()).orElseThrow().isSampled())
        .isTrue();
  }

  @Test
  void keepsTheStateOfAllHeadersInTheirOrder() {
    assertThat(state("rojo=00f067aa0ba902b7, congo=t61rcWkgMzE,,", "tenant@vendor=a b;c"))
        .isEqualTo("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE,tenant@vendor=a b;c");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "no-value",
        "=value",
        "UPPER=case",
        "key=",
        "key=a=b",
        "key=\u00fc",
        "key=line\r\nSet-Cookie: x=y",
        "fine=1,broken",
        ""
      })
  void dropsAMalformedStateAndKeepsTheTrace(String state) {
    assertThat(state(state)).isNull();
  }

  @Test
  void dropsAStateThatIsTooLong() {
    assertThat(state("k=" + "v".repeat(254), "l=" + "v".repeat(253))).hasSize(512);
    assertThat(state("k=" + "v".repeat(254), "l=" + "v".repeat(254))).isNull();
    assertThat(state("k=" + "v".repeat(1_000_000))).isNull();
    assertThat(state(members(32))).isEqualTo(members(32));
    assertThat(state(members(33))).isNull();
  }

  private static String members(int count) {
    return IntStream.range(0, count)
        .mapToObj(number -> "k" + number + "=v")
        .collect(Collectors.joining(","));
  }

  private static String state(String... states) {
    return TraceContext.of(List.of(TRACEPARENT), List.of(states)).orElseThrow().traceState();
  }
}
