package io.heddle.web.v1;

import java.util.Map;
import java.util.Set;

/**
 * A family of the capabilities document that stands or falls with the bean that implements it: take
 * the bean away, and the claim is gone with it. Several beans may add members to one family.
 */
public interface V1Capability {

  /** The member of the document that holds the family; empty for the document itself. */
  String family();

  /** What this bean adds to the family; nothing is claimed if this is empty. */
  Map<String, Object> members();

  /**
   * Whether somebody who holds these scopes, and no others, can make use of it. More scopes never
   * make it less.
   */
  default boolean isFor(Set<String> scopes) {
    return true;
  }

  /** A claim that is a member of the document itself, and true. */
  static V1Capability flag(String name) {
    return of("", Map.of(name, true));
  }

  /** A claim that says no more than this, to anybody. */
  static V1Capability of(String family, Map<String, Object> members) {
    return of(family, members, "");
  }

  /**
   * A claim that says no more than this.
   *
   * @param scope who can make use of it; empty for anybody
   */
  static V1Capability of(String family, Map<String, Object> members, String scope) {
    record Claim(String family, Map<String, Object> members, String scope) implements V1Capability {

      @Override
      public boolean isFor(Set<String> scopes) {
        return scope.isEmpty() || scopes.contains(scope);
      }
    }
    return new Claim(family, members, scope);
  }
}
