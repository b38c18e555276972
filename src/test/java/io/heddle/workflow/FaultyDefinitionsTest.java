package io.heddle.workflow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.heddle.json.Json;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Each case changes one place of a sound definition and names what must come of it. */
class FaultyDefinitionsTest {

  private static final String ABSENT = "absent";

  private final WorkflowParser parser = new WorkflowParser(NodeTypes.all());

  @ParameterizedTest(name = "{0} = {1}")
  @MethodSource({"shapes", "references", "expressions", "configurableSchemas", "unsupported"})
  void isRefusedWithExactlyThisFault(String place, String json, String pointer, String problem) {
    Map<String, Object> document = changed(place, json);

    InvalidWorkflowException refusal =
        catchThrowableOfType(InvalidWorkflowException.class, () -> parser.parse(document));

    assertThat(refusal.faults()).containsExactly(new Fault(pointer, problem));
    assertThat(refusal).hasMessageContaining(pointer + " " + problem);
  }

  @ParameterizedTest(name = "{0} = {1}")
  @MethodSource
  void isTaken(String place, String json) {
    Map<String, Object> document = changed(place, json);

    assertThat(parser.parse(document).document()).isEqualTo(document);
  }

  private static Map<String, Object> changed(String place, String json) {
    Map<String, Object> document = Documents.full();
    if (json.equals(ABSENT)) {
      Documents.remove(document, place);
    } else {
      Documents.put(document, place, Json.parse(json));
    }
    return document;
  }

