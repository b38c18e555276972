package io.heddle.egress;

import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a URL names, read once: what is checked here is what is connected to, so that no two readers
 * of the URL can disagree.
 *
 * @param scheme {@code http} or {@code https}
 * @param host a name, or an address without brackets
 * @param literal the address that the host spells; null for a name
 * @param pathAndQuery at least a slash
 */
record Target(
    String scheme, String host, int port, @Nullable InetAddress literal, String pathAndQuery) {

  private static final int LONGEST_URL = 8192;

  private static final int LONGEST_NAME = 253;

  private static final int HIGHEST_PORT = 65_535;

  private static final Pattern NAME =
      Pattern.compile(
          "(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?");

  // Resolvers take such names for IPv4 addresses in other notations.
  private static final Pattern ENDS_IN_A_NUMBER = Pattern.compile("(?:.*\\.)?(?:\\d+|0x[0-9a-f]*)");

  /**
   * @throws EgressRefusedException if it is malformed or a disguise
   */
  static Target of(String url) {
    URI uri = parsed(url);
    String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
    if (!scheme.equals("https") && !scheme.equals("http")) {
      throw new EgressRefusedException("scheme");
    }
    String authority = uri.getRawAuthority();
    if (uri.isOpaque() || authority == null) {
      throw new EgressRefusedException("url");
    }
    if (authority.contains("@")) {
      throw new EgressRefusedException("user-info");
    }
    if (uri.getRawFragment() != null) {
      throw new EgressRefusedException("fragment");
    }
    String path = uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
    if (path.startsWith("//")) {
      throw new EgressRefusedException("url");
    }
    int end = authority.startsWith("[") ? authority.indexOf(']') + 1 : authority.indexOf(':');
    String host = (end < 0 ? authority : authority.substring(0, end)).toLowerCase(Locale.ROOT);
    String rest = end < 0 ? "" : authority.substring(end);
    InetAddress literal = literal(host);
    return new Target(
        scheme,
        literal == null ? host : literal.getHostAddress(),
        port(rest, scheme),
        literal,
        uri.getRawQuery() == null ? path : path + '?' + uri.getRawQuery());
  }

  boolean isDefaultPort() {
    return port == defaultPort(scheme);
  }

  static boolean isName(String host) {
    return host.length() <= LONGEST_NAME
        && NAME.matcher(host).matches()
        && !ENDS_IN_A_NUMBER.matcher(host).matches();
  }

  private static URI parsed(String url) {
    // Java's reader takes other letters than ASCII ones, and some of them become ASCII later on.
    if (url.length() > LONGEST_URL || !url.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
      throw new EgressRefusedException("url");
    }
    try {
      return new URI(url);
    } catch (URISyntaxException e) {
      throw new EgressRefusedException("url");
    }
  }

  private static @Nullable InetAddress literal(String host) {
    if (host.startsWith("[")) {
      InetAddress address = Addresses.literal(host.substring(1, Math.max(1, host.length() - 1)));
      // An IPv4 address in brackets is one in disguise.
      if (address == null || address.getAddress().length == 4) {
        throw new EgressRefusedException("host");
      }
      return address;
    }
    InetAddress address = Addresses.literal(host);
    if (address == null && !isName(host)) {
      throw new EgressRefusedException("host");
    }
    return address;
  }

  private static int port(String rest, String scheme) {
    if (rest.isEmpty() || rest.equals(":")) {
      return defaultPort(scheme);
    }
    if (!rest.matches(":\\d{1,5}")) {
      throw new EgressRefusedException("port");
    }
    int port = Integer.parseInt(rest.substring(1));
    if (port < 1 || port > HIGHEST_PORT) {
      throw new EgressRefusedException("port");
    }
    return port;
  }

  private static int defaultPort(String scheme) {
    return scheme.equals("https") ? 443 : 80;
  }
}
