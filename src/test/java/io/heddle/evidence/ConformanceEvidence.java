package io.heddle.evidence;

import io.heddle.auth.ApiKeys;
import io.heddle.evidence.PublishedSuite.Inconclusive;
import io.heddle.evidence.PublishedSuite.Measured;
import io.heddle.evidence.PublishedSuite.Outcome;
import io.heddle.evidence.PublishedSuite.Unavailable;
import io.heddle.evidence.RecordedEvidence.Build;
import io.heddle.testkit.HostProcess;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.sql.DataSource;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.json.JsonMapper;

/**
 * Runs the published suite against the executable jar, on an empty database and with keys made for
 * the occasion, and records what it says. What was not measured is not written down.
 *
 * <p>Settings: {@code -Dconformance.suite=@openwop/openwop-conformance -Dconformance.minutes=60}.
 */
public final class ConformanceEvidence {

  private static final String UNKNOWN = "unknown";

  private static final SecureRandom RANDOM = new SecureRandom();

  /** A first start unpacks the server, on a disk that may be busy. */
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private ConformanceEvidence() {}

  /** What the host and the suite agree on, fresh for each measurement. */
  private static final class Agreement {

    final String key = secret();

    final String secondKey = secret();

    final String otherTenantsKey = secret();

    final String weakKey = secret();

    final String canary = secret();

    final int collector;

    Agreement() throws IOException {
      try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        collector = socket.getLocalPort();
      }
    }

    private static String secret() {
      byte[] bytes = new byte[24];
      RANDOM.nextBytes(bytes);
      return "hk_test_" + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    Map<String, String> environmentOfTheHost() {
      return Map.of(
          "OPENWOP_CANARY_SECRET_VALUE",
          canary,
          "OPENWOP_WEBHOOK_ALLOW_PRIVATE",
          "true",
          "OTEL_EXPORTER_OTLP_ENDPOINT",
          "http://127.0.0.1:" + collector);
    }

    String[] argumentsOfTheHost() {
      List<String> arguments = new ArrayList<>();
      arguments.add("--openwop.conformance.enabled=true");
      arguments.addAll(key("primary", key, "default", "*", true));
      arguments.addAll(key("secondary", secondKey, "default", "*", false));
      arguments.addAll(key("weak", weakKey, "default", "runs:read,runs:create", false));
      arguments.addAll(key("other", otherTenantsKey, "other", "*", false));
      return arguments.toArray(String[]::new);
    }

    private static List<String> key(
        String id, String secret, String tenant, String scopes, boolean test) {
      String prefix = "--openwop.api-keys." + id + ".";
      return List.of(
          prefix + "sha256=" + ApiKeys.hashOf(secret),
          prefix + "tenant=" + tenant,
          prefix + "principal=" + (id.equals("secondary") ? "primary" : id),
          prefix + "scopes=" + scopes,
          prefix + "test=" + test);
    }

    Map<String, String> variablesOfTheSuite(String target, String version) {
      Map<String, String> variables = new TreeMap<>();
      variables.put("OPENWOP_BASE_URL", target);
      variables.put("OPENWOP_API_KEY", key);
      variables.put("OPENWOP_IMPLEMENTATION_NAME", "heddle");
      variables.put("OPENWOP_IMPLEMENTATION_VERSION", version);
      variables.put("OPENWOP_TEST_SECONDARY_API_KEY", secondKey);
      variables.put("OPENWOP_TEST_TENANT_B_API_KEY", otherTenantsKey);
      variables.put("OPENWOP_TEST_LOW_SCOPE_KEY", weakKey);
      variables.put("OPENWOP_TEST_UNAUTHORIZED_API_KEY", weakKey);
      variables.put(
          "OPENWOP_TEST_FORCE_EXPIRE_URL", target + "/v1/host/heddle/test/runs/{runId}/expire");
      variables.put("OPENWOP_TEST_FORCE_EXPIRE_METHOD", "POST");
      variables.put("OPENWOP_CANARY_SECRET_VALUE", canary);
      variables.put("OPENWOP_WEBHOOK_ALLOW_PRIVATE", "true");
      variables.put("OPENWOP_OTEL_COLLECTOR", "true");
      variables.put("OPENWOP_OTEL_COLLECTOR_PORT", String.valueOf(collector));
      return variables;
    }
  }

