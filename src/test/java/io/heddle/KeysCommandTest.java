package io.heddle;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.web.TestHost;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Keys from the command line, in a process of its own beside the host. */
@ExtendWith(TestHost.Shared.class)
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class KeysCommandTest {

  @TempDir private Path directory;

  private final TestHost host;

  KeysCommandTest(TestHost host) {
    this.host = host;
  }

  private record Ended(int code, String out, String err) {}

  private Ended keys(String... arguments) throws Exception {
    return keysOf(
        host.databaseUrl().replaceFirst("jdbc:postgresql://", "postgres://postgres@"), arguments);
  }

  private Ended keysOf(String dsn, String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-XX:TieredStopAtLevel=1");
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(HeddleApplication.class.getName());
    command.add("keys");
    command.addAll(List.of(arguments));
    Path out = directory.resolve("out");
    Path err = directory.resolve("err");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
    builder.environment().keySet().removeIf(name -> name.matches("(OPENWOP|SPRING)_.*"));
    if (!dsn.isEmpty()) {
      builder.environment().put("OPENWOP_PG_DSN", dsn);
    }
    int code = builder.start().waitFor();
    return new Ended(
        code,
        Files.readString(out, StandardCharsets.UTF_8),
        Files.readString(err, StandardCharsets.UTF_8));
  }

  private int status(String key) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(
                URI.create("http://localhost:%d/v1/runs/unknown".formatted(host.port())))
            .header("Authorization", "Bearer " + key)
            .build();
    return HttpClient.newHttpClient()
        .send(request, HttpResponse.BodyHandlers.discarding())
        .statusCode();
  }

  @Test
  void aKeyIsCreatedListedReplacedAndRevoked() throws Exception {
    Ended created = keys("create", "--tenant", "initech", "--scopes=runs:read", "--label", "cli");

    assertThat(created.code()).as(created.err()).isZero();
    String key = created.out().strip();
    assertThat(key).matches("hk_live_[0-9a-f]{32}_[A-Za-z0-9_-]{43}");
    assertThat(created.err()).doesNotContain(key.substring(key.lastIndexOf('_')));
    assertThat(status(key)).isEqualTo(404);
    String keyId = key.split("_")[2];

    Ended listed = keys("list", "--tenant", "initech");
    assertThat(listed.out().lines()).singleElement().asString().startsWith(keyId + "\tactive\t");

    Ended foreign = keys("revoke", "--tenant", "acme", "--key", keyId);
    assertThat(foreign.code()).isEqualTo(2);
    assertThat(foreign.err()).startsWith("There is no such key.");

    Ended rotated = keys("rotate", "--tenant", "initech", "--key", keyId);
    assertThat(status(rotated.out().strip())).isEqualTo(404);
    assertThat(status(key)).isEqualTo(404);

    String next = rotated.out().strip().split("_")[2];
    assertThat(keys("revoke", "--tenant", "initech", "--key", next).code()).isZero();
    assertThat(keys("list", "--tenant", "initech").out()).contains(next + "\trevoked\t");
  }

  @Test
  void whatIsNotUnderstoodIsExplained() throws Exception {
    Ended unknown = keysOf("", "steal");
    Ended noDatabase = keysOf("", "list");
    Ended noScopes = keys("create", "--tenant", "initech");
    Ended stray = keysOf("", "list", "hk_live_pasted_by_mistake");

    for (Ended ended : List.of(unknown, noDatabase, noScopes, stray)) {
      assertThat(ended.code()).as(ended.err()).isEqualTo(2);
      assertThat(ended.err()).contains("heddle keys create").doesNotContain("pasted");
      assertThat(ended.out()).isEmpty();
    }
    assertThat(noDatabase.err()).startsWith("No database is configured.");
    assertThat(noScopes.err()).startsWith("--scopes is required.");
  }

  @Test
  void aDatabaseThatIsAwayIsAPlainSentenceWithoutItsPassword() throws Exception {
    Ended ended = keysOf("postgres://user:s3cret@localhost:1/none", "list");

    assertThat(ended.code()).isEqualTo(1);
    assertThat(ended.err()).startsWith("It did not work: ").doesNotContain("s3cret");
    assertThat(ended.err().lines()).hasSize(1);
  }
}
