package io.heddle.web.v1;

import java.util.Map;

/**
 * A family of the capabilities document that stands or falls with the bean that implements it: take
 * the bean away, and the claim is gone with it. Several beans may add members to one family.
 */
public interface V1Capability {

  /** The member of the document that holds the family; empty for the document itself. */
  String family();

  /** What this bean adds to the family; nothing is claimed if this is empty. */
  Map<String, Object> members();

  /** A claim that is a member of the document itself, and true. */
  static V1Capability flag(String name) {
    return of("", Map.of(name, true));
  }

  /** A claim that says no more than this. */
  static V1Capability of(String family, Map<String, Object> members) {
    record Claim(String family, Map<String, Object> members) implements V1Capability {}
    return new Claim(family, members);
  }
}