  static Stream<Arguments> shapes() {
    String unknown = "is not a known member";
    String string = "must be a string";
    String object = "must be an object";
    String array = "must be an array";
    String flag = "must be true or false";
    String required = "is required";
    String empty = "must not be empty";
    String dateTime =
        "must match ^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])[Tt]"
            + "([01]\\d|2[0-3]):[0-5]\\d:([0-5]\\d|60)"
            + "(\\.\\d+)?([Zz]|[+-]([01]\\d|2[0-3]):[0-5]\\d)$";
    return Stream.of(
        at("/id", "\"\"", empty),
        at("/id", "null", string),
        at("/id", "7", string),
        at("/id", "\"Upper\"", "must match ^[a-z][a-z0-9_-]*$"),
        at("/id", "\"line\\n\"", "must match ^[a-z][a-z0-9_-]*$"),
        at("/id", quoted("a", 129), "must be at most 128 characters long"),
        at("/name", "\"\"", empty),
        at("/name", quoted("a", 257), "must be at most 256 characters long"),
        at("/version", "1", string),
        at("/description", "[]", string),
        at("/isActive", "\"true\"", flag),
        at("/status", "\"paused\"", "must be one of active, inactive, draft, archived"),
        at("/slug", "\"-a\"", "must match ^[a-z0-9][a-z0-9_-]*$"),
        at("/onError", "{}", unknown),
        at("/a~1b~0c", "1", unknown),
        at("/metadata", ABSENT, required),
        at("/settings", "[]", object),
        at("/createdAt", "\"yesterday\"", dateTime),
        at("/metadata/createdAt", "\"2026-13-01T00:00:00Z\"", dateTime),
        at("/metadata/tags", "\"a\"", array),
        at("/metadata/tags/0", "\"\"", empty),
        at(
            "/metadata/complianceConfig/maskingMode",
            "\"none\"",
            "must be one of mask, omit, hash, passthrough"),
        at("/settings/timeout", "-1", "must be at least 0"),
        at("/settings/timeout", "1.5", "must be an integer"),
        at("/settings/timeout", "\"60000\"", "must be an integer"),
        at("/settings/timeout", "3155760000001", "must be at most 3155760000000"),
        at("/settings/timeout", "1e300", "must be at most 3155760000000"),
        at("/settings/maxLoopbackIterations", "0", "must be at least 1"),
        at("/settings/logLevel", "\"loud\"", "must be one of debug, info, warn, error"),
        at("/nodes/1/position", ABSENT, required),
        at("/nodes/1/position/x", ABSENT, required),
        at("/nodes/1/position/y", "\"0\"", "must be a number"),
        at("/nodes/1/name", "\"\"", empty),
        at("/nodes/1/config", "[]", object),
        at("/nodes/1/config", ABSENT, required),
        at("/nodes/1/inputs", "[]", object),
        at("/nodes/1/settings", "1", object),
        at("/nodes/1/outputRole", "\"main\"", "must be one of primary, secondary"),
        at("/nodes/1/disabled", "null", flag),
        at("/nodes/1/retries", "3", unknown),
        at("/nodes/0/outputSensitivity/fixed", "1", flag),
        at("/nodes/0/inputs/fixed", "1", object),
        at("/nodes/0/inputs/fixed", "{}", "/nodes/0/inputs/fixed/type", required),
        at(
            "/nodes/0/inputs/fixed/type",
            "\"constant\"",
            "must be one of connection, expression, static, variable"),
        at("/nodes/0/inputs/fixed/value", ABSENT, required),
        at("/nodes/0/inputs/fixed/optional", "true", unknown),
        at("/nodes/0/inputs/declared/variableName", ABSENT, required),
        at("/nodes/0/inputs/declared/optional", "1", flag),
        at("/nodes/1/inputs/from/outputKey", "\"\"", empty),
        at("/nodes/1/inputs/from/expression", "\"x\"", unknown),
        at("/nodes/-", node("a b"), "/nodes/3/id", "must match ^[A-Za-z0-9._~:-]+$"),
        at("/nodes/-", node("a".repeat(129)), "/nodes/3/id", "must be at most 128 characters long"),
        at("/nodes/-", "null", "/nodes/3", object),
        at("/edges/0/id", ABSENT, required),
        at("/edges/0/id", quoted("a", 129), "must be at most 128 characters long"),
        at("/edges/0/label", "1", string),
        at(
            "/edges/0/triggerRule",
            "\"all\"",
            "must be one of all_success, any_success, all_complete, none_failed, any_failed"),
        at("/edges/0/weight", "1", unknown),
        at("/edges/1", "\"first->third\"", object),
        at(
            "/triggers/0/type",
            "\"cron\"",
            "must be one of manual, schedule, webhook, event, artifact, canvas, envelope, command,"
                + " chat-message, channel-write"),
        at("/triggers/0/id", quoted("a", 129), "must be at most 128 characters long"),
        at("/triggers/0/config", "null", object),
        at("/triggers/0/cron", "\"* * * * *\"", unknown),
        at(
            "/variables/1/type",
            "\"integer\"",
            "must be one of string, number, boolean, object, array"),
        at("/variables/1/name", quoted("a", 129), "must be at most 128 characters long"),
        at("/variables/1/required", "\"yes\"", flag),
        at("/variables/1/default", "1", unknown),
        at("/groups/0/size/height", ABSENT, required),
        at("/groups/0/nodeIds/0", "1", string),
        at("/groups/0/icon", "1", unknown),
        at("/acceptsInheritedArtifacts", "{}", array),
        at("/defaults/temperature", "1", unknown));
  }

