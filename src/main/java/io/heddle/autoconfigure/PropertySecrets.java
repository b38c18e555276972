package io.heddle.autoconfigure;

import io.heddle.spi.SecretSource;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.core.env.Environment;

/**
 * Secrets of tenants in Spring's properties, and so in whatever an application has made a source of
 * properties: {@code openwop.secrets.tenants.<tenant>.<secret id>}. For the tenant whose key is in
 * the environment, too, also {@code OPENWOP_SECRET_<SECRET_ID>}. Read anew each time, so that
 * sources that change are heard.
 */
final class PropertySecrets implements SecretSource {

  private static final String PREFIX = "openwop.secrets.tenants.";

  private static final String VARIABLE = "OPENWOP_SECRET_";

  private static final String TENANT_OF_VARIABLES = "default";

  private final Environment environment;

  PropertySecrets(Environment environment) {
    this.environment = environment;
  }

  @Override
  public Set<Scope> scopes() {
    return Set.of(Scope.TENANT);
  }

  @Override
  public @Nullable String resolve(Request request) {
    // A tenant or an id with a dot in it would reach into another one's properties.
    if (request.tenantId().indexOf('.') < 0) {
      String secret =
          environment.getProperty(PREFIX + request.tenantId() + "." + request.secretId());
      if (secret != null) {
        return secret;
      }
    }
    return request.tenantId().equals(TENANT_OF_VARIABLES)
        ? environment.getProperty(
            VARIABLE + request.secretId().toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9]", "_"))
        : null;
  }
}
