package io.heddle.workflow;

import static io.heddle.workflow.Shape.anything;
import static io.heddle.workflow.Shape.byType;
import static io.heddle.workflow.Shape.closed;
import static io.heddle.workflow.Shape.flag;
import static io.heddle.workflow.Shape.integer;
import static io.heddle.workflow.Shape.list;
import static io.heddle.workflow.Shape.mapOf;
import static io.heddle.workflow.Shape.number;
import static io.heddle.workflow.Shape.oneOf;
import static io.heddle.workflow.Shape.open;
import static io.heddle.workflow.Shape.optional;
import static io.heddle.workflow.Shape.required;
import static io.heddle.workflow.Shape.set;
import static io.heddle.workflow.Shape.text;
import static io.heddle.workflow.Shape.textOr;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The shape of a workflow definition as the protocol closes it, with the limits of this host. Says
 * nothing about what the members mean or whether they can be executed.
 */
final class DefinitionShape {

  static final int MOST_NODES = 1_000;

  static final int MOST_EDGES = 5_000;

  static final int MOST_VARIABLES = 500;

  /** A hundred years: any later instant would leave the range of the database's timestamps. */
  static final long LONGEST_TIMEOUT_MS = 3_155_760_000_000L;

  static final List<String> STATUSES = List.of("active", "inactive", "draft", "archived");

  static final List<String> MASKING_MODES = List.of("mask", "omit", "hash", "passthrough");

  static final List<String> COMPLIANCE_CLASSES =
      List.of("public", "pii", "phi", "pci", "regulated");

  static final List<String> CONDITION_TYPES =
      List.of("expression", "equals", "notEquals", "contains", "regex");

  static final List<String> TRIGGER_TYPES =
      List.of(
          "manual",
          "schedule",
          "webhook",
          "event",
          "artifact",
          "canvas",
          "envelope",
          "command",
          "chat-message",
          "channel-write");

  private static final int ANY_LENGTH = Integer.MAX_VALUE;

  private static final int LONGEST_ID = 128;

  private static final Shape NAMED = text(1, ANY_LENGTH);

  private static final Shape ID = text(1, LONGEST_ID);

  /** How long one call of a node's executor may take, in milliseconds; 0 is as good as absent. */
  static final String NODE_TIMEOUT = "timeoutMs";

  private static final Shape OBJECT = open();

  private static final Shape DATE_TIME =
      text(
          0,
          ANY_LENGTH,
          "\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])[Tt]([01]\\d|2[0-3]):[0-5]\\d:([0-5]\\d|60)"
              + "(\\.\\d+)?([Zz]|[+-]([01]\\d|2[0-3]):[0-5]\\d)");

  private static final Shape POSITION = open(required("x", number()), required("y", number()));

  private static final Shape PORT =
      byType(
          Map.of(
              "static",
              closed(required("type", text()), required("value", anything())),
              "expression",
              closed(required("type", text()), required("expression", NAMED)),
              "connection",
              closed(
                  required("type", text()),
                  required("nodeId", NAMED),
                  required("outputKey", NAMED),
                  optional("optional", flag())),
              "variable",
              closed(
                  required("type", text()),
                  required("variableName", NAMED),
                  optional("optional", flag()))));

  private static final Shape AGENT_MEMBERS =
      closed(
          required("agentId", text(3, 256)),
          optional("name", text(0, 256)),
          optional(
              "modelClass",
              oneOf(
                  List.of(
                      "reasoning",
                      "tool-using",
                      "chat",
                      "code",
                      "vision",
                      "multimodal",
                      "embedding",
                      "classification",
                      "retrieval"))),
          optional("memoryRef", text(1, 256)),
          optional("version", text(0, 64)),
          optional("channel", text(1, 64)),
          optional("sourceManifestId", text(0, 256)));

  private static final Shape AGENT =
      (value, place, faults) -> {
        AGENT_MEMBERS.check(value, place, faults);
        Element agent = Element.of(value, place);
        if (agent != null && agent.has("version") && agent.has("channel")) {
          faults.add(place, "must not have both version and channel");
        }
      };

  private static final Shape NODE =
      closed(
          required("id", text(1, LONGEST_ID, "[A-Za-z0-9._~:-]+")),
          required("typeId", text(1, ANY_LENGTH, "[a-z][a-zA-Z0-9._-]*")),
          required("name", NAMED),
          required("position", POSITION),
          required("config", OBJECT),
          required("inputs", mapOf(PORT)),
          optional("credentialsRef", text()),
          // Free, but for the one word that this host gives a meaning.
          optional("settings", open(optional(NODE_TIMEOUT, integer(0, Long.MAX_VALUE)))),
          optional("outputRole", oneOf(List.of("primary", "secondary"))),
          optional("disabled", flag()),
          optional("notes", text()),
          optional("groupId", text()),
          optional("agent", AGENT),
          optional("envelopeContract", OBJECT),
          optional("artifactType", text()),
          optional("cardType", text()),
          optional("outputSensitivity", mapOf(flag())));

  private static final Shape CONDITION =
      closed(
          optional("type", oneOf(CONDITION_TYPES)),
          optional("left", text()),
          optional("right", anything()),
          optional("expression", text()));

  private static final Shape EDGE =
      closed(
          required("id", ID),
          required("sourceNodeId", NAMED),
          optional("sourceOutput", text()),
          required("targetNodeId", NAMED),
          optional("targetInput", text()),
          optional("condition", CONDITION),
          optional("label", text()),
          optional("triggerRule", oneOf(words(TriggerRule.values()))));

