package io.heddle.egress;

import io.heddle.egress.Addresses.Cidr;
import java.net.InetAddress;
import java.util.List;
import java.util.Locale;

/** Addresses that somebody listed, one by one or as blocks. Immutable. */
public final class AddressBlocks {

  private final List<Cidr> blocks;

  /**
   * @param blocks addresses and CIDR blocks, of IPv4 and IPv6
   * @throws IllegalArgumentException if one is neither
   */
  public AddressBlocks(List<String> blocks) {
    this.blocks = blocks.stream().map(block -> Cidr.of(block.toLowerCase(Locale.ROOT))).toList();
  }

  /**
   * Whether an address is among them. Nothing is looked up.
   *
   * @param address spelled in full; nothing else is among them
   */
  public boolean contain(String address) {
    InetAddress literal = Addresses.literal(address.toLowerCase(Locale.ROOT));
    return literal != null
        && blocks.stream().anyMatch(block -> block.contains(literal.getAddress()));
  }
}
