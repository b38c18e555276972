package io.heddle.web.v1;

import io.heddle.engine.Limits;
import io.heddle.json.Json;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The capabilities document of major 1 [capabilities §Network-handshake shape]. Every value is read
 * from what enforces it; what is not here is not claimed.
 *
 * @param fixtures ids of conformance workflows this host runs; empty outside a test deployment
 * @param features what the host's optional parts claim for themselves
 */
public record V1Discovery(
    String version,
    int engineVersion,
    int eventLogSchemaVersion,
    Limits limits,
    int maxRequestBodyBytes,
    long idempotencyRetentionSeconds,
    Collection<String> fixtures,
    List<V1Capability> features) {

  /** The version of the protocol. */
  public static final String PROTOCOL = "1.0";

  private static final String CLARIFICATION = "clarification.request";

  /** The document with its families at the root and, for older readers, mirrored below. */
  Map<String, Object> document() {
    return document(features, true);
  }

  /** What of it somebody who holds these scopes can make use of; never more than anybody reads. */
  Map<String, Object> documentFor(Set<String> scopes) {
    return document(
        features.stream().filter(feature -> feature.isFor(scopes)).toList(),
        scopes.contains(V1PauseController.SCOPE));
  }

  private Map<String, Object> document(List<V1Capability> shown, boolean pauses) {
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("protocolVersion", PROTOCOL);
    root.put("protocolVersions", List.of(PROTOCOL));
    root.put("implementation", implementation(version));
    root.put("engineVersion", engineVersion);
    root.put("eventLogSchemaVersion", eventLogSchemaVersion);
    root.put("supportedTransports", List.of("rest"));
    // What tells that runs can ask people [profiles §openwop-interrupts].
    root.put("supportedEnvelopes", List.of(CLARIFICATION));
    root.put("schemaVersions", Map.of(CLARIFICATION, 1));
    root.put("limits", advertisedLimits());
    root.put("configurable", configurable());
    if (pauses) {
      root.put("runs", Json.members("pauseResume", pauseResume()));
    }
    root.put("subWorkflow", Json.members("supported", true, "inputMapping", true));
    root.put("idempotency", idempotency());
    Map<String, Map<String, Object>> families = families(shown);
    root.putAll(families.getOrDefault("", Map.of()));
    families.remove("");
    families.forEach((family, members) -> root.merge(family, members, V1Discovery::joined));
    SortedSet<String> sorted = new TreeSet<>(fixtures);
    if (!sorted.isEmpty()) {
      root.put("fixtures", sorted);
    }
    root.put("capabilities", new LinkedHashMap<>(root));
    return root;
  }

  private static Object joined(Object family, Object members) {
    Map<String, @Nullable Object> joined = new LinkedHashMap<>(Json.object(family, ""));
    joined.putAll(Json.object(members, ""));
    return joined;
  }

  /** Who this is. */
  public static Map<String, Object> implementation(String version) {
    Map<String, Object> implementation = new LinkedHashMap<>();
    implementation.put("name", "heddle");
    implementation.put("version", version);
    implementation.put("vendor", "heddle");
    return implementation;
  }

  private static Map<String, Object> pauseResume() {
    Map<String, Object> advertised = new LinkedHashMap<>();
    advertised.put("supported", true);
    advertised.put("drainPolicies", new TreeSet<>(V1PauseController.POLICIES.keySet()));
    return advertised;
  }

  private static Map<String, Map<String, Object>> families(List<V1Capability> features) {
    Map<String, Map<String, Object>> families = new TreeMap<>();
    for (V1Capability feature : features) {
      if (!feature.members().isEmpty()) {
        // Sorted, for the order of beans is no part of the document.
        Map<String, Object> family =
            families.computeIfAbsent(feature.family(), it -> new TreeMap<>());
        feature.members().forEach((name, member) -> family.merge(name, member, V1Discovery::both));
      }
    }
    return families;
  }

  /** Several beans may add to one list. */
  private static Object both(Object member, Object other) {
    if (member instanceof List<?> list && other instanceof List<?> more) {
      SortedSet<String> all = new TreeSet<>();
      list.forEach(item -> all.add(String.valueOf(item)));
      more.forEach(item -> all.add(String.valueOf(item)));
      return List.copyOf(all);
    }
    if (member instanceof Map<?, ?> && other instanceof Map<?, ?>) {
      Map<String, Object> all = new TreeMap<>(Json.object(member, ""));
      Json.object(other, "").forEach((name, it) -> all.merge(name, it, V1Discovery::both));
      return all;
    }
    return other;
  }

  private Map<String, Object> advertisedLimits() {
    Map<String, Object> advertised = new LinkedHashMap<>();
    // Required members; this host runs no model, so none of these rounds ever happens.
    advertised.put("clarificationRounds", 0);
    advertised.put("schemaRounds", 0);
    advertised.put("envelopesPerTurn", 0);
    advertised.put("maxNodeExecutions", limits.maxNodeExecutions());
    advertised.put("maxRunDurationMs", limits.maxRunDuration().toMillis());
    advertised.put("maxLoopIterations", limits.maxLoopIterations());
    advertised.put("maxRequestBodyBytes", maxRequestBodyBytes);
    return advertised;
  }

  private Map<String, Object> configurable() {
    Map<String, Object> advertised = new LinkedHashMap<>();
    advertised.put(
        Limits.RECURSION_LIMIT,
        Json.members("type", "number", "min", 1, "max", limits.maxNodeExecutions()));
    advertised.put(
        Limits.MAX_LOOP_ITERATIONS,
        Json.members("type", "number", "min", 1, "max", limits.maxLoopIterations()));
    advertised.put(
        Limits.RUN_TIMEOUT_MS,
        Json.members("type", "number", "min", 1, "max", limits.maxRunDuration().toMillis()));
    return advertised;
  }

  private Map<String, Object> idempotency() {
    Map<String, Object> advertised = new LinkedHashMap<>();
    advertised.put("supported", true);
    advertised.put("layer1RetentionSeconds", idempotencyRetentionSeconds);
    advertised.put("crossRegion", "single-region");
    return advertised;
  }
}
