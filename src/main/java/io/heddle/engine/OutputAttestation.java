package io.heddle.engine;

import io.heddle.json.CanonicalJson;
import io.heddle.json.Json;
import io.heddle.spi.Resumption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a parent wants to know of the outputs of a sub-workflow before they become its own [RFC
 * 0063]. Immutable.
 *
 * @param checksum whether their checksum is told
 * @param requiresApproval whether somebody has to accept them
 */
public record OutputAttestation(boolean checksum, boolean requiresApproval) {

  private static final String CHECKSUM = "checksum";

  private static final String ALGORITHM = "algorithm";

  private static final String REQUIRE_APPROVAL = "requireApproval";

  // The only one there is in this version of the protocol.
  private static final String SHA_256 = "sha256";

  /** What a node asks for by a configuration without faults; nothing if it has none. */
  public static OutputAttestation of(@Nullable Object config) {
    Map<?, ?> members = config instanceof Map<?, ?> given ? given : Map.of();
    return new OutputAttestation(
        Boolean.TRUE.equals(members.get(CHECKSUM)),
        Boolean.TRUE.equals(members.get(REQUIRE_APPROVAL)));
  }

  /** What is wrong with a configuration, by JSON pointers within it; empty if nothing is. */
  public static Map<String, String> faults(@Nullable Object config) {
    if (!(config instanceof Map<?, ?> members)) {
      return Map.of("", "must be an object");
    }
    Map<String, String> faults = new LinkedHashMap<>();
    members.forEach(
        (member, value) -> {
          String fault =
              switch (String.valueOf(member)) {
                case CHECKSUM, REQUIRE_APPROVAL ->
                    value instanceof Boolean ? null : "must be true or false";
                case ALGORITHM -> SHA_256.equals(value) ? null : "must be " + SHA_256;
                default -> "is not executed by this host";
              };
          if (fault != null) {
            faults.put(Json.pointer("", String.valueOf(member)), fault);
          }
        });
    return faults;
  }

  /** Whether the outputs are merged without further ado. */
  public boolean isNone() {
    return !checksum && !requiresApproval;
  }

  /**
   * What is told of outputs; empty if nothing is asked for. The same outputs give the same on every
   * host, for they are hashed in their canonical spelling.
   *
   * @throws IllegalArgumentException if the outputs have none
   */
  public Optional<Map<String, @Nullable Object>> attest(Map<String, @Nullable Object> outputs) {
    if (!checksum) {
      return Optional.empty();
    }
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(CanonicalJson.bytes(outputs));
      return Optional.of(
          Json.members(CHECKSUM, HexFormat.of().formatHex(digest), ALGORITHM, SHA_256));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * What may be merged; empty if nothing may. Where an approval is required, everything but an
   * acceptance is a denial.
   *
   * @param answer of whoever was asked; null if nobody has answered
   */
  public Optional<Map<String, @Nullable Object>> released(
      Map<String, @Nullable Object> outputs, @Nullable Resumption answer) {
    if (!requiresApproval) {
      return Optional.of(outputs);
    }
    if (answer == null || answer.timedOut() || !(answer.value() instanceof Map<?, ?> decision)) {
      return Optional.empty();
    }
    if ("accept".equals(decision.get("action"))) {
      return Optional.of(outputs);
    }
    return "edit-accept".equals(decision.get("action"))
            && decision.get("editedArtifactData") instanceof Map<?, ?> edited
        ? Optional.of(Json.object(edited, ""))
        : Optional.empty();
  }
}
