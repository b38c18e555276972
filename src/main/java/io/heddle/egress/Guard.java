package io.heddle.egress;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Set;

/** Says which targets may be called, and at which addresses. Thread-safe. */
final class Guard {

  // Not even in a private network: who can call these gets the machine's credentials.
  private static final Set<String> METADATA =
      Set.of("metadata", "metadata.google.internal", "metadata.goog");

  private final Destinations allowed;

  private final Destinations denied;

  private final boolean allowPrivate;

  private final AddressResolver resolver;

  Guard(EgressSettings settings, AddressResolver resolver) {
    this.allowed = new Destinations("openwop.egress.allow", settings.allow());
    this.denied = new Destinations("openwop.egress.deny", settings.deny());
    this.allowPrivate = settings.allowPrivate();
    this.resolver = resolver;
  }

  /** What can be said without asking for addresses. */
  Target target(String url) {
    Target target = Target.of(url);
    if (!allowPrivate && !target.scheme().equals("https")) {
      throw new EgressRefusedException("scheme");
    }
    String host = target.host();
    if (denied.names(host)) {
      throw new EgressRefusedException("denied");
    }
    if (METADATA.contains(host)
        || !allowPrivate && (host.equals("localhost") || host.endsWith(".localhost"))) {
      throw new EgressRefusedException("host");
    }
    return target;
  }

  /**
   * The addresses of a target, all of which may be called.
   *
   * @throws UnknownHostException if it has none
   */
  List<InetAddress> addresses(Target target) throws UnknownHostException {
    InetAddress literal = target.literal();
    List<InetAddress> addresses =
        literal == null ? List.of(resolver.resolve(target.host())) : List.of(literal);
    if (addresses.isEmpty()) {
      throw new UnknownHostException();
    }
    if (addresses.stream().anyMatch(denied::holds)) {
      throw new EgressRefusedException("denied");
    }
    if (!addresses.stream().allMatch(this::isUsable)) {
      throw new EgressRefusedException("address");
    }
    if (!allowed.isEmpty()
        && !allowed.names(target.host())
        && !addresses.stream().allMatch(allowed::holds)) {
      throw new EgressRefusedException("not-allowed");
    }
    return addresses;
  }

  private boolean isUsable(InetAddress address) {
    return switch (Addresses.kind(address)) {
      case PUBLIC -> true;
      case PRIVATE -> allowPrivate;
      case UNUSABLE -> false;
    };
  }
}