  private static final Shape TRIGGER =
      closed(
          required("id", ID),
          required("type", oneOf(TRIGGER_TYPES)),
          optional("name", text()),
          optional("description", text()),
          optional("config", OBJECT),
          optional("enabled", flag()),
          optional("nodeId", text()),
          optional("eventType", text()));

  private static final Shape VARIABLE =
      closed(
          required("name", ID),
          required("type", oneOf(words(VariableDefinition.Type.values()))),
          optional("description", text()),
          optional("required", flag()),
          optional("defaultValue", anything()),
          optional("sensitive", flag()));

  private static final Shape GROUP =
      closed(
          required("id", NAMED),
          required("name", NAMED),
          optional("color", text()),
          optional("collapsed", flag()),
          required("nodeIds", list(text())),
          required("position", POSITION),
          required("size", open(required("width", number()), required("height", number()))));

  private static final Shape CHANNEL_ACCESS_LIST =
      set(text(1, 256, "([a-z][a-zA-Z0-9._-]*\\*?|\\*)"), 256);

  private static final Shape CHANNEL =
      closed(
          required(
              "reducer",
              text(
                  0,
                  ANY_LENGTH,
                  "(replace|append|merge|counter|votes|feedback|message"
                      + "|vendor\\.[a-z][a-z0-9_-]*\\.[a-z][a-z0-9_-]*)")),
          optional("schema", OBJECT),
          optional("default", anything()),
          optional("maxSize", integer(1, Long.MAX_VALUE)),
          optional("ttlMs", integer(1, 31_536_000_000L)),
          optional("options", OBJECT),
          optional(
              "access",
              textOr(
                  oneOf(List.of("public", "private")),
                  closed(
                      optional("readers", CHANNEL_ACCESS_LIST),
                      optional("writers", CHANNEL_ACCESS_LIST)),
                  "must be public, private or an object")),
          optional("schemaVersion", integer(1, Long.MAX_VALUE)),
          optional("compatibleWith", set(integer(1, Long.MAX_VALUE), ANY_LENGTH)),
          optional("sensitive", flag()));

  private static final String TEMPLATE = "[a-z0-9][a-z0-9._-]{0,127}";

  private static final String SEMVER =
      "\\d+\\.\\d+\\.\\d+(?:-[0-9A-Za-z.-]+)?(?:\\+[0-9A-Za-z.-]+)?";

  private static final Shape PROMPT_REF =
      textOr(
          text(0, ANY_LENGTH, "prompt:" + TEMPLATE + "(@" + SEMVER + ")?"),
          closed(
              optional("libraryId", text(0, ANY_LENGTH, TEMPLATE)),
              required("templateId", text(0, ANY_LENGTH, TEMPLATE)),
              optional("version", text(0, ANY_LENGTH, SEMVER)),
              optional("variableOverrides", OBJECT)),
          "must be a string or an object");

  private static final Shape DEFAULTS =
      closed(
          optional(
              "promptRefs",
              closed(
                  optional("system", PROMPT_REF),
                  optional("user", PROMPT_REF),
                  optional("few-shot", PROMPT_REF),
                  optional("schema-hint", PROMPT_REF))));

  private static final Shape METADATA =
      open(
          optional("createdBy", text()),
          optional("createdAt", DATE_TIME),
          optional("updatedBy", text()),
          optional("updatedAt", DATE_TIME),
          optional("tags", list(text(1, 256), 0, 100)),
          optional("category", text()),
          optional("author", text()),
          optional("codeVersion", text()),
          optional("customizedAt", DATE_TIME),
          optional("customizedBy", text()),
          optional("forkedFrom", text()),
          optional("clonedFrom", text()),
          optional("clonedAt", DATE_TIME),
          optional("customProperties", OBJECT),
          optional("complianceClass", oneOf(COMPLIANCE_CLASSES)),
          optional("complianceConfig", open(optional("maskingMode", oneOf(MASKING_MODES)))));

  private static final Shape SETTINGS =
      open(
          optional("timeout", integer(0, LONGEST_TIMEOUT_MS)),
          optional("maxRetries", integer(0, Long.MAX_VALUE)),
          optional("logLevel", oneOf(List.of("debug", "info", "warn", "error"))),
          optional("maxLoopbackIterations", integer(1, Long.MAX_VALUE)));

  static final Shape DEFINITION =
      closed(
          required("id", text(1, LONGEST_ID, "[a-z][a-z0-9_-]*")),
          required("name", text(1, 256)),
          optional("description", text()),
          required("version", NAMED),
          optional("type", text()),
          optional("isActive", flag()),
          optional("status", oneOf(STATUSES)),
          optional("tenantId", text()),
          optional("scopeId", text()),
          optional("slug", text(0, ANY_LENGTH, "[a-z0-9][a-z0-9_-]*")),
          required("nodes", list(NODE, 1, MOST_NODES)),
          required("edges", list(EDGE, 0, MOST_EDGES)),
          required("triggers", list(TRIGGER)),
          required("variables", list(VARIABLE, 0, MOST_VARIABLES)),
          optional("groups", list(GROUP)),
          optional("channels", mapOf(CHANNEL)),
          optional("configurableSchema", OBJECT),
          optional("defaults", DEFAULTS),
          required("metadata", METADATA),
          required("settings", SETTINGS),
          optional("acceptsInheritedArtifacts", list(OBJECT)),
          optional("createdAt", DATE_TIME),
          optional("updatedAt", DATE_TIME));

  private DefinitionShape() {}

  private static List<String> words(Enum<?>[] constants) {
    return Arrays.stream(constants).map(it -> it.name().toLowerCase(Locale.ROOT)).toList();
  }
}
