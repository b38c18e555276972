package io.heddle.interrupt;

import io.heddle.json.Json;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * When enough have spoken [interrupt-profiles.md §openwop-interrupt-quorum]. So many acceptances as
 * are required accept. One rejection rejects under {@code single-veto}; under {@code majority} it
 * takes more than half as many as are required to accept. A request for refinement sends the
 * artifact back at once, for whatever the others said was about another one.
 *
 * @param approvers who may vote; nobody named for anybody with the right to answer
 */
record Quorum(int required, boolean majority, Approvers approvers) {

  private static final String VOTER = "voter";

  private static final int LONGEST_VOTER = 256;

  /** The rules of an approval; empty if one decision of anybody decides. */
  static Optional<Quorum> of(Interrupt question) {
    int required =
        question.data().get("requiredApprovals") instanceof Number number ? number.intValue() : 1;
    Approvers approvers = Approvers.of(question);
    return required <= 1 && !approvers.areNamed()
        ? Optional.empty()
        : Optional.of(
            new Quorum(
                required, "majority".equals(question.data().get("rejectionPolicy")), approvers));
  }

  /**
   * Who votes; empty if this principal may not, or not in that name. Where approvers are named a
   * voter is a principal. Where they are not, callers say themselves for whom they speak, and both
   * are recorded.
   */
  Optional<Voter> voter(@Nullable Object value, Answerer by) {
    Object claimed = value instanceof Map<?, ?> members ? members.get(VOTER) : null;
    if (approvers.areNamed()) {
      return claimed == null || claimed.equals(by.id())
          ? approvers.eligibility(by).map(reason -> new Voter(by.id(), reason))
          : Optional.empty();
    }
    return Optional.of(
        claimed instanceof String name && !name.isEmpty() && name.length() <= LONGEST_VOTER
            ? new Voter(name, "")
            : new Voter(by.id(), ""));
  }

  /**
   * Somebody who votes.
   *
   * @param eligibleBy what made them one of those who decide; empty if anybody may
   */
  record Voter(String name, String eligibleBy) {}

  /** The action that the votes come to; empty if it takes more of them. */
  Optional<String> decision(Map<String, Integer> tally) {
    if (tally.containsKey("refine")) {
      return Optional.of("refine");
    }
    int rejections = tally.getOrDefault("reject", 0);
    if (majority ? 2 * rejections > required : rejections > 0) {
      return Optional.of("reject");
    }
    if (acceptances(tally) < required) {
      return Optional.empty();
    }
    return Optional.of(tally.containsKey("edit-accept") ? "edit-accept" : "accept");
  }

  /** How the votes stand, for the node that asked. */
  Map<String, @Nullable Object> progress(Map<String, Integer> tally) {
    return Json.members(
        "accepted",
        acceptances(tally),
        "rejected",
        tally.getOrDefault("reject", 0),
        "required",
        required);
  }

  /** Who decided, if several did. */
  String deciders(Map<String, Integer> tally) {
    return "quorum:%d-of-%d"
        .formatted(tally.values().stream().mapToInt(Integer::intValue).sum(), required);
  }

  private static int acceptances(Map<String, Integer> tally) {
    return tally.getOrDefault("accept", 0) + tally.getOrDefault("edit-accept", 0);
  }
}
