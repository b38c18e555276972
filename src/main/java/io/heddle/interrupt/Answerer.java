package io.heddle.interrupt;

import io.heddle.spi.Principal;
import java.util.Set;

/**
 * Who answers a question.
 *
 * @param id the opaque id of the credential's holder
 * @param groups what the holder belongs to at this moment
 * @param roles what the holder is at this moment
 */
public record Answerer(String id, Set<String> groups, Set<String> roles) {

  /** Somebody of whom nothing else is known. */
  public static Answerer of(String id) {
    return new Answerer(id, Set.of(), Set.of());
  }

  public static Answerer of(Principal caller) {
    return new Answerer(caller.id(), caller.groups(), caller.roles());
  }
}
