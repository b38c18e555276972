package io.heddle.egress;

import io.heddle.egress.Addresses.Cidr;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** An operator's list of destinations. */
final class Destinations {

  private final Set<String> names = new HashSet<>();

  private final List<String> suffixes = new ArrayList<>();

  private final List<Cidr> blocks = new ArrayList<>();

  /**
   * @param property where the list comes from, for the message about an entry that is none
   */
  Destinations(String property, List<String> entries) {
    for (String entry : entries) {
      add(property, entry.strip().toLowerCase(Locale.ROOT));
    }
  }

  private void add(String property, String entry) {
    if (entry.contains("/") || entry.contains(":") || Addresses.literal(entry) != null) {
      try {
        blocks.add(Cidr.of(entry));
      } catch (IllegalArgumentException e) {
        throw malformed(property, entry);
      }
    } else if (entry.startsWith("*.") && Target.isName(entry.substring(2))) {
      suffixes.add(entry.substring(1));
    } else if (Target.isName(entry)) {
      names.add(entry);
    } else {
      throw malformed(property, entry);
    }
  }

  private static IllegalArgumentException malformed(String property, String entry) {
    return new IllegalArgumentException(
        "%s must list host names, *.suffixes, addresses and CIDR blocks; '%s' is none"
            .formatted(property, entry));
  }

  boolean isEmpty() {
    return names.isEmpty() && suffixes.isEmpty() && blocks.isEmpty();
  }

  boolean names(String host) {
    return names.contains(host) || suffixes.stream().anyMatch(host::endsWith);
  }

  boolean holds(InetAddress address) {
    byte[] effective = Addresses.effective(address);
    return blocks.stream()
        .anyMatch(block -> block.contains(effective) || block.contains(address.getAddress()));
  }
}
