package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AcceptEncodingTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "gzip",
        "GZIP",
        "x-gzip",
        " gzip ",
        "gzip;q=0.001",
        "gzip; q=1.000",
        "gzip;Q=0.5",
        "deflate, gzip;q=0.5, br;q=1",
        "gzip, identity",
        "gzip;q=0.5, identity;q=0.5",
        "*",
        "*;q=0.1",
        "br, *",
        "identity;q=0, gzip",
      })
  void wanted(String header) {
    assertThat(AcceptEncoding.prefersGzip(List.of(header))).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "identity",
        "identity;q=0",
        "br",
        "deflate, zstd",
        "gzip;q=0",
        "gzip;q=0.000, *",
        "*;q=0",
        "gzip;q=0.5, identity",
        "gzip;q=0.4, identity;q=0.5",
        "identity, *;q=0.5",
        "gzip;q=2",
        "gzip;q=-1",
        "gzip;q=0.1234",
        "gzip;q=",
        "gzip;level=9",
        "gzipped",
        ";q=1",
        ",,,",
      })
  void notWanted(String header) {
    assertThat(AcceptEncoding.prefersGzip(List.of(header))).isFalse();
  }

  @Test
  void severalHeadersAreOneList() {
    assertThat(AcceptEncoding.prefersGzip(List.of())).isFalse();
    assertThat(AcceptEncoding.prefersGzip(List.of("br", "gzip"))).isTrue();
    assertThat(AcceptEncoding.prefersGzip(List.of("gzip;q=0.5", "identity"))).isFalse();
  }
}
