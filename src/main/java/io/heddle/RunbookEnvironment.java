package io.heddle;

import io.heddle.auth.ApiKeys;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.event.ApplicationEnvironmentPreparedEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;

/**
 * The environment names of the ecosystem's runbooks, as properties of this host. Only the container
 * listens to them; an embedding application keeps its own environment. A clear key becomes its hash
 * here and goes no further.
 */
final class RunbookEnvironment implements ApplicationListener<ApplicationEnvironmentPreparedEvent> {

  private static final String SOURCE = "openwopRunbookEnvironment";

  @Override
  public void onApplicationEvent(ApplicationEnvironmentPreparedEvent event) {
    event
        .getEnvironment()
        .getPropertySources()
        .addAfter(
            StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME,
            new MapPropertySource(SOURCE, properties(System.getenv())));
  }

  static Map<String, Object> properties(Map<String, String> environment) {
    Map<String, Object> properties = new LinkedHashMap<>();
    copy(environment, "OPENWOP_PORT", properties, "server.port", "");
    copy(environment, "OPENWOP_FIXTURES_DIR", properties, "openwop.conformance.fixtures-dir", "");
    copy(environment, "OPENWOP_RETRY_AFTER_SECONDS", properties, "openwop.retry-after", "s");
    copy(environment, "OPENWOP_CLAIM_TTL_MS", properties, "openwop.claim.ttl", "ms");
    copy(environment, "OPENWOP_MASTER_KEY", properties, "openwop.master-key", "");
    copy(environment, "OPENWOP_MASTER_KEY_PREVIOUS", properties, "openwop.master-key-previous", "");
    copy(environment, "OPENWOP_MASTER_KEY_NEXT", properties, "openwop.master-key-next", "");
    copy(environment, "OPENWOP_MAX_INFLIGHT", properties, "openwop.limits.max-in-flight", "");
    copy(
        environment,
        "OPENWOP_WEBHOOK_ALLOW_PRIVATE",
        properties,
        "openwop.egress.allow-private",
        "");
    copy(environment, "OTEL_EXPORTER_OTLP_ENDPOINT", properties, "openwop.telemetry.endpoint", "");
    copy(environment, "OTEL_EXPORTER_OTLP_PROTOCOL", properties, "openwop.telemetry.protocol", "");
    headers(environment.get("OTEL_EXPORTER_OTLP_HEADERS"), properties);
    key(environment, "OPENWOP_API_KEY", properties, "primary", "default");
    key(environment, "OPENWOP_SECONDARY_API_KEY", properties, "secondary", "default");
    key(environment, "OPENWOP_TENANT2_API_KEY", properties, "tenant2", "tenant2");
    String dsn = environment.get("OPENWOP_PG_DSN");
    if (dsn != null && !dsn.isBlank()) {
      dataSource(dsn.strip(), properties);
    }
    return properties;
  }

  private static void copy(
      Map<String, String> environment,
      String name,
      Map<String, Object> properties,
      String property,
      String unit) {
    String value = environment.get(name);
    if (value != null && !value.isBlank()) {
      properties.put(property, value.strip() + unit);
    }
  }

  /** Takes {@code name=value,name=value}, with values as in a URL. */
  private static void headers(@Nullable String headers, Map<String, Object> properties) {
    if (headers == null) {
      return;
    }
    for (String header : headers.split(",")) {
      int equals = header.indexOf('=');
      if (equals > 0) {
        properties.put(
            "openwop.telemetry.headers[" + header.substring(0, equals).strip() + "]",
            decode(header.substring(equals + 1).strip()));
      }
    }
  }

  private static void key(
      Map<String, String> environment,
      String name,
      Map<String, Object> properties,
      String keyId,
      String tenant) {
    String key = environment.get(name);
    if (key != null && !key.isBlank()) {
      String prefix = "openwop.api-keys." + keyId + ".";
      properties.put(prefix + "sha256", ApiKeys.hashOf(key.strip()));
      properties.put(prefix + "tenant", tenant);
      // One holder per tenant: its keys can replace each other.
      properties.put(prefix + "principal", tenant + "-operator");
    }
  }

  /** Takes {@code postgres://user:password@host:port/database?parameters} or a JDBC URL. */
  private static void dataSource(String dsn, Map<String, Object> properties) {
    if (dsn.startsWith("jdbc:")) {
      // The driver would take everything before the @ for the name of a host, and print it.
      if (dsn.replaceFirst("[?].*", "").contains("@")) {
        throw malformed();
      }
      properties.put("spring.datasource.url", dsn);
      return;
    }
    try {
      URI uri = new URI(dsn);
      if (uri.getScheme() == null
          || !uri.getScheme().matches("postgres(ql)?")
          || uri.getHost() == null) {
        throw malformed();
      }
      String port = uri.getPort() < 0 ? "" : ":" + uri.getPort();
      String path = uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
      String query = uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery();
      properties.put(
          "spring.datasource.url", "jdbc:postgresql://" + uri.getHost() + port + path + query);
      String user = uri.getRawUserInfo();
      if (user != null) {
        int colon = user.indexOf(':');
        properties.put(
            "spring.datasource.username", decode(colon < 0 ? user : user.substring(0, colon)));
        if (colon >= 0) {
          properties.put("spring.datasource.password", decode(user.substring(colon + 1)));
        }
      }
    } catch (URISyntaxException e) {
      throw malformed();
    }
  }

  private static String decode(String text) {
    return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
  }

  // Without the value, which holds a password.
  private static IllegalArgumentException malformed() {
    return new IllegalArgumentException(
        "OPENWOP_PG_DSN must have the form postgres://user:password@host:port/database");
  }
}
