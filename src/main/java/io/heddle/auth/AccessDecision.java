package io.heddle.auth;

import io.heddle.spi.Principal;
import java.util.Optional;

/**
 * Whether somebody may do something [auth §Role-based authorization]. Whoever is not known, and
 * whoever has no scope of their own or of a role that this host knows, may not.
 *
 * @param principal the opaque id of who wants to
 * @param action the scope that permits it
 * @param reason why, without anything that was sent
 */
public record AccessDecision(String principal, String action, boolean allowed, String reason) {

  /**
   * Decides.
   *
   * @param scope what permits it
   * @param caller who wants to, with what their roles permit; see {@link Roles#apply}
   */
  public static AccessDecision of(Principal caller, String scope) {
    boolean allowed = caller.scopes().contains(scope);
    return new AccessDecision(
        caller.id(),
        scope,
        allowed,
        allowed
            ? "The principal has the scope, of its own or by a role"
            : "The principal lacks the scope, and has no role that permits it");
  }

  /** Decides about somebody who may not be known. */
  public static AccessDecision of(String id, Optional<Principal> known, String scope) {
    return known
        .map(caller -> of(caller, scope))
        .orElseGet(
            () -> new AccessDecision(id, scope, false, "The principal has no role that is known"));
  }
}