  static Stream<Arguments> references() {
    String node = "is not a node of this workflow";
    return Stream.of(
        at("/nodes/-", node("third"), "/nodes/3/id", "must differ from the id of /nodes/2"),
        at("/edges/2/id", "\"e1\"", "must differ from the id of /edges/0"),
        at("/triggers/1/id", "\"t1\"", "must differ from the id of /triggers/0"),
        at("/variables/1/name", "\"text\"", "must differ from the name of /variables/0"),
        at(
            "/groups/-",
            "{\"id\":\"g\",\"name\":\"G\",\"nodeIds\":[],\"position\":{\"x\":0,\"y\":0},"
                + "\"size\":{\"width\":1,\"height\":1}}",
            "/groups/1/id",
            "must differ from the id of /groups/0"),
        at("/edges/0/sourceNodeId", "\"nobody\"", node),
        at("/edges/0/targetNodeId", "\"nobody\"", node),
        at("/groups/0/nodeIds/0", "\"nobody\"", node),
        at("/triggers/0/nodeId", "\"nobody\"", node),
        at("/nodes/1/inputs/from/nodeId", "\"nobody\"", node),
        at("/nodes/1/inputs/from/nodeId", "\"second\"", "must not be the node itself"),
        at(
            "/nodes/0/inputs/declared/variableName",
            "\"nothing\"",
            "is not a variable of this workflow"),
        at(
            "/nodes/0/inputs/maybe/optional",
            "false",
            "/nodes/0/inputs/maybe/variableName",
            "is not a variable of this workflow"),
        at("/nodes/2/typeId", "\"core.unheard\"", "is not a node type of this host"),
        // The second node is disabled and checked all the same.
        at("/nodes/1/typeId", "\"core.unheard\"", "is not a node type of this host"),
        at("/nodes/1/config/ms", "\"5\"", "must be an integer"),
        at("/nodes/1/config/a~1b", "1", "must not be there"),
        at(
            "/nodes/1/config",
            "{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1}",
            "must hold at most 5 members"),
        at("/variables/0/defaultValue", "1", "must be a string"),
        at("/variables/1/defaultValue", "\"1\"", "must be a number"),
        at("/variables/2/defaultValue", "0", "must be true or false"),
        at("/variables/3/defaultValue", "[]", "must be an object"),
        at("/variables/4/defaultValue", "{}", "must be an array"),
        at("/variables/5/defaultValue", "null", "must be a string"));
  }

  static Stream<Arguments> expressions() {
    String place = "/nodes/0/inputs/fixed";
    String pointer = place + "/expression";
    return Stream.of(
        at(place, expression(""), pointer, "must not be empty"),
        at(place, expression("1 +"), pointer, "does not parse as an expression (line 1, column 4)"),
        at(
            place,
            expression("variables.a + secrets.b"),
            pointer,
            "uses a name that is not known here (line 1, column 15)"),
        at(
            place,
            expression("output.a"),
            pointer,
            "uses a name that is not known here (line 1, column 1)"),
        at(place, expression("(".repeat(200)), pointer, "must not be nested deeper than 64 levels"),
        at(
            place,
            expression("1".repeat(5_000)),
            pointer,
            "must be at most 4096 characters of an expression"));
  }

  static Stream<Arguments> configurableSchemas() {
    String schema = "/configurableSchema";
    return Stream.of(
        at(schema, "[]", "must be an object"),
        at(schema, "{\"minimum\":\"1\"}", schema + "/minimum", "must be a number"),
        at(
            schema,
            "{\"properties\":{\"a/b\":{\"pattern\":\"(\"}}}",
            schema + "/properties/a~1b/pattern",
            "is not a regular expression of the RE2 syntax"),
        at(
            schema,
            "{\"$ref\":\"https://example.org/schema.json\"}",
            schema + "/$ref",
            "must be a JSON pointer within the schema, like #/$defs/name"),
        at(
            schema,
            "{\"$schema\":\"http://json-schema.org/draft-07/schema#\"}",
            schema + "/$schema",
            "must be https://json-schema.org/draft/2020-12/schema"),
        at(
            schema,
            "{\"title\":%s}".formatted(quoted("a", 70_000)),
            schema,
            "must be at most 65536 characters long"));
  }

  private static String expression(String text) {
    return "{\"type\":\"expression\",\"expression\":\"%s\"}".formatted(text);
  }

  private static String channel(String members) {
    return "{\"reducer\":%s}".formatted(members);
  }

