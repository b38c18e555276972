package io.heddle.egress;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Which addresses belong to somebody on the public network. */
final class Addresses {

  /** Who answers at an address. */
  enum Kind {
    /** Anybody's host on the public network. */
    PUBLIC,
    /** This machine, or one in a private network. */
    PRIVATE,
    /** Never a host to be called: link-local, multicast, documentation, tunnels, unassigned. */
    UNUSABLE
  }

  private static final List<Cidr> PRIVATE =
      Cidr.all(
          "10.0.0.0/8",
          "100.64.0.0/10",
          "127.0.0.0/8",
          "172.16.0.0/12",
          "192.168.0.0/16",
          "::1/128",
          "fc00::/7");

  private static final List<Cidr> UNUSABLE =
      Cidr.all(
          "0.0.0.0/8",
          "169.254.0.0/16",
          "192.0.0.0/24",
          "192.0.2.0/24",
          "192.88.99.0/24",
          "198.18.0.0/15",
          "198.51.100.0/24",
          "203.0.113.0/24",
          "224.0.0.0/4",
          "240.0.0.0/4",
          // With Teredo, whose addresses hold the one of an IPv4 host.
          "2001::/23",
          "2001:db8::/32",
          // 6to4, whose addresses do so as well.
          "2002::/16",
          "3fff::/20");

  /** All that is assigned of IPv6. What holds an IPv4 address in another way is outside. */
  private static final Cidr ASSIGNED = Cidr.of("2000::/3");

  private static final Cidr TRANSLATED = Cidr.of("64:ff9b::/96");

  private static final int V4_BYTES = 4;

  private Addresses() {}

  static Kind kind(InetAddress address) {
    byte[] bytes = effective(address);
    if (PRIVATE.stream().anyMatch(block -> block.contains(bytes))) {
      return Kind.PRIVATE;
    }
    if (UNUSABLE.stream().anyMatch(block -> block.contains(bytes))) {
      return Kind.UNUSABLE;
    }
    return bytes.length == V4_BYTES || ASSIGNED.contains(bytes) ? Kind.PUBLIC : Kind.UNUSABLE;
  }

  /** The address that is reached in the end: a network with NAT64 has others for IPv4 hosts. */
  static byte[] effective(InetAddress address) {
    byte[] bytes = address.getAddress();
    return TRANSLATED.contains(bytes)
        ? Arrays.copyOfRange(bytes, bytes.length - V4_BYTES, bytes.length)
        : bytes;
  }

  /**
   * The address that a text spells in full, without asking anybody.
   *
   * @return null if it spells none
   */
  static @Nullable InetAddress literal(String text) {
    if (!Cidr.LITERAL.matcher(text).matches()) {
      return null;
    }
    try {
      // With a colon it is an address or a fault, and never looked up.
      return InetAddress.getByName(text);
    } catch (UnknownHostException e) {
      return null;
    }
  }

  /** A block of addresses. */
  record Cidr(byte[] prefix, int bits) {

    // IPv4 in four decimal numbers without leading zeros; anything with a colon.
    private static final Pattern LITERAL =
        Pattern.compile(
            "(?:(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)(?:\\.(?!$)|$)){4}"
                + "|[0-9a-f]*:[0-9a-f.]*:[0-9a-f:.]*");

    /**
     * @param text an address, or one with a slash and a number of bits
     */
    static Cidr of(String text) {
      int slash = text.indexOf('/');
      InetAddress address = literal(slash < 0 ? text : text.substring(0, slash));
      if (address == null) {
        throw new IllegalArgumentException("Not an address or block: " + text);
      }
      byte[] bytes = address.getAddress();
      int width = bytes.length * Byte.SIZE;
      String bits = slash < 0 ? String.valueOf(width) : text.substring(slash + 1);
      if (!bits.matches("\\d{1,3}") || Integer.parseInt(bits) > width) {
        throw new IllegalArgumentException("Not an address or block: " + text);
      }
      return new Cidr(bytes, Integer.parseInt(bits));
    }

    static List<Cidr> all(String... texts) {
      return Arrays.stream(texts).map(Cidr::of).toList();
    }

    boolean contains(byte[] address) {
      if (address.length != prefix.length) {
        return false;
      }
      int whole = bits / Byte.SIZE;
      if (!Arrays.equals(address, 0, whole, prefix, 0, whole)) {
        return false;
      }
      int rest = bits % Byte.SIZE;
      return rest == 0 || (address[whole] ^ prefix[whole]) >> (Byte.SIZE - rest) == 0;
    }
  }
}
