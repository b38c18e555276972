package io.heddle.channel;

import static io.heddle.channel.Folding.channel;
import static io.heddle.channel.Folding.fold;
import static io.heddle.channel.Folding.withSchema;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.heddle.channel.Folding.Timed;
import io.heddle.json.Json;
import io.heddle.spi.ChannelException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChannelFoldTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "REPLACE | [1] ; {\"a\": null} | {\"a\": null}",
        "REPLACE | 1 ; null | null",
        "APPEND | 2 ; null ; 2 ; [1] | [2, null, 2, [1]]",
        "FEEDBACK | {\"feedback\": \"b\"} ; \"a\" | [{\"feedback\": \"b\"}, \"a\"]",
        "MERGE | {\"a\": 1, \"b\": {\"x\": 1}} ; {\"b\": {\"y\": 2}, \"c\": null}"
            + " | {\"a\": 1, \"b\": {\"y\": 2}, \"c\": null}",
        "COUNTER | 2 ; -5 ; 0 | -3",
        "COUNTER | 9223372036854775807 ; 1 | 9223372036854775808",
        "COUNTER | 0.1 ; 0.2 ; 1 | 1.3",
        "COUNTER | 0.5 ; 0.5 ; 1 | 2",
        "VOTES | {\"userId\": \"u\", \"n\": 1} ; {\"userId\": \"v\"} ; {\"userId\": \"u\", \"n\": 2}"
            + " | [{\"userId\": \"v\"}, {\"userId\": \"u\", \"n\": 2}]",
        "VOTES | {\"voter\": \"u\"} ; {\"userId\": \"u\"} | [{\"userId\": \"u\"}]",
        "MESSAGE | {\"messageId\": \"1\", \"n\": 1} ; {\"messageId\": \"2\"}"
            + " ; {\"messageId\": \"1\", \"n\": 2}"
            + " | [{\"messageId\": \"1\", \"n\": 1}, {\"messageId\": \"2\"}]"
      })
  void aReducerMakesOneValueOfAllWrites(Reducer reducer, String writes, String expected) {
    assertThat(same(fold(channel(reducer), writes.split(" ; "))))
        .isEqualTo(same(Json.parse(expected)));
  }

  @ParameterizedTest
  @CsvSource({"REPLACE, null", "APPEND, []", "MERGE, {}", "COUNTER, 0", "VOTES, []", "MESSAGE, []"})
  void aReducerStartsFromNothing(Reducer reducer, String expected) {
    assertThat(reducer.initial()).isEqualTo(Json.parse(expected));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "MERGE | 1",
        "MERGE | [1]",
        "MERGE | null",
        "COUNTER | \"1\"",
        "COUNTER | null",
        "VOTES | {\"userId\": 1}",
        "VOTES | \"u\"",
        "MESSAGE | {}",
        "MESSAGE | {\"messageId\": null}"
      })
  void aReducerTakesOnlyWhatItCanReduce(Reducer reducer, String value) {
    assertRefused(() -> fold(channel(reducer), value));
  }

  @Test
  void onlyTheNewestEntriesFit() {
    for (Reducer reducer : List.of(Reducer.APPEND, Reducer.FEEDBACK)) {
      assertThat(fold(channel(reducer, 2L, null), "1", "2", "3")).isEqualTo(List.of(2, 3));
    }
    assertThat(fold(channel(Reducer.VOTES, 1L, null), "{\"userId\": \"u\"}", "{\"userId\": \"v\"}"))
        .isEqualTo(List.of(Map.of("userId", "v")));
  }

  @Test
  void whatMustNotBeDroppedIsRefusedWhenItDoesNotFit() {
    ChannelDefinition messages = channel(Reducer.MESSAGE, 1L, null);
    assertThat(fold(messages, "{\"messageId\": \"1\"}", "{\"messageId\": \"1\"}"))
        .asList()
        .hasSize(1);
    assertRefused(() -> fold(messages, "{\"messageId\": \"1\"}", "{\"messageId\": \"2\"}"));

    ChannelDefinition members = channel(Reducer.MERGE, 1L, null);
    assertThat(fold(members, "{\"a\": 1}", "{\"a\": 2}")).isEqualTo(Map.of("a", 2));
    assertRefused(() -> fold(members, "{\"a\": 1}", "{\"b\": 2}"));
  }

  @Test
  void entriesThatAreTooOldGoWithTheNextWrite() {
    ChannelDefinition channel = channel(Reducer.APPEND, null, 200L);

    Object before =
        fold(channel, channel.initial(), List.of(new Timed("a", 0), new Timed("b", 100)));
    Object atTheLimit = fold(channel, before, new Timed("c", 200));
    Object beyond = fold(channel, atTheLimit, new Timed("d", 301));

    assertThat(before).isEqualTo(List.of(entry("a", 0L), entry("b", 100L)));
    assertThat(atTheLimit).isEqualTo(List.of(entry("a", 0L), entry("b", 100L), entry("c", 200L)));
    assertThat(beyond).isEqualTo(List.of(entry("c", 200L), entry("d", 301L)));
  }

  @Test
  void aVoteIsFoundInsideItsEntry() {
    ChannelDefinition channel = channel(Reducer.VOTES, 2L, 200L);
    Map<String, Object> vote = Map.of("userId", "u");

    assertThat(fold(channel, channel.initial(), List.of(new Timed(vote, 0), new Timed(vote, 100))))
        .isEqualTo(List.of(entry(vote, 100L)));
  }

  @Test
  void theValueThatWasThereIsLeftAsItWas() {
    for (Reducer reducer : Reducer.values()) {
      ChannelDefinition channel = channel(reducer);
      Timed write =
          new Timed(reducer == Reducer.COUNTER ? 1 : Map.of("userId", "u", "messageId", "m"), 1);
      Object first = fold(channel, channel.initial(), write);
      String text = Json.write(first);

      fold(channel, first, write);

      assertThat(Json.write(first)).as("%s", reducer).isEqualTo(text);
    }
  }

  @Test
  void aSchemaSpeaksOfAnEntryOrOfTheList() throws Exception {
    ChannelDefinition ofEntries = withSchema(Reducer.APPEND, "{\"type\": \"string\"}", false);
    assertThat(fold(ofEntries, "\"a\"", "\"b\"")).isEqualTo(List.of("a", "b"));
    assertRefused(() -> fold(ofEntries, "1"));

    ChannelDefinition ofList =
        withSchema(
            Reducer.APPEND,
            "{\"type\": \"array\", \"items\": {\"type\": \"string\"}, \"maxItems\": 2}",
            true);
    assertThat(fold(ofList, "\"a\"", "\"b\"")).isEqualTo(List.of("a", "b"));
    assertRefused(() -> fold(ofList, "1"));
    assertRefused(() -> fold(ofList, "\"a\"", "\"b\"", "\"c\""));
  }

  @Test
  void aRefusalDoesNotQuoteTheValue() throws Exception {
    ChannelDefinition channel =
        withSchema(Reducer.REPLACE, "{\"properties\": {\"pin\": {\"type\": \"integer\"}}}", false);

    assertThatThrownBy(() -> fold(channel, "{\"pin\": \"s3cr3t\"}"))
        .isInstanceOf(ChannelException.class)
        .hasMessageContaining("/pin")
        .hasMessageNotContaining("s3cr3t");
  }

  @Test
  void aCounterHasABoundAndHugeExponentsDoNotBlowItUp() {
    assertThat(fold(channel(Reducer.COUNTER), "1e300", "1e-999999999")).isNotNull();
    assertThat(fold(channel(Reducer.COUNTER), "1e-999999999", "1")).isNotNull();
    assertRefused(() -> fold(channel(Reducer.COUNTER), "1.7e308", "1.7e308"));
  }

  @Test
  void aValueHasABound() {
    String half = Json.write("x".repeat(ChannelFold.MAX_CHARACTERS / 2));

    assertRefused(() -> fold(channel(Reducer.APPEND), half, half));
    assertThat(fold(channel(Reducer.APPEND, 1L, null), half, half)).asList().hasSize(1);
  }

  @Test
  void whatIsNotJsonIsRefused() {
    Map<String, Object> cyclic = new HashMap<>();
    cyclic.put("self", cyclic);
    for (Object value : new Object[] {cyclic, "\ud800", "\0", nested(63)}) {
      assertRefused(() -> ChannelFold.write(channel(Reducer.APPEND), value, 0));
    }
    assertThat(ChannelFold.write(channel(Reducer.APPEND, null, 5L), nested(62), 0).value())
        .isEqualTo(entry(nested(62), 0L));
  }

  private static Object nested(int levels) {
    Object value = 1;
    for (int i = 0; i < levels; i++) {
      value = new ArrayList<>(List.of(value));
    }
    return value;
  }

  private static Map<String, Object> entry(Object value, long time) {
    return Map.of("value", value, "_ts", time);
  }

  private static Object same(Object value) {
    return Json.normalised(value);
  }

  private static void assertRefused(org.assertj.core.api.ThrowableAssert.ThrowingCallable write) {
    assertThatThrownBy(write)
        .isInstanceOfSatisfying(
            ChannelException.class,
            refusal -> assertThat(refusal.code()).isEqualTo("validation_error"));
  }
}
