package io.heddle;

import static java.nio.file.attribute.PosixFilePermission.OWNER_READ;
import static java.nio.file.attribute.PosixFilePermission.OWNER_WRITE;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.web.TestHost;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The server as a process of its own, which is how it meets its environment. */
@ExtendWith(TestHost.Shared.class)
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class StartUpTest {

  private static final Pattern STACK_FRAME = Pattern.compile("^\\s+at ", Pattern.MULTILINE);

  private static final Pattern KEY = Pattern.compile("hk_dev_[A-Za-z0-9_-]{32}");

  private static final Pattern PORT = Pattern.compile("Tomcat started on port (\\d+)");

  @TempDir private Path directory;

  @Test
  void aHostThatNobodyCouldCallSaysSoInASentenceAndExits(TestHost shared) throws Exception {
    String url = shared.createDatabase("of_a_host_without_keys");
    String dsn = url.replaceFirst("jdbc:postgresql://", "postgres://postgres@");
    try (Server server = new Server(Map.of("OPENWOP_PG_DSN", dsn, "OPENWOP_PORT", "0"))) {
      String output = server.output();

      assertThat(server.exitCode()).isNotZero();
      assertThat(output).doesNotContainPattern(STACK_FRAME);
      assertThat(output.lines())
          .containsOnlyOnce(
              "No API key is configured, so nobody could call this host.",
              "Set OPENWOP_API_KEY, or openwop.api-keys.<key-id>.sha256 to the SHA-256 of a key.");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "postgres://user:s3cret@ho st/db",
        "postgres://user:s3cret@host:port/db",
        "jdbc:postgresql://user:s3cret@localhost:1/db"
      })
  void aMalformedNameOfTheDatabaseDoesNotShowThePassword(String dsn) throws Exception {
    try (Server server =
        new Server(Map.of("OPENWOP_PG_DSN", dsn, "OPENWOP_API_KEY", "hk_x", "OPENWOP_PORT", "0"))) {
      String output = server.output();

      assertThat(server.exitCode()).isNotZero();
      assertThat(output).contains("OPENWOP_PG_DSN must have the form").doesNotContain("s3cret");
    }
  }

  @Test
  void theKeyOfAFirstTryOutIsKeptForItsOwnerAndShownOnce() throws Exception {
    // The port of the environment, for the built-in one may be taken.
    Map<String, String> environment = Map.of("OPENWOP_PORT", "0");
    String argument = "--openwop.embedded-postgres.directory=" + directory;
    String key;
    try (Server first = new Server(environment, argument)) {
      int port = first.awaitPort();
      Matcher shown = KEY.matcher(first.soFar());
      assertThat(shown.find()).isTrue();
      key = shown.group();
      assertThat(shown.find()).isFalse();
      assertThat(statusWith(key, port)).isEqualTo(404);
      assertThat(statusWith("hk_dev_x", port)).isEqualTo(401);
    }

    Path file = directory.resolve("api-key");
    assertThat(file).content().isEqualTo(key + "\n");
    assertThat(Files.getPosixFilePermissions(file)).containsOnly(OWNER_READ, OWNER_WRITE);

    try (Server second = new Server(environment, argument)) {
      int port = second.awaitPort();
      assertThat(second.soFar()).contains(file.toString()).doesNotContain("hk_dev_");
      assertThat(statusWith(key, port)).isEqualTo(404);
    }
  }

  private static int statusWith(String key, int port) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://localhost:%d/v1/runs/unknown".formatted(port)))
            .header("Authorization", "Bearer " + key)
            .build();
    return HttpClient.newHttpClient()
        .send(request, HttpResponse.BodyHandlers.discarding())
        .statusCode();
  }

  private static final class Server implements AutoCloseable {

    private final Process process;

    private final BufferedReader reader;

    private final StringBuilder read = new StringBuilder();

    Server(Map<String, String> environment, String... arguments) throws IOException {
      List<String> command = new ArrayList<>();
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      // Quick to start; how fast it would become does not matter here.
      command.add("-XX:TieredStopAtLevel=1");
      command.addAll(List.of("-cp", System.getProperty("java.class.path")));
      command.add(HeddleApplication.class.getName());
      command.addAll(List.of(arguments));
      ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
      builder.environment().keySet().removeIf(name -> name.matches("(OPENWOP|SPRING)_.*"));
      builder.environment().putAll(environment);
      process = builder.start();
      reader = process.inputReader();
    }

    /** Everything it says until it ends by itself. */
    String output() throws IOException {
      reader.lines().forEach(line -> read.append(line).append('\n'));
      return read.toString();
    }

    String soFar() {
      return read.toString();
    }

    int awaitPort() throws IOException {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        read.append(line).append('\n');
        Matcher port = PORT.matcher(line);
        if (port.find()) {
          return Integer.parseInt(port.group(1));
        }
      }
      throw new AssertionError("It ended: " + read);
    }

    int exitCode() throws InterruptedException {
      return process.waitFor();
    }

    @Override
    public void close() throws InterruptedException {
      // Not by force: its database is to stop with it.
      process.destroy();
      process.waitFor();
    }
  }
}
