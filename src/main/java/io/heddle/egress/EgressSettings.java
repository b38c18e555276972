package io.heddle.egress;

import java.util.List;

/**
 * Where the host may call and how much it reads.
 *
 * @param allow names, {@code *.suffix} for the names below one, addresses and CIDR blocks; if there
 *     are any, nothing else may be called. Opens no address that is refused without it
 * @param deny the same; wins over everything
 * @param allowPrivate whether {@code http} and private and loopback addresses may be called. For
 *     tests and closed networks
 * @param maxResponseBytes bytes of a response's body that are read, at least 1
 */
public record EgressSettings(
    List<String> allow, List<String> deny, boolean allowPrivate, int maxResponseBytes) {

  public EgressSettings {
    allow = List.copyOf(allow);
    deny = List.copyOf(deny);
    if (maxResponseBytes < 1) {
      throw new IllegalArgumentException("At least one byte of a response's body must be read");
    }
  }
}
