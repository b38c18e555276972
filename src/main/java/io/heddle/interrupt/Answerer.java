package io.heddle.interrupt;

import io.heddle.spi.Principal;
import java.util.Set;

/**
 * Who answers a question.
 *
 * @param id the opaque id of the credential's holder
 * @param groups what the holder belongs to at this moment
 * @param roles what the holder is at this moment
 * @param scopes what the holder may do at this moment, by their own right or by their roles
 */
public record Answerer(String id, Set<String> groups, Set<String> roles, Set<String> scopes) {

  /** Somebody of whom nothing else is known. */
  public static Answerer of(String id) {
    return new Answerer(id, Set.of(), Set.of(), Set.of());
  }

  public static Answerer of(Principal caller) {
    return new Answerer(caller.id(), caller.groups(), caller.roles(), caller.scopes());
  }
}
