package io.heddle.autoconfigure;

import io.heddle.auth.AuditedKeyEvents;
import io.heddle.auth.Grant;
import io.heddle.auth.KeySecrets;
import io.heddle.auth.KeyService;
import io.heddle.auth.KeyStore;
import io.heddle.auth.LoggedKeyEvents;
import io.heddle.auth.StoredKey;
import io.heddle.postgres.AuditSql;
import io.heddle.postgres.KeySql;
import io.heddle.postgres.SecretSql;
import io.heddle.tenancy.Tenant;
import java.io.PrintStream;
import java.sql.SQLException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.convert.DurationStyle;
import org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;
import org.springframework.util.StringUtils;

/**
 * {@code heddle keys …}: gives out and takes back API keys of a host's database without a host, for
 * whoever operates it. A new key goes to the standard output, everything else of it to the error
 * output.
 */
public final class KeysCommand {

  private static final String NAME = "keys";

  private static final String OPERATOR = "operator";

  private static final int PAGE = 200;

  private static final String USAGE =
      """
      heddle keys create --scopes <scope,…|*> [--tenant <tenant>] [--principal <id>]
                         [--groups <group,…>] [--roles <role,…>]
                         [--label <text>] [--expires-at <ISO 8601>] [--test]
      heddle keys list   [--tenant <tenant>]
      heddle keys rotate --key <key-id> [--tenant <tenant>] [--grace <24h>] [--expires-at <…>]
      heddle keys expire --key <key-id> --expires-at <ISO 8601> [--tenant <tenant>]
      heddle keys revoke --key <key-id> [--tenant <tenant>]

      The tenant is 'default' unless it is named. The database is that of OPENWOP_PG_DSN or
      --spring.datasource.url=…\
      """;

  private static final Map<String, Set<String>> OPTIONS =
      Map.of(
          "create",
          Set.of("tenant", "scopes", "principal", "groups", "roles", "label", "expires-at", "test"),
          "list",
          Set.of("tenant"),
          "rotate",
          Set.of("tenant", "key", "grace", "expires-at"),
          "expire",
          Set.of("tenant", "key", "expires-at"),
          "revoke",
          Set.of("tenant", "key"));

  /** What of the host it takes to reach the keys: its database, and no engine that would claim. */
  @Configuration(proxyBeanMethods = false)
  @ImportAutoConfiguration(DataSourceAutoConfiguration.class)
  @EnableConfigurationProperties(HeddleProperties.class)
  public static class Surroundings {}

  private static final class Misuse extends RuntimeException {

    private static final long serialVersionUID = 1L;

    Misuse(String message) {
      super(message, null, false, false);
    }
  }

  private final PrintStream out;

  private final PrintStream err;

  private KeysCommand(PrintStream out, PrintStream err) {
    this.out = out;
    this.err = err;
  }

  /** Whether somebody asks for this, and not for a host. */
  public static boolean isMeant(String[] arguments) {
    return arguments.length > 0 && arguments[0].equals(NAME);
  }

  /**
   * Does what is asked for.
   *
   * @param application has {@link Surroundings} as its source
   * @return 0, 1 if it did not work, or 2 if the arguments are not understood
   */
  public static int run(SpringApplication application, String[] arguments) {
    return new KeysCommand(System.out, System.err).execute(application, arguments);
  }

  private int execute(SpringApplication application, String[] arguments) {
    try {
      List<String> passedOn = new ArrayList<>();
      String verb = arguments.length > 1 ? arguments[1] : "";
      Map<String, String> options = options(verb, arguments, passedOn);
      // The standard output is for the key alone.
      passedOn.add("--logging.level.root=OFF");
      passedOn.add("--spring.datasource.hikari.minimum-idle=0");
      application.setLogStartupInfo(false);
      application.setWebApplicationType(WebApplicationType.NONE);
      application.setRegisterShutdownHook(false);
      // A database that is not configured is to be noticed here.
      application.setLazyInitialization(true);
      try (ConfigurableApplicationContext context =
          application.run(passedOn.toArray(String[]::new))) {
        if (!StringUtils.hasText(context.getEnvironment().getProperty("spring.datasource.url"))) {
          throw new Misuse("No database is configured.");
        }
        perform(verb, options, context);
      }
      return 0;
    } catch (Misuse e) {
      err.println(e.getMessage());
      err.println();
      err.println(USAGE);
      return 2;
    } catch (RuntimeException e) {
      // Other messages may quote the address of the database, and so its password.
      Throwable cause = NestedExceptionUtils.getMostSpecificCause(e);
      err.println(
          "It did not work: "
              + (cause instanceof SQLException || cause instanceof IllegalArgumentException
                  ? cause.getMessage()
                  : cause.getClass().getName()));
      return 1;
    }
  }

  private static Map<String, String> options(
      String verb, String[] arguments, List<String> passedOn) {
    Set<String> known = OPTIONS.get(verb);
    if (known == null) {
      throw new Misuse("There is no such command.");
    }
    Map<String, String> options = new LinkedHashMap<>();
    for (int i = 2; i < arguments.length; i++) {
      String argument = arguments[i];
      int equals = argument.indexOf('=');
      String name = equals < 0 ? argument : argument.substring(0, equals);
      if (argument.startsWith("--") && known.contains(name.substring(2))) {
        String value;
        if (equals >= 0) {
          value = argument.substring(equals + 1);
        } else if (name.equals("--test")) {
          value = "true";
        } else if (++i < arguments.length) {
          value = arguments[i];
        } else {
          throw new Misuse(name + " needs a value.");
        }
        options.put(name.substring(2), value);
      } else if (argument.startsWith("--") && name.contains(".") && equals > 0) {
        passedOn.add(argument);
      } else {
        // Without the argument, which could be a secret.
        throw new Misuse("An argument is not understood.");
      }
    }
    return options;
  }

