package io.heddle.workflow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.heddle.channel.ChannelDefinition;
import io.heddle.channel.Reducer;
import io.heddle.engine.node.ChannelWriteNode;
import io.heddle.engine.node.IdentityNode;
import io.heddle.json.Json;
import io.heddle.spi.NodeExecutor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChannelDeclarationsTest {

  @Test
  void aDeclarationIsReadWhole() {
    ChannelDefinition channel =
        channels(
                """
                {"log": {"reducer": "append", "schema": {"type": "array"}, "default": ["a"],
                  "maxSize": 3.0, "access": {"readers": ["a"], "writers": []}, "schemaVersion": 4}}
                """)
            .get("log");

    assertThat(channel.declared()).isTrue();
    assertThat(channel.reducer()).isEqualTo(Reducer.APPEND);
    assertThat(channel.schema()).isNotNull();
    assertThat(channel.schemaOfList()).isTrue();
    assertThat(channel.initial()).isEqualTo(List.of("a"));
    assertThat(channel.maxSize()).isEqualTo(3);
    assertThat(channel.ttlMs()).isNull();
    assertThat(channel.access().readers()).containsExactly("a");
    assertThat(channel.access().writers()).isEmpty();
    assertThat(channel.schemaVersion()).isEqualTo(4);
    assertThat(channel.toString()).doesNotContain("initial");
  }

  @Test
  void onlyAListIsDescribedByASchemaOfArrays() {
    Map<String, ChannelDefinition> channels =
        channels(
            """
            {"items": {"reducer": "append", "schema": {"type": "string"}},
             "one": {"reducer": "replace", "schema": {"type": "array"}}}
            """);

    assertThat(channels.get("items").schemaOfList()).isFalse();
    assertThat(channels.get("one").schemaOfList()).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "append | {} | must be an array",
        "message | [{}] | must be a value that the channel takes",
        "message | [{\"messageId\": \"a\"}, {\"messageId\": \"a\"}]"
            + " | must be what the reducer makes of its items",
        "votes | [{\"userId\": \"a\", \"n\": 1}, {\"userId\": \"a\"}]"
            + " | must be what the reducer makes of its items",
        "counter | \"1\" | must be a value that the channel takes",
        "counter | null | must be a value that the channel takes",
        "merge | [] | must be a value that the channel takes"
      })
  void aDefaultIsWhatTheChannelCouldHaveComeTo(String reducer, String given, String problem) {
    assertThat(faults("{\"c\": {\"reducer\": \"%s\", \"default\": %s}}".formatted(reducer, given)))
        .containsExactly(new Fault("/channels/c/default", problem));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"reducer\": \"replace\", \"default\": null}",
        "{\"reducer\": \"counter\", \"default\": -1.50}",
        "{\"reducer\": \"merge\", \"default\": {\"b\": 1, \"a\": []}}",
        "{\"reducer\": \"votes\", \"default\": [{\"userId\": \"a\"}, {\"userId\": \"b\"}]}",
        "{\"reducer\": \"append\", \"default\": [], \"ttlMs\": 5}"
      })
  void aSoundDefaultIsTaken(String channel) {
    Object given = Json.parseObject(channel).get("default");

    assertThat(channels("{\"c\": %s}".formatted(channel)).get("c").initial()).isEqualTo(given);
  }

  @Test
  void aDefaultFitsTheSchemaAndTheBounds() {
    assertThat(
            faults(
                "{\"c\": {\"reducer\": \"append\", \"schema\": {\"type\": \"string\"}, \"default\": [1]}}"))
        .extracting(Fault::pointer)
        .containsExactly("/channels/c/default");
    assertThat(faults("{\"c\": {\"reducer\": \"append\", \"maxSize\": 1, \"default\": [1, 2]}}"))
        .extracting(Fault::pointer)
        .containsExactly("/channels/c/default");
    assertThat(
            faults(
                "{\"c\": {\"reducer\": \"append\", \"default\": %s}}"
                    .formatted(IntStream.range(0, 101).boxed().toList())))
        .containsExactly(new Fault("/channels/c/default", "must hold at most 100 items"));
  }

  @Test
  void aFaultOfASchemaHasItsPlace() {
    assertThat(
            faults(
                "{\"a/b\": {\"reducer\": \"append\", \"schema\": {\"properties\": {\"x\": 1}}}}"))
        .extracting(Fault::pointer)
        .containsExactly("/channels/a~1b/schema/properties/x");
  }

  @Test
  void namesAndNumbersAreBounded() {
    assertThat(faults("{\"\": {\"reducer\": \"append\"}}"))
        .containsExactly(new Fault("/channels/", "must have a name of 1 to 256 characters"));
    assertThat(faults("{\"%s\": {\"reducer\": \"append\"}}".formatted("x".repeat(257)))).hasSize(1);
    Map<String, Object> many = new HashMap<>();
    IntStream.range(0, 101).forEach(i -> many.put("c" + i, Map.of("reducer", "append")));
    assertThat(faults(Json.write(many)))
        .containsExactly(new Fault("/channels", "must hold at most 100 channels"));
  }

  @Test
  void theNameOfAChannelIsItsOwn() {
    assertThat(
            faults(
                definition(
                        "{\"c\": {\"reducer\": \"append\"}}",
                        node(
                            "a",
                            "core.identity",
                            "{\"outputMapping\": {\"c\": \"x\", \"d\": \"x\"}}"))
                    .replace(
                        "\"variables\": []",
                        "\"variables\": [{\"name\": \"c\", \"type\": \"string\"}]"),
                true))
        .containsExactly(
            new Fault("/variables/0/name", "must not be the name of a channel"),
            new Fault("/nodes/0/config/outputMapping/c", "must not be the name of a channel"));
  }

  @Test
  void aWritingNodeTellsOfAChannelThatIsNotDeclared() {
    ChannelDefinition channel =
        parse(
                definition(
                    "{}",
                    writer("a", "\"reducer\": \"append\", \"ttlMs\": 9"),
                    writer("b", "\"reducer\": \"append\", \"ttlMs\": 9.0")))
            .channels()
            .get("c");

    assertThat(channel).isEqualTo(ChannelDefinition.implied("c", Reducer.APPEND, 9L));
    assertThat(parse(definition("{}", writer("a", "\"ttlMs\": 0"))).channels())
        .containsEntry("c", ChannelDefinition.implied("c", Reducer.REPLACE, null));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"reducer\": \"append\" | \"reducer\": \"votes\" | reducer | must be that of /nodes/0/config",
        "\"reducer\": \"append\" | \"value\": 2 | reducer | must be that of /nodes/0/config",
        "\"reducer\": \"append\", \"ttlMs\": 5 | \"reducer\": \"append\" | ttlMs"
            + " | must be that of /nodes/0/config"
      })
  void writingNodesAgree(String one, String other, String member, String problem) {
    assertThat(faults(definition("{}", writer("a", one), writer("b", other)), true))
        .containsExactly(new Fault("/nodes/1/config/" + member, problem));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"value\": 1 | `` | ``",
        "\"reducer\": \"append\", \"ttlMs\": 5 | `` | ``",
        "\"reducer\": \"votes\" | reducer | must be that of /channels/c",
        "\"ttlMs\": 6 | ttlMs | must be that of /channels/c",
        "\"ttlMs\": 0 | ttlMs | must be that of /channels/c",
        "\"ttlMs\": -1 | ttlMs | must be an integer from 0 to 31536000000",
        "\"ttlMs\": 1e999 | ttlMs | must be an integer from 0 to 31536000000",
        "\"reducer\": \"vendor.a.b\" | reducer | must be a reducer of this host",
        "\"reducer\": null | reducer | must be a reducer of this host",
        "\"other/one\": 1 | other~1one | is not executed by this host"
      })
  void whatANodeSaysOfADeclaredChannelIsTrue(String config, String member, String problem) {
    // Beyond what is read from a request, and still no more than a fault.
    String text = config.replace("1e999", "1e99");
    List<Fault> faults =
        faults(
            definition("{\"c\": {\"reducer\": \"append\", \"ttlMs\": 5}}", writer("a", text)),
            false);

    if (member.isEmpty()) {
      assertThat(faults).isEmpty();
    } else {
      assertThat(faults).containsExactly(new Fault("/nodes/0/config/" + member, problem));
    }
  }

  @Test
  void whatANodeSaysMustBeExecutable() {
    assertThat(
            faults(definition("{}", writer("a", "\"reducer\": \"message\", \"ttlMs\": 5")), true))
        .containsExactly(
            new Fault(
                "/nodes/0/config/ttlMs", "with the reducer message is not executed by this host"));
    for (String name : List.of("1", "\"\"", "\"%s\"".formatted("x".repeat(257)))) {
      assertThat(
              faults(
                  definition(
                      "{}",
                      node("a", "core.channelWrite", "{\"channelName\": %s}".formatted(name))),
                  true))
          .containsExactly(
              new Fault("/nodes/0/config/channelName", "must be a string of 1 to 256 characters"));
    }
  }

  @Test
  void sayingAMessageTwiceNeedsAChannelForIt() {
    String node = node("a", "core.identity", "{\"emitDuplicateMessageId\": true}");
    String fault = "needs a channel messages with the reducer message";

    assertThat(faults(definition("{\"messages\": {\"reducer\": \"message\"}}", node), false))
        .isEmpty();
    for (String channels : List.of("{}", "{\"messages\": {\"reducer\": \"append\"}}")) {
      assertThat(faults(definition(channels, node), true))
          .containsExactly(new Fault("/nodes/0/config/emitDuplicateMessageId", fault));
    }
    assertThat(
            faults(
                definition("{}", node("a", "core.identity", "{\"emitDuplicateMessageId\": 1}")),
                true))
        .containsExactly(
            new Fault("/nodes/0/config/emitDuplicateMessageId", "must be true or false"));
  }

  private static Map<String, ChannelDefinition> channels(String channels) {
    return parse(definition(channels, node("a", "core.identity", "{}"))).channels();
  }

  private static List<Fault> faults(String channels) {
    return faults(definition(channels, node("a", "core.identity", "{}")), true);
  }

  private static List<Fault> faults(String definition, boolean certain) {
    InvalidWorkflowException refusal =
        catchThrowableOfType(InvalidWorkflowException.class, () -> parse(definition));
    assertThat(certain && refusal == null).as("taken: %s", definition).isFalse();
    return refusal == null ? List.of() : refusal.faults();
  }

  private static WorkflowDefinition parse(String definition) {
    Map<String, NodeExecutor> types =
        Map.of("core.identity", new IdentityNode(), "core.channelWrite", new ChannelWriteNode());
    return new WorkflowParser(types).parse(Json.parse(definition));
  }

  private static String definition(String channels, String... nodes) {
    return """
        {"id": "w", "name": "W", "version": "1", "nodes": [%s], "edges": [], "triggers": [],
         "variables": [], "metadata": {}, "settings": {}, "channels": %s}
        """
        .formatted(String.join(",", nodes), channels);
  }

  private static String writer(String id, String config) {
    return node(id, "core.channelWrite", "{\"channelName\": \"c\", %s}".formatted(config));
  }

  private static String node(String id, String typeId, String config) {
    return """
        {"id": "%s", "typeId": "%s", "name": "n", "position": {"x": 0, "y": 0}, "config": %s,
         "inputs": {}}
        """
        .formatted(id, typeId, config);
  }
}
