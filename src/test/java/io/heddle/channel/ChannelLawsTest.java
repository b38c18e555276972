package io.heddle.channel;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.channel.Folding.Timed;
import io.heddle.json.Json;
import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.BigRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;

/** What holds of every channel, whatever is written to it. */
class ChannelLawsTest {

  /** A channel and writes that it takes, in the order of their times. */
  record Writes(ChannelDefinition channel, List<Timed> writes) {}

  @Property
  void aFoldCanBeContinuedFromAnyPrefix(
      @ForAll("writes") Writes given, @ForAll @LongRange(min = 0, max = 30) long cut) {
    int at = (int) Math.min(cut, given.writes().size());
    ChannelDefinition channel = given.channel();
    Object prefix = Folding.fold(channel, channel.initial(), given.writes().subList(0, at));
    // As another process finds it.
    Object stored = Json.storedObject(Json.write(Json.members("it", prefix))).get("it");

    Object continued =
        Folding.fold(channel, stored, given.writes().subList(at, given.writes().size()));

    assertThat(Json.write(continued))
        .isEqualTo(Json.write(Folding.fold(channel, channel.initial(), given.writes())));
  }

  @Property
  void aListIsNeverLongerThanItsMaxSizeNorHoldsWhatIsTooOld(@ForAll("lists") Writes given) {
    ChannelDefinition channel = given.channel();
    Object current = channel.initial();
    for (Timed write : given.writes()) {
      current = Folding.fold(channel, current, write);
      List<Object> entries = Reducer.entries(current);
      if (channel.maxSize() != null) {
        assertThat((long) entries.size()).isBetween(1L, channel.maxSize());
      }
      if (channel.ttlMs() != null) {
        for (Object entry : entries) {
          assertThat(((Number) Json.object(entry, "").get("_ts")).longValue())
              .isBetween(write.at() - channel.ttlMs(), write.at());
        }
      }
      // Whatever else is dropped, what was just written is there.
      assertThat(ChannelFold.value(entries.get(entries.size() - 1), channel.ttlMs() != null))
          .isEqualTo(write.value());
    }
  }

  @Property
  void aListWithoutBoundsIsItsWritesInTheirOrder(@ForAll @Size(max = 30) List<Integer> values) {
    assertThat(
            Folding.fold(
                Folding.channel(Reducer.APPEND),
                List.of(),
                values.stream().map(it -> new Timed(it, 1)).toList()))
        .isEqualTo(values);
  }

  @Property
  void aCounterIsTheSum(
      @ForAll @Size(max = 30)
          List<@BigRange(min = "-99999999999999999999", max = "99999999999999999999") BigInteger>
              values) {
    Object counted =
        Folding.fold(
            Folding.channel(Reducer.COUNTER),
            0,
            values.stream().map(it -> new Timed(it, 1)).toList());

    assertThat(new BigInteger(counted.toString()))
        .isEqualTo(values.stream().reduce(BigInteger.ZERO, BigInteger::add));
  }

  @Property
  void theLatestVoteOfEachVoterCounts(@ForAll("votes") List<Object> votes) {
    Map<Object, Object> latest = new LinkedHashMap<>();
    for (Object vote : votes) {
      Object voter = Json.object(vote, "").get("userId");
      latest.remove(voter);
      latest.put(voter, vote);
    }

    assertThat(
            Folding.fold(
                Folding.channel(Reducer.VOTES),
                List.of(),
                votes.stream().map(it -> new Timed(it, 1)).toList()))
        .isEqualTo(List.copyOf(latest.values()));
  }

  @Property
  void aMessageIsThereOnceAsItWasFirstSaid(@ForAll("messages") List<Object> messages) {
    Map<Object, Object> first = new LinkedHashMap<>();
    messages.forEach(it -> first.putIfAbsent(Json.object(it, "").get("messageId"), it));

    assertThat(
            Folding.fold(
                Folding.channel(Reducer.MESSAGE),
                List.of(),
                messages.stream().map(it -> new Timed(it, 1)).toList()))
        .isEqualTo(List.copyOf(first.values()));
  }

  @Provide
  Arbitrary<Writes> writes() {
    return Arbitraries.of(Reducer.class).flatMap(ChannelLawsTest::writes);
  }

  @Provide
  Arbitrary<Writes> lists() {
    return Arbitraries.of(Reducer.APPEND, Reducer.VOTES, Reducer.FEEDBACK)
        .flatMap(ChannelLawsTest::writes);
  }

  @Provide
  Arbitrary<List<Object>> votes() {
    return value(Reducer.VOTES).list().ofMaxSize(30);
  }

  @Provide
  Arbitrary<List<Object>> messages() {
    return value(Reducer.MESSAGE).list().ofMaxSize(30);
  }

  private static Arbitrary<Writes> writes(Reducer reducer) {
    Arbitrary<Long> bound = Arbitraries.longs().between(1, 12);
    Arbitrary<ChannelDefinition> channel =
        Combinators.combine(bound.injectNull(0.4), bound.injectNull(0.4))
            .as(
                (maxSize, ttlMs) ->
                    Folding.channel(
                        reducer,
                        reducer.dropsEntries() ? maxSize : null,
                        reducer.dropsEntries() ? ttlMs : null));
    Arbitrary<Timed> step =
        Combinators.combine(value(reducer), Arbitraries.longs().between(0, 6)).as(Timed::new);
    return Combinators.combine(channel, step.list().ofMaxSize(30))
        .as(
            (declared, steps) -> {
              long[] now = {1_000};
              return new Writes(
                  declared,
                  steps.stream().map(it -> new Timed(it.value(), now[0] += it.at())).toList());
            });
  }

  /** Values that a reducer takes, from a few voters, messages and members. */
  private static Arbitrary<Object> value(Reducer reducer) {
    Arbitrary<Integer> number = Arbitraries.integers().between(-9, 9);
    Arbitrary<String> name = Arbitraries.of("a", "b", "c", "d");
    return switch (reducer) {
      case REPLACE, APPEND, FEEDBACK -> number.asGeneric();
      case COUNTER ->
          Arbitraries.oneOf(
              number.asGeneric(),
              Arbitraries.bigDecimals()
                  .between(new java.math.BigDecimal("-1e20"), new java.math.BigDecimal("1e20"))
                  .ofScale(4)
                  .asGeneric());
      case MERGE -> Combinators.combine(name, number).as((member, it) -> Map.of(member, it));
      case VOTES ->
          Combinators.combine(name, number)
              .as((voter, it) -> Json.members("userId", voter, "action", it));
      case MESSAGE ->
          Combinators.combine(name, number)
              .as((id, it) -> Json.members("messageId", id, "content", it));
    };
  }
}