  private void perform(
      String verb, Map<String, String> options, ConfigurableApplicationContext context) {
    DataSource dataSource = context.getBean(DataSource.class);
    HeddleProperties properties = context.getBean(HeddleProperties.class);
    new OpenwopSchema(dataSource);
    JdbcClient jdbc = JdbcClient.create(dataSource);
    TransactionTemplate transactions =
        new TransactionTemplate(new JdbcTransactionManager(dataSource));
    boolean audited =
        context.getEnvironment().getProperty("openwop.audit.enabled", Boolean.class, true);
    KeyService keys =
        new KeyService(
            new KeySql(jdbc),
            new KeySecrets(new SecretSql(jdbc), HostSecrets.vault(properties)),
            audited
                ? new AuditedKeyEvents(new AuditSql(jdbc, transactions))
                : new LoggedKeyEvents(),
            properties.keys().minGrace());
    Tenant tenant = new Tenant(options.getOrDefault("tenant", "default"));
    transactions.executeWithoutResult(status -> perform(verb, options, keys, tenant));
  }

  private void perform(String verb, Map<String, String> options, KeyService keys, Tenant tenant) {
    switch (verb) {
      case "create" ->
          show(
              keys.issue(grant(tenant, options), options.get("label"), OPERATOR, end(options))
                  .orElseThrow(() -> new Misuse("--expires-at must be in the future.")));
      case "list" -> list(keys, tenant);
      case "rotate" -> {
        Duration grace = grace(options, keys.shortestGrace());
        show(
            keys.replace(key(keys, tenant, options), grace, OPERATOR, end(options))
                .orElseThrow(
                    () -> new Misuse("The key is not active, or has been replaced already.")));
      }
      case "expire" ->
          describe(
              keys.expire(key(keys, tenant, options), required(end(options)), OPERATOR)
                  .orElseThrow(() -> new Misuse("--expires-at must not be later than it is now.")));
      default ->
          describe(
              keys.revoke(key(keys, tenant, options), OPERATOR)
                  .orElseThrow(() -> new Misuse("There is no such key.")));
    }
  }

  private static Grant grant(Tenant tenant, Map<String, String> options) {
    Set<String> scopes = names(options.get("scopes"));
    if (scopes.isEmpty()) {
      throw new Misuse("--scopes is required.");
    }
    return new Grant(
        tenant.id(),
        options.getOrDefault("principal", Grant.somebodyNew()),
        scopes,
        names(options.get("groups")),
        names(options.get("roles")),
        Boolean.parseBoolean(options.get("test")));
  }

  private static StoredKey key(KeyService keys, Tenant tenant, Map<String, String> options) {
    String keyId = options.get("key");
    if (keyId == null) {
      throw new Misuse("--key is required.");
    }
    return keys.find(tenant, keyId).orElseThrow(() -> new Misuse("There is no such key."));
  }

  private static Duration grace(Map<String, String> options, Duration shortest) {
    String given = options.get("grace");
    Duration grace;
    try {
      grace = given == null ? shortest : DurationStyle.detectAndParse(given);
    } catch (IllegalArgumentException e) {
      throw new Misuse("--grace must be a duration, for example 24h.");
    }
    if (grace.compareTo(shortest) < 0 || grace.compareTo(KeyService.LONGEST_GRACE) > 0) {
      throw new Misuse(
          "--grace must be from %s to %s.".formatted(shortest, KeyService.LONGEST_GRACE));
    }
    return grace;
  }

  private static @Nullable Instant end(Map<String, String> options) {
    String given = options.get("expires-at");
    try {
      return given == null ? null : Instant.parse(given);
    } catch (DateTimeException e) {
      throw new Misuse("--expires-at must be an ISO 8601 time with its zone.");
    }
  }

  private static Instant required(@Nullable Instant end) {
    if (end == null) {
      throw new Misuse("--expires-at is required.");
    }
    return end;
  }

  private static Set<String> names(@Nullable String list) {
    return list == null
        ? Set.of()
        : Arrays.stream(list.split(","))
            .map(String::strip)
            .filter(name -> !name.isEmpty())
            .collect(Collectors.toSet());
  }

  private void show(KeyService.Made made) {
    describe(made.stored());
    err.println("The key follows; it is shown this once.");
    out.println(made.key());
  }

  private void list(KeyService keys, Tenant tenant) {
    KeyStore.Position after = null;
    do {
      KeyStore.Page page = keys.page(tenant, after, PAGE);
      page.keys().forEach(key -> out.println(line(key)));
      after = page.next();
    } while (after != null);
  }

  private void describe(StoredKey key) {
    err.println(line(key));
  }

  private static String line(StoredKey key) {
    Grant grant = key.grant();
    return String.join(
        "\t",
        key.keyId(),
        key.state().name().toLowerCase(Locale.ROOT),
        grant.tenant(),
        grant.principal(),
        grant.scopes().stream().sorted().collect(Collectors.joining(",")),
        "created " + key.createdAt(),
        "expires " + (key.expiresAt() == null ? "never" : key.expiresAt()),
        "revoked " + (key.revokedAt() == null ? "never" : key.revokedAt()),
        "used " + (key.lastUsedAt() == null ? "never" : key.lastUsedAt()));
  }
}