  static Stream<Arguments> unsupported() {
    String refusal = "is not executed by this host";
    return Stream.of(
        at("/isActive", "false", "false " + refusal),
        at("/status", "\"inactive\"", "other than active " + refusal),
        at("/status", "\"draft\"", "other than active " + refusal),
        at("/status", "\"archived\"", "other than active " + refusal),
        at(
            "/channels/a",
            channel("\"vendor.acme.dedupe\""),
            "/channels/a/reducer",
            "of a vendor " + refusal),
        at(
            "/channels/a",
            channel("\"replace\",\"sensitive\":true"),
            "/channels/a/sensitive",
            "true " + refusal),
        at(
            "/channels/a",
            channel("\"replace\",\"options\":{\"x\":1}"),
            "/channels/a/options",
            refusal),
        at(
            "/channels/a",
            channel("\"counter\",\"ttlMs\":5"),
            "/channels/a/ttlMs",
            "with the reducer counter " + refusal),
        at(
            "/channels/a",
            channel("\"message\",\"ttlMs\":5"),
            "/channels/a/ttlMs",
            "with the reducer message " + refusal),
        at(
            "/channels/a",
            channel("\"replace\",\"maxSize\":5"),
            "/channels/a/maxSize",
            "with the reducer replace " + refusal),
        at(
            "/channels/a",
            channel("\"append\",\"ttlMs\":5,\"default\":[1]"),
            "/channels/a/default",
            "with a ttlMs " + refusal),
        at("/defaults/promptRefs", "{\"system\":\"prompt:writer@1.2.0\"}", refusal),
        at("/defaults/promptRefs", "{\"user\":{\"templateId\":\"writer\"}}", refusal),
        at("/acceptsInheritedArtifacts/-", "{}", "/acceptsInheritedArtifacts", refusal),
        at("/metadata/complianceClass", "\"pii\"", "other than public " + refusal),
        at(
            "/nodes/0/agent",
            "{\"agentId\":\"host:a\",\"memoryRef\":\"m\"}",
            "/nodes/0/agent/memoryRef",
            refusal),
        at("/nodes/0/credentialsRef", "\"c\"", refusal),
        at("/nodes/0/envelopeContract", "{}", refusal),
        at("/nodes/0/artifactType", "\"a\"", refusal),
        at("/metadata/complianceConfig/maskingMode", "\"hash\"", "other than mask " + refusal),
        at("/edges/0/sourceOutput", "\"other\"", "other than output " + refusal),
        at("/edges/0/targetInput", "\"\"", "other than input " + refusal),
        at(
            "/triggers/1/enabled",
            ABSENT,
            "/triggers/1/type",
            "other than manual, when enabled, " + refusal));
  }

  static Stream<Arguments> isTaken() {
    return Stream.of(
        at("/id", quoted("a", 128), ""),
        at("/settings/timeout", "1000.0", ""),
        at("/settings/timeout", "3155760000000", ""),
        at("/settings/maxRetries", "0.0", ""),
        at("/settings/maxRetries", "3", ""),
        at("/edges/-", "{\"id\":\"e4\",\"sourceNodeId\":\"third\",\"targetNodeId\":\"first\"}", ""),
        at("/settings", "{}", ""),
        at("/metadata", "{}", ""),
        at("/metadata/createdAt", "\"2016-12-31t23:59:60.25z\"", ""),
        at("/isActive", ABSENT, ""),
        at("/status", ABSENT, ""),
        at("/triggers", "[]", ""),
        at("/groups", "[]", ""),
        at("/nodes/0/groupId", "\"elsewhere\"", ""),
        at("/nodes/0/outputSensitivity", "{}", ""),
        at("/nodes/0/outputSensitivity/fixed", "true", ""),
        at("/nodes/0/outputSensitivity/other", "true", ""),
        at("/variables/0/sensitive", "true", ""),
        at("/nodes/0/inputs/fixed/value", "{\"type\":\"expression\",\"expression\":\"x\"}", ""),
        at("/nodes/0/inputs/fixed", expression("variables.count > 1 ? inputs.a : [1]"), ""),
        at("/configurableSchema", "{}", ""),
        at("/configurableSchema", "{\"type\":\"object\",\"properties\":{\"a\":true}}", ""),
        at("/edges/0/triggerRule", ABSENT, ""),
        at("/variables/1/defaultValue", "12345678901234567890", ""));
  }

  private static Arguments at(String place, String json, String problem) {
    return at(place, json, place, problem);
  }

  private static Arguments at(String place, String json, String pointer, String problem) {
    return Arguments.of(place, json, pointer, problem);
  }

  private static String quoted(String text, int times) {
    return '"' + text.repeat(times) + '"';
  }

  private static String node(String id) {
    return """
        {"id":"%s","typeId":"core.noop","name":"N","position":{"x":0,"y":0},"config":{},"inputs":{}}
        """
        .formatted(id);
  }
}
