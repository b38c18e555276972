package io.heddle.web;

import io.heddle.HeddleApplication;
import io.heddle.auth.ApiKeys;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicReference;
import javax.sql.DataSource;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringApplicationRunListener;
import org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.springframework.util.FileSystemUtils;

/**
 * The host as it is deployed, on a free port and a Postgres of its own. One is shared by all tests
 * of a JVM that take a parameter of this type through {@link Shared}.
 */
public final class TestHost implements AutoCloseable {

  /** The credentials of every test host. */
  public enum Key {
    ACME("acme", "*", ""),
    /** Another key of the same holder. */
    ACME_SECOND("acme", "*", ""),
    /** Authenticates, and may do nothing. */
    POWERLESS("acme", "nothing:useful", ""),
    /** May look at runs, and no more. */
    READER("acme", "runs:read", ""),
    EXPIRED("acme", "*", "2020-01-01T00:00:00Z"),
    /** Of the group finance, with the role controller. */
    CONTROLLER("acme", "*", ""),
    /** May decide at gates of tests. */
    APPROVER("acme", "runs:create,runs:read", ""),
    /** Another key of the same holder. */
    APPROVER_AGAIN("acme", "runs:read", ""),
    /** Somebody else who may. */
    DEPUTY("acme", "runs:read", ""),
    /** May override gates of tests. */
    OWNER("acme", "runs:read", ""),
    /** For tests only. */
    TEST("acme", "*", ""),
    GLOBEX("globex", "*", ""),
    /** Has in another tenant what the approver has in this one. */
    GLOBEX_APPROVER("globex", "*", "");

    private final String tenant;

    private final String scopes;

    private final String expiresAt;

    Key(String tenant, String scopes, String expiresAt) {
      this.tenant = tenant;
      this.scopes = scopes;
      this.expiresAt = expiresAt;
    }

    public String tenant() {
      return tenant;
    }

    public String secret() {
      return "hk_secret_of_" + name().toLowerCase(Locale.ROOT);
    }

    public String principal() {
      return switch (this) {
        case CONTROLLER -> "acme-controller";
        case APPROVER, APPROVER_AGAIN, GLOBEX_APPROVER -> tenant + "-approver";
        case DEPUTY -> "acme-deputy";
        case OWNER -> "acme-owner";
        default -> tenant + "-operator";
      };
    }

    private String roles() {
      return switch (this) {
        case CONTROLLER -> "controller";
        case APPROVER, APPROVER_AGAIN, DEPUTY, GLOBEX_APPROVER -> "conformance-approver";
        case OWNER -> "conformance-owner";
        default -> "";
      };
    }

    private List<String> arguments() {
      String prefix = "--openwop.api-keys.%s.".formatted(name().toLowerCase(Locale.ROOT));
      List<String> arguments = new ArrayList<>();
      arguments.add(prefix + "sha256=" + ApiKeys.hashOf(secret()));
      arguments.add(prefix + "tenant=" + tenant);
      arguments.add(prefix + "principal=" + principal());
      if (this == CONTROLLER) {
        arguments.add(prefix + "groups=finance");
      }
      if (!roles().isEmpty()) {
        arguments.add(prefix + "roles=" + roles());
      }
      arguments.add(prefix + "scopes=" + scopes);
      arguments.add(prefix + "test=" + (this == TEST));
      if (!expiresAt.isEmpty()) {
        arguments.add(prefix + "expires-at=" + expiresAt);
      }
      return arguments;
    }
  }

  private final ConfigurableApplicationContext context;

  private final GateNode gate;

  private TestHost(ConfigurableApplicationContext context, GateNode gate) {
    this.context = context;
    this.gate = gate;
  }

  /** Starts a host; arguments given here win over those of every test host. */
  public static TestHost start(String... arguments) {
    List<String> all = new ArrayList<>();
    all.add("--server.port=0");
    all.add("--openwop.conformance.enabled=true");
    // Quiet streams are to show themselves, and their readers' absence, within a test.
    all.add("--openwop.stream.keepalive=100ms");
    // Nobody waits for the executors that a test leaves behind.
    all.add("--openwop.shutdown.grace=100ms");
    for (Key key : Key.values()) {
      all.addAll(key.arguments());
    }
    for (String argument : arguments) {
      // Spring would make a list of two values of one name.
      String name = argument.substring(0, argument.indexOf('=') + 1);
      all.removeIf(given -> given.startsWith(name));
      all.add(argument);
    }
    GateNode gate = new GateNode();
    AtomicReference<ConfigurableApplicationContext> started = new AtomicReference<>();
    SpringApplication.withHook(
        application ->
            new SpringApplicationRunListener() {

              @Override
              public void contextPrepared(ConfigurableApplicationContext context) {
                context.getBeanFactory().registerSingleton("gateNode", gate);
                started.set(context);
              }
            },
        () -> HeddleApplication.main(all.toArray(String[]::new)));
    return new TestHost(started.get(), gate);
  }

  public int port() {
    return ((WebServerApplicationContext) context).getWebServer().getPort();
  }

  /** Calls this host with a credential. */
  public Caller as(Key key) {
    return new Caller(port(), key.secret());
  }

  /** Calls this host without a credential. */
  public Caller anonymous() {
    return new Caller(port(), null);
  }

  public GateNode gate() {
    return gate;
  }

  public <T> T bean(Class<T> type) {
    return context.getBean(type);
  }

  public <T> T bean(String name, Class<T> type) {
    return context.getBean(name, type);
  }

  /** Reads and writes this host's database behind its back. */
  public JdbcClient database() {
    return JdbcClient.create(bean(DataSource.class));
  }

  /** How many runs are stored. */
  public long runs() {
    return database().sql("select count(*) from openwop.run").query(Long.class).single();
  }

  /** Creates an empty database beside this host's own and returns its JDBC URL. */
  public String createDatabase(String name) {
    database().sql("create database " + name).update();
    return databaseUrl().replaceFirst("/postgres(?=[?]|$)", "/" + name);
  }

  /** The JDBC URL of this host's database; the server asks for no password. */
  public String databaseUrl() {
    return bean(JdbcConnectionDetails.class).getJdbcUrl();
  }

  static JdbcClient database(String url) {
    return JdbcClient.create(new DriverManagerDataSource(url));
  }

  @Override
  public void close() {
    context.close();
  }

  /** Gives tests the host that they share; it ends with the last of them. */
  public static final class Shared implements ParameterResolver {

    private record Running(TestHost host, Path directory) implements AutoCloseable {

      static Running start() {
        try {
          Path directory = Files.createTempDirectory("heddle-test-host");
          return new Running(
              TestHost.start(
                  // Blank, lest a database of the environment be taken for a test's.
                  "--spring.datasource.url=", "--openwop.embedded-postgres.directory=" + directory),
              directory);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }

      @Override
      public void close() throws IOException {
        host.close();
        FileSystemUtils.deleteRecursively(directory);
      }
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
      return parameter.getParameter().getType() == TestHost.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
      return context
          .getRoot()
          .getStore(ExtensionContext.Namespace.GLOBAL)
          .computeIfAbsent(Running.class, type -> Running.start(), Running.class)
          .host();
    }
  }
}
