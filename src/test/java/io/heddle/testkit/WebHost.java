package io.heddle.testkit;

import io.heddle.HeddleApplication;
import io.heddle.auth.ApiKeys;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.test.context.ContextConfiguration;

/**
 * The host as it runs as a server: a real port, a real Postgres in a directory of its own, and the
 * keys that {@link WebCaller} has. Test classes share one.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@SpringBootTest(
    classes = HeddleApplication.class,
    webEnvironment = WebEnvironment.RANDOM_PORT,
    properties = {
      "spring.config.name=openwop-host",
      "openwop.conformance.enabled=true",
      "openwop.claim.poll=100ms",
      "openwop.shutdown.grace=100ms"
    })
@ContextConfiguration(initializers = WebHost.Surroundings.class)
public @interface WebHost {

  /** What only a running test knows. */
  final class Surroundings
      implements ApplicationContextInitializer<ConfigurableApplicationContext> {

    @Override
    public void initialize(ConfigurableApplicationContext context) {
      TestPropertyValues properties =
          TestPropertyValues.of("openwop.embedded-postgres.directory=" + directory());
      for (Key key : Key.values()) {
        String prefix =
            "openwop.api-keys." + key.name().toLowerCase(Locale.ROOT).replace('_', '-') + ".";
        properties =
            properties.and(
                prefix + "sha256=" + ApiKeys.hashOf(key.secret()),
                prefix + "tenant=" + key.tenant(),
                prefix + "principal=" + key.principal(),
                prefix + "scopes=" + key.scopes(),
                prefix + "test=" + key.test());
      }
      properties.applyTo(context);
    }

    private static Path directory() {
      try {
        Path hosts = Files.createDirectories(Path.of("target", "web-hosts"));
        Path directory = Files.createTempDirectory(hosts, "host");
        // Unpacking the programs takes longer than everything else at the start.
        Path programs = Files.createDirectories(hosts.resolve("programs"));
        Files.createSymbolicLink(directory.resolve("programs"), programs.toAbsolutePath());
        return directory;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** Who may call. */
  enum Key {
    /** Production, with all rights. */
    OPERATOR("acme", "*", false),
    /** Another holder in the same tenant. */
    COLLEAGUE("acme", "*", false),
    /** For tests, with all rights. */
    TESTER("acme", "*", true),
    /** Another tenant, with all rights there. */
    STRANGER("globex", "*", false),
    /** Reads runs and nothing else. */
    READER("acme", "runs:read", false),
    /** Creates runs and nothing else. */
    CREATOR("acme", "runs:create", false);

    private final String tenant;

    private final String scopes;

    private final boolean test;

    Key(String tenant, String scopes, boolean test) {
      this.tenant = tenant;
      this.scopes = scopes;
      this.test = test;
    }

    String secret() {
      return "a-key-for-tests-only-of-" + name();
    }

    String tenant() {
      return tenant;
    }

    String principal() {
      return "principal-" + ordinal();
    }

    String scopes() {
      return scopes;
    }

    boolean test() {
      return test;
    }
  }
}
