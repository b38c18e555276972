package io.heddle.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CanonicalJsonTest {

  /** The samples of RFC 8785, appendix B, and two where a power of two makes rounding lopsided. */
  @ParameterizedTest
  @CsvSource({
    "0000000000000000, 0",
    "8000000000000000, 0",
    "0000000000000001, 5e-324",
    "8000000000000001, -5e-324",
    "7fefffffffffffff, 1.7976931348623157e+308",
    "ffefffffffffffff, -1.7976931348623157e+308",
    "4340000000000000, 9007199254740992",
    "c340000000000000, -9007199254740992",
    "4430000000000000, 295147905179352830000",
    "44b52d02c7e14af5, 9.999999999999997e+22",
    "44b52d02c7e14af6, 1e+23",
    "44b52d02c7e14af7, 1.0000000000000001e+23",
    "444b1ae4d6e2ef4e, 999999999999999700000",
    "444b1ae4d6e2ef4f, 999999999999999900000",
    "444b1ae4d6e2ef50, 1e+21",
    "3eb0c6f7a0b5ed8c, 9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d, 0.000001",
    "41b3de4355555553, 333333333.3333332",
    "41b3de4355555554, 333333333.33333325",
    "41b3de4355555555, 333333333.3333333",
    "41b3de4355555556, 333333333.3333334",
    "41b3de4355555557, 333333333.33333343",
    "becbf647612f3696, -0.0000033333333333333333",
    "43143ff3c1cb0959, 1424953923781206.2",
    "3d30000000000000, 5.684341886080802e-14",
    "0010000000000000, 2.2250738585072014e-308"
  })
  void numbersAreSpelledAsEcmascriptPrintsThem(String bits, String spelled) {
    double number = Double.longBitsToDouble(Long.parseUnsignedLong(bits, 16));

    assertThat(CanonicalJson.text(number)).isEqualTo(spelled);
  }

  @Test
  void anyNumberIsReadBackAsItWas() {
    Random random = new Random(20261125);
    for (int i = 0; i < 20_000; i++) {
      double number = Double.longBitsToDouble(random.nextLong());
      if (Double.isFinite(number)) {
        assertThat(Double.parseDouble(CanonicalJson.text(number))).isEqualTo(number);
      }
    }
  }

  @Test
  void theSampleOfTheRfcIsSpelledToTheByte() {
    Object sample =
        Json.parse(
            """
            {
              "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
              "string": "\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\"\\/",
              "literals": [null, true, false]
            }
            """);

    assertThat(CanonicalJson.text(sample))
        .isEqualTo(
            "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
                + "\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
  }

  @Test
  void membersAreSortedByTheirUtf16CodeUnits() {
    Map<String, Object> unsorted =
        Map.of(
            "\u20ac",
            1,
            "\r",
            2,
            "\ufb33",
            3,
            "1",
            4,
            "\ud83d\ude00",
            5,
            "\u0080",
            6,
            "\u00f6",
            7,
            "10",
            8,
            "2",
            9);

    assertThat(CanonicalJson.text(unsorted))
        .isEqualTo(
            "{\"\\r\":2,\"1\":4,\"10\":8,\"2\":9,\"\u0080\":6,\"ö\":7,\"€\":1,"
                + "\"\ud83d\ude00\":5,\"\ufb33\":3}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "lone \ud800",
        "\udc00 lone",
        "\ud800\ud800\udc00",
      })
  void loneSurrogatesAreRefused(String text) {
    for (Object value : List.of(text, Map.of(text, 1), List.of(text))) {
      assertThatThrownBy(() -> CanonicalJson.text(value)).hasMessage("lone-surrogate");
    }
  }

  @Test
  void whatADoubleDoesNotHoldIsRefused() {
    long most = (1L << 53) - 1;
    assertThat(CanonicalJson.text(Arrays.asList(most, -most)))
        .isEqualTo("[9007199254740991,-9007199254740991]");
    assertThatThrownBy(() -> CanonicalJson.text(most + 1)).hasMessage("integer-out-of-range");
    assertThatThrownBy(() -> CanonicalJson.text(-most - 1)).hasMessage("integer-out-of-range");
    assertThatThrownBy(() -> CanonicalJson.text(Double.NaN)).hasMessage("non-finite");
    assertThatThrownBy(() -> CanonicalJson.text(new BigDecimal("1e400"))).hasMessage("non-finite");
    assertThatThrownBy(() -> CanonicalJson.text(new Object())).hasMessageStartingWith("not-json");
  }
}
