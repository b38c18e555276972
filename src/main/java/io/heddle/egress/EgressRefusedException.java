package io.heddle.egress;

import java.io.Serial;
import java.util.Map;

/** A call that the host does not make. The message names no part of the URL. */
public final class EgressRefusedException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1L;

  private static final Map<String, String> TEXTS =
      Map.ofEntries(
          Map.entry("url", "the URL is malformed"),
          Map.entry("scheme", "the scheme must be https"),
          Map.entry("user-info", "the URL must not contain user information"),
          Map.entry("fragment", "the URL must not contain a fragment"),
          Map.entry("host", "the host is not one that can be called"),
          Map.entry("port", "the port is out of range"),
          Map.entry("address", "the host has an address that must not be called"),
          Map.entry("denied", "the operator denies this destination"),
          Map.entry("not-allowed", "the operator does not allow this destination"),
          Map.entry("unresolvable", "the host has no address"),
          Map.entry("policy", "a policy of this host refuses the call"),
          Map.entry("replay", "a replay calls nobody"),
          Map.entry("method", "the method is not one that can be sent"),
          Map.entry("header", "a header is not one that can be sent"));

  private final String reason;

  EgressRefusedException(String reason) {
    super("The call is refused: " + TEXTS.get(reason));
    this.reason = reason;
  }

  /**
   * Why: {@code url}, {@code scheme}, {@code user-info}, {@code fragment}, {@code host}, {@code
   * port}, {@code address}, {@code denied}, {@code not-allowed}, {@code unresolvable}, {@code
   * policy}, {@code replay}, {@code method} or {@code header}.
   */
  public String reason() {
    return reason;
  }
}
