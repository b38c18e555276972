package io.heddle.interrupt;

import io.heddle.json.Json;
import io.heddle.run.Governance;
import io.heddle.run.NewEvent;
import io.heddle.workflow.Fault;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who may decide at a governance gate, and when enough have [interrupt-profiles.md
 * §core.openwop.governance.approvalGate]. One principal has one voice, whichever of its keys it
 * speaks by. One rejection rejects. Whatever cannot be told is denied. Pure.
 *
 * @param requiredRole a role that whoever decides must have; null for none
 * @param requiredScope a scope that they must have besides; null for none
 * @param quorum how many have to grant
 * @param overrideRole the role of those who may override; null for nobody
 * @param overrideBypassesQuorum whether one override releases the gate, rather than count as a
 *     grant
 */
public record GovernanceGate(
    String gateId,
    @Nullable String requiredRole,
    @Nullable String requiredScope,
    int quorum,
    @Nullable String overrideRole,
    boolean overrideBypassesQuorum) {

  private static final String VALUE = "/resumeValue";

  private static final String ACTION = "action";

  /** What somebody says at a gate. */
  public enum Word {
    GRANT,
    REJECT,
    OVERRIDE;

    String spelled() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** What an answer comes to. */
  public sealed interface Ruling {

    /** It is no answer to a gate. */
    record Malformed(List<Fault> faults) implements Ruling {}

    /** Others may say that. */
    record Denied(String reason) implements Ruling {}

    /**
     * It counts.
     *
     * @param eligibleBy what lets them say it
     * @param reason why they say it, as they put it; null only if it is no override
     */
    record Heard(Word word, String eligibleBy, @Nullable String reason) implements Ruling {}
  }

  /** How a gate stands. */
  public enum Verdict {
    WAITS,
    RELEASED,
    REJECTED
  }

  /** The gate that a question is put for. */
  public static GovernanceGate of(Map<String, @Nullable Object> data) {
    Object override = data.get(Governance.OVERRIDE);
    return new GovernanceGate(
        String.valueOf(data.get(Governance.GATE)),
        text(data.get(Governance.REQUIRED_ROLE)),
        text(data.get(Governance.REQUIRED_SCOPE)),
        data.get(Governance.QUORUM) instanceof Number number ? Math.max(1, number.intValue()) : 1,
        override instanceof Map<?, ?> members ? text(members.get(Governance.REQUIRED_ROLE)) : null,
        Boolean.TRUE.equals(data.get(Governance.OVERRIDE_BYPASSES_QUORUM)));
  }

  private static @Nullable String text(@Nullable Object value) {
    return value instanceof String text ? text : null;
  }

  /**
   * Judges an answer. Whoever may say nothing here hears nothing of what is wrong with it.
   *
   * @param faults what is wrong with the request that carries it
   * @param schema what it must fit besides, or null
   * @param roles the roles that this host knows; no other one is anybody's
   */
  public Ruling judge(
      @Nullable Object value,
      Answerer by,
      List<Fault> faults,
      @Nullable Map<String, @Nullable Object> schema,
      Set<String> roles) {
    Optional<String> decides = eligibility(by, roles);
    Optional<String> overrides =
        overrideRole != null && has(by, overrideRole, roles)
            ? Optional.of("override:" + overrideRole)
            : Optional.empty();
    if (decides.isEmpty() && overrides.isEmpty()) {
      return new Ruling.Denied(requirement());
    }
    List<Fault> all = new ArrayList<>(faults);
    if (all.isEmpty()) {
      all.addAll(faults(value));
    }
    if (all.isEmpty()) {
      all.addAll(AnswerRules.misfits(schema, value, VALUE));
    }
    if (!all.isEmpty()) {
      return new Ruling.Malformed(List.copyOf(all));
    }
    Map<String, @Nullable Object> given = Json.object(value, VALUE);
    Word word = word(given);
    Optional<String> eligible = word == Word.OVERRIDE ? overrides : decides;
    return eligible
        .<Ruling>map(why -> new Ruling.Heard(word, why, text(given.get(Governance.REASON))))
        .orElseGet(
            () ->
                new Ruling.Denied(
                    word == Word.OVERRIDE
                        ? "The principal may not override the gate"
                        : requirement()));
  }

  /**
   * How the gate stands after a word.
   *
   * @param granted how many principals have granted or overridden by now
   */
  public Verdict after(Word word, int granted) {
    if (word == Word.REJECT) {
      return Verdict.REJECTED;
    }
    return granted >= quorum || word == Word.OVERRIDE && overrideBypassesQuorum
        ? Verdict.RELEASED
        : Verdict.WAITS;
  }

  /**
   * What tells of a word.
   *
   * @param reason as it may be shown
   * @param granted how many principals have granted or overridden by now
   */
  public NewEvent told(
      String nodeId, Ruling.Heard heard, String by, @Nullable String reason, int granted) {
    return switch (heard.word()) {
      case GRANT -> Governance.granted(nodeId, gateId, by, granted, quorum);
      case REJECT -> Governance.rejected(nodeId, gateId, by, reason);
      case OVERRIDE -> Governance.overridden(nodeId, gateId, by, Objects.requireNonNull(reason));
    };
  }

  private Optional<String> eligibility(Answerer by, Set<String> roles) {
    List<String> reasons = new ArrayList<>();
    if (requiredRole != null) {
      if (!has(by, requiredRole, roles)) {
        return Optional.empty();
      }
      reasons.add("role:" + requiredRole);
    }
    if (requiredScope != null) {
      if (!by.scopes().contains(requiredScope)) {
        return Optional.empty();
      }
      reasons.add("scope:" + requiredScope);
    }
    // A gate that asks for nothing is no gate for everybody.
    return reasons.isEmpty() ? Optional.empty() : Optional.of(String.join(" ", reasons));
  }

  private static boolean has(Answerer by, String role, Set<String> roles) {
    return roles.contains(role) && by.roles().contains(role);
  }

  private String requirement() {
    return requiredRole != null && requiredScope != null
        ? "The principal lacks the role or the scope that the gate requires"
        : "The principal lacks the %s that the gate requires"
            .formatted(requiredRole == null ? "scope" : "role");
  }

  private static List<Fault> faults(@Nullable Object value) {
    if (!(value instanceof Map<?, ?>)) {
      return List.of(new Fault(VALUE, "must be an object"));
    }
    Map<String, @Nullable Object> given = Json.object(value, VALUE);
    List<Fault> faults = new ArrayList<>();
    Object decision = given.get(Governance.DECISION);
    Object action = decision(given.get(ACTION));
    boolean decided = given.containsKey(Governance.DECISION);
    if (decided && !Governance.GRANTED.equals(decision) && !Governance.REJECTED.equals(decision)) {
      faults.add(fault(Governance.DECISION, "must be one of granted, rejected"));
    } else if (!decided && !given.containsKey(ACTION)) {
      faults.add(fault(Governance.DECISION, "is required"));
    }
    if (given.containsKey(ACTION) && action == null) {
      faults.add(fault(ACTION, "must be one of accept, reject"));
    } else if (decided && action != null && !action.equals(decision)) {
      faults.add(fault(ACTION, "must not contradict the decision"));
    }
    Object override = given.get(Governance.OVERRIDE);
    if (given.containsKey(Governance.OVERRIDE) && !(override instanceof Boolean)) {
      faults.add(fault(Governance.OVERRIDE, "must be true or false"));
    } else if (Boolean.TRUE.equals(override)
        && !Governance.GRANTED.equals(decided ? decision : action)) {
      faults.add(fault(Governance.OVERRIDE, "must not be true unless the decision is granted"));
    }
    Object reason = given.get(Governance.REASON);
    if (given.containsKey(Governance.REASON)
        && !(reason instanceof String text
            && text.codePointCount(0, text.length()) <= Governance.LONGEST_REASON)) {
      faults.add(
          fault(
              Governance.REASON,
              "must be a string of at most %d characters".formatted(Governance.LONGEST_REASON)));
    } else if (Boolean.TRUE.equals(override)
        && !(reason instanceof String text && !text.isBlank())) {
      faults.add(fault(Governance.REASON, "is required for an override"));
    }
    return faults;
  }

  private static Fault fault(String member, String problem) {
    return new Fault(VALUE + "/" + member, problem);
  }

  private static Word word(Map<String, @Nullable Object> given) {
    Object decision =
        given.containsKey(Governance.DECISION)
            ? given.get(Governance.DECISION)
            : decision(given.get(ACTION));
    if (!Governance.GRANTED.equals(decision)) {
      return Word.REJECT;
    }
    return Boolean.TRUE.equals(given.get(Governance.OVERRIDE)) ? Word.OVERRIDE : Word.GRANT;
  }

  /** The decision that an action of approvals stands for; null if it stands for none. */
  private static @Nullable String decision(@Nullable Object action) {
    if ("accept".equals(action)) {
      return Governance.GRANTED;
    }
    return "reject".equals(action) ? Governance.REJECTED : null;
  }
}
