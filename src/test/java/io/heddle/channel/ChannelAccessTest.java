package io.heddle.channel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChannelAccessTest {

  @ParameterizedTest
  @CsvSource({
    "tally, true",
    "tally-1, false",
    "Tally, false",
    "core.ai.*, true",
    "core.a*, true",
    "core.aix.*, false",
    "*, true",
    // A type is named by a beginning of it; in full it could be taken for the id of a node.
    "core.ai.callPrompt, false"
  })
  void anEntryIsANodeOrTheBeginningOfAType(String entry, boolean admitted) {
    ChannelAccess access = new ChannelAccess(List.of("other", entry), List.of());

    assertThat(access.letsRead("tally", "core.ai.callPrompt")).isEqualTo(admitted);
    assertThat(access.letsWrite("tally", "core.ai.callPrompt")).isFalse();
  }

  @Test
  void aSideThatIsLeftOutIsOpen() {
    ChannelAccess access = new ChannelAccess(null, List.of("writer"));

    assertThat(access.letsRead("anybody", "t")).isTrue();
    assertThat(access.letsWrite("anybody", "t")).isFalse();
    assertThat(access.letsWrite("writer", "t")).isTrue();
    assertThat(ChannelAccess.PUBLIC.letsWrite("anybody", "t")).isTrue();
    assertThat(ChannelAccess.PRIVATE.letsRead("anybody", "t")).isFalse();
  }
}
