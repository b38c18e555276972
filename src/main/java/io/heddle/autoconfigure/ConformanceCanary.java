package io.heddle.autoconfigure;

import io.heddle.spi.SecretSource;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The secret that conformance suites look for where it must not be. Every tenant has it, on
 * deployments for tests only; it opens nothing.
 */
final class ConformanceCanary implements SecretSource {

  private static final String ID = "openwop-conformance-canary-secret";

  private final String value;

  /**
   * @param agreed what a suite knows, or null for something that nobody knows
   */
  ConformanceCanary(@Nullable String agreed) {
    this.value = agreed == null || agreed.isBlank() ? random() : agreed;
  }

  @Override
  public Set<Scope> scopes() {
    return Set.of();
  }

  @Override
  public @Nullable String resolve(Request request) {
    return request.secretId().equals(ID) ? value : null;
  }

  private static String random() {
    byte[] bytes = new byte[24];
    new SecureRandom().nextBytes(bytes);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }
}
