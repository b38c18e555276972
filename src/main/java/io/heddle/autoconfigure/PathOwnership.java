package io.heddle.autoconfigure;

import java.util.function.Predicate;
import org.springframework.core.env.Environment;

/** Which paths of the web server belong to the protocol. */
final class PathOwnership {

  static final String WELL_KNOWN = "/.well-known/openwop";

  static final String ROOT = "/v1";

  private final Predicate<String> owned;

  private final String before;

  private PathOwnership(Predicate<String> owned, String before) {
    this.owned = owned;
    this.before = before;
  }

  /** Only the protocol's own paths; everything else is the application's. */
  static PathOwnership embedded(Environment environment) {
    return new PathOwnership(
        PathOwnership::isProtocol,
        prefix(environment, "server.servlet.context-path")
            + prefix(environment, "spring.mvc.servlet.path"));
  }

  /** Everything, on a server that serves nothing else. */
  static PathOwnership container() {
    return new PathOwnership(path -> true, "");
  }

  private static String prefix(Environment environment, String property) {
    return environment.getProperty(property, "").strip().replaceFirst("/$", "");
  }

  static boolean isHealth(String path) {
    return path.equals("/actuator/health") || path.startsWith("/actuator/health/");
  }

  /**
   * @param path as the dispatcher sees it, without what the application puts before all its paths
   */
  boolean isOwned(String path) {
    return owned.test(path);
  }

  /**
   * @param uri as it was asked for
   */
  boolean isOwnedUri(String uri) {
    return uri.startsWith(before) && owned.test(uri.substring(before.length()));
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
