package io.heddle.autoconfigure;

/** Where the protocol's filters stand among each other and among those of an application. */
final class FilterOrder {

  // Ahead of Spring Security: what it refuses has to pass the envelope on its way out. And ahead of
  // the filters that read forms: nobody's body is read before its sender is known.
  static final int BEFORE_SECURITY = -10_100;

  static final int BEFORE_PROTOCOL = BEFORE_SECURITY - 10;

  /** Of the filter that sees what the protocol's filter refuses. */
  static final int AROUND_PROTOCOL = BEFORE_SECURITY - 5;

  static final int AFTER_PROTOCOL = BEFORE_SECURITY + 5;

  private FilterOrder() {}
}