  /**
   * @param arguments the executable jar, the document with the place for the result, a directory
   */
  public static void main(String[] arguments) throws Exception {
    Path jar = Path.of(arguments[0]);
    Path document = Path.of(arguments[1]);
    PublishedSuite suite =
        new PublishedSuite(
            System.getProperty("conformance.suite", SuiteReport.PACKAGE),
            Duration.ofMinutes(Integer.getInteger("conformance.minutes", 60)),
            Path.of(arguments[2]));
    Agreement agreement = new Agreement();
    Path data = Files.createTempDirectory("conformance");
    int exitCode;
    try (EmbeddedPostgres server =
            EmbeddedPostgres.builder()
                .setDataDirectory(data.resolve("postgres"))
                .setPGStartupWait(PATIENCE)
                .start();
        HostProcess host =
            HostProcess.start(
                jar,
                server.getPort(),
                data.resolve("host.log"),
                agreement.environmentOfTheHost(),
                agreement.argumentsOfTheHost())) {
      String target = "http://127.0.0.1:" + host.port();
      String version = version(target);
      Build build =
          new Build(
              commit(),
              version,
              Runtime.version().toString(),
              postgres(server.getPostgresDatabase()));
      exitCode =
          measure(
              suite,
              target,
              agreement.variablesOfTheSuite(target, version),
              System.getenv("PATH"),
              document,
              LocalDate.now(ZoneOffset.UTC),
              build);
    }
    System.exit(exitCode);
  }

  /**
   * Runs a suite and records its result, if it has one; otherwise the document stays as it is.
   *
   * @return 0, also where the suite cannot be had or says that something failed; 1 if it was run
   *     and came to nothing
   */
  static int measure(
      PublishedSuite suite,
      String target,
      Map<String, String> variables,
      String path,
      Path document,
      LocalDate date,
      Build build)
      throws IOException, InterruptedException {
    Outcome outcome = suite.run(target, variables, path);
    if (outcome instanceof Measured measured) {
      RecordedEvidence.record(
          document,
          measured.report(),
          date,
          suite.command("report.json"),
          variables.keySet().stream().sorted().toList(),
          build);
      say("The result is in %s: %s", document.getFileName(), measured.report().totals());
      return 0;
    }
    if (outcome instanceof Unavailable unavailable) {
      say(
          "NOT MEASURED: %s cannot be had here, for %s. %s stays as it was.",
          suite.name(), unavailable.why(), document.getFileName());
      return 0;
    }
    say(
        "NOT MEASURED: %s was run, and %s. %s stays as it was. What it said is in %s.",
        suite.name(),
        ((Inconclusive) outcome).why(),
        document.getFileName(),
        suite.directory().resolve("suite.log"));
    return 1;
  }

  private static void say(String format, Object... values) {
    System.out.println(format.formatted(values));
  }

  private static String version(String target) throws IOException, InterruptedException {
    String document =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(URI.create(target + "/.well-known/openwop")).build(),
                BodyHandlers.ofString())
            .body();
    return JsonMapper.shared().readTree(document).at("/implementation/version").asString();
  }

  private static String postgres(DataSource database) {
    return JdbcClient.create(database).sql("show server_version").query(String.class).single();
  }

  private static String commit() throws IOException, InterruptedException {
    String commit = git("rev-parse", "HEAD");
    return commit.equals(UNKNOWN) || git("status", "--porcelain", "--", "src", "pom.xml").isEmpty()
        ? commit
        : commit + " with changes";
  }

  private static String git(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("git"));
    command.addAll(List.of(arguments));
    try {
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return process.waitFor() == 0 ? said.strip() : UNKNOWN;
    } catch (IOException e) {
      return UNKNOWN;
    }
  }
}
