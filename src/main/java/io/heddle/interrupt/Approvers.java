package io.heddle.interrupt;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Who may decide, as a question names them [interrupt.md §Portable approver routing]: by id, by a
 * group, or by a role. Membership is looked at when somebody decides and never again.
 */
record Approvers(List<String> ids, List<String> groups, List<String> roles) {

  static Approvers of(Interrupt question) {
    return new Approvers(
        strings(question.data().get("approversList")),
        strings(question.data().get("approverGroupRefs")),
        strings(question.data().get("approverRoleRefs")));
  }

  /** Whether not everybody with the right to answer is one. */
  boolean areNamed() {
    return !ids.isEmpty() || !groups.isEmpty() || !roles.isEmpty();
  }

  /** What makes somebody one of them; empty if nothing does. */
  Optional<String> eligibility(Answerer by) {
    return Stream.of(
            ids.stream().filter(by.id()::equals).map(id -> "subject:" + id),
            groups.stream().filter(by.groups()::contains).map(group -> "group:" + group),
            roles.stream().filter(by.roles()::contains).map(role -> "role:" + role))
        .flatMap(found -> found)
        .findFirst();
  }

  private static List<String> strings(@Nullable Object value) {
    return value instanceof List<?> list ? list.stream().map(String::valueOf).toList() : List.of();
  }
}
