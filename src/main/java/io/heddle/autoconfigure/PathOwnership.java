package io.heddle.autoconfigure;

import java.util.function.Predicate;

/** Which paths of the web server belong to the protocol. */
final class PathOwnership {

  static final String WELL_KNOWN = "/.well-known/openwop";

  static final String ROOT = "/v1";

  private final Predicate<String> owned;

  private PathOwnership(Predicate<String> owned) {
    this.owned = owned;
  }

  /** Only the protocol's own paths; everything else is the application's. */
  static PathOwnership embedded() {
    return new PathOwnership(PathOwnership::isProtocol);
  }

  /** Everything, on a server that serves nothing else. */
  static PathOwnership container() {
    return new PathOwnership(path -> true);
  }

  static boolean isHealth(String path) {
    return path.equals("/actuator/health") || path.startsWith("/actuator/health/");
  }

  boolean isOwned(String path) {
    return owned.test(path);
  }

  static boolean isPublic(String path) {
    return path.equals(WELL_KNOWN)
        || path.equals(ROOT + "/openapi.json")
        || path.equals(ROOT + "/host/heddle/webhook-keys")
        // The token in the path is the credential.
        || path.startsWith(ROOT + "/interrupts/")
        || isHealth(path);
  }

  /** Whether a path answers however busy the host is: what tells how it is and what it can. */
  static boolean isAlwaysServed(String path) {
    return isPublic(path) || path.startsWith("/actuator/");
  }

  static boolean isProtocol(String path) {
    return path.equals(WELL_KNOWN) || path.equals(ROOT) || path.startsWith(ROOT + "/");
  }
}
