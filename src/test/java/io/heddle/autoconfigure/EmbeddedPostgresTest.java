package io.heddle.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.zaxxer.hikari.HikariDataSource;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.BeanCreationException;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration;
import org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class EmbeddedPostgresTest {

  private static final String REMEDY =
      "Set spring.datasource.url (or OPENWOP_PG_DSN) to use a Postgres server.";

  @TempDir private static Path base;

  private Path directory;

  private final ApplicationContextRunner embeddedPostgres =
      new ApplicationContextRunner()
          .withConfiguration(AutoConfigurations.of(EmbeddedPostgresAutoConfiguration.class));

  @BeforeEach
  void createDirectorySharingTheUnpackedPrograms() throws IOException {
    directory = Files.createTempDirectory(base, "host");
    Path programs = Files.createDirectories(base.resolve("programs"));
    Files.createSymbolicLink(directory.resolve("programs"), programs);
  }

  @Test
  void dataSurviveARestart() throws IOException {
    try (EmbeddedPostgresServer server = start()) {
      remember(server, "before");
    }
    try (EmbeddedPostgresServer server = start()) {
      assertThat(remembered(server)).containsExactly("before");
    }
  }

  @Test
  void anApplicationWithoutADatabaseGetsADurableOne() {
    withDirectory(embeddedPostgres)
        .withConfiguration(AutoConfigurations.of(DataSourceAutoConfiguration.class))
        .withPropertyValues("spring.datasource.url=")
        .run(
            context -> {
              JdbcClient jdbc = JdbcClient.create(context.getBean(HikariDataSource.class));
              assertThat(setting(jdbc, "fsync")).isEqualTo("on");
              assertThat(setting(jdbc, "synchronous_commit")).isEqualTo("on");
              assertThat(setting(jdbc, "listen_addresses")).isEqualTo("localhost");
              assertThat(setting(jdbc, "unix_socket_directories")).isEmpty();
              assertThat(context.getBean(EmbeddedPostgresServer.class).directory())
                  .isEqualTo(directory.toRealPath());
            });
    assertThat(pidFile()).doesNotExist();
  }

  @Test
  void aServerOrphanedByAKilledHostIsTakenOver() throws Exception {
    ProcessHandle orphan;
    try (Host host = new Host()) {
      String answer = host.answer();
      assertThat(answer).startsWith("ready ");
      remember(jdbc(answer.substring("ready ".length())), "before");
      orphan = ProcessHandle.of(pid()).orElseThrow();
      host.kill();
    }
    assertThat(orphan.isAlive()).isTrue();

    try (EmbeddedPostgresServer server = start()) {
      assertThat(remembered(server)).containsExactly("before");
      assertThat(pid()).isNotEqualTo(orphan.pid());
      assertThat(directory.resolve("postgres.log"))
          .content()
          .contains("database system was shut down at")
          .doesNotContain("not properly shut down");
    }
  }

  @Test
  void aSecondHostIsRefusedAndTheFirstKeepsWorking() throws Exception {
    try (EmbeddedPostgresServer first = start()) {
      remember(first, "first");

      assertThatExceptionOfType(EmbeddedPostgresException.class)
          .isThrownBy(this::start)
          .withMessage(inUse());
      try (Host second = new Host()) {
        assertThat(second.answer()).isEqualTo("refused " + inUse());
      }

      assertThat(remembered(first)).containsExactly("first");
    }
  }

  @Test
  void aProcessThatInheritedTheNumberOfADeadServerIsLeftAlone() throws Exception {
    start().close();
    Process stranger = new ProcessBuilder("sleep", "60").start();
    try {
      Files.write(
          pidFile(),
          List.of(Long.toString(stranger.pid()), directory.toRealPath() + "/data", "1", "5432"));

      try (EmbeddedPostgresServer server = start()) {
        remember(server, "after");
        assertThat(pid()).isNotEqualTo(stranger.pid());
      }

      assertThat(stranger.isAlive()).isTrue();
    } finally {
      stranger.destroyForcibly();
    }
  }

  @Test
  void anUnfinishedClusterIsSetAside() throws IOException {
    Files.createDirectories(directory.resolve("data/base"));

    try (EmbeddedPostgresServer server = start()) {
      remember(server, "after");
    }

    try (var files = Files.list(directory)) {
      assertThat(files).anyMatch(file -> file.getFileName().toString().startsWith("data-unfin"));
    }
  }

  @Test
  void dataOfAnotherMajorVersionAreRefusedUntouched() throws IOException {
    start().close();
    Path version = directory.resolve("data/PG_VERSION");
    String original = Files.readString(version);
    Files.writeString(version, "12\n");

    assertThatExceptionOfType(EmbeddedPostgresException.class)
        .isThrownBy(this::start)
        .withMessageContaining(
            "were written by Postgres 12 and this is Postgres " + original.trim())
        .withMessageEndingWith(REMEDY);

    Files.writeString(version, original);
    start().close();
  }

  @Test
  void aTakenPortIsNamed() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      int port = taken.getLocalPort();

      assertThatExceptionOfType(EmbeddedPostgresException.class)
          .isThrownBy(() -> EmbeddedPostgresServer.start(directory, port))
          .withMessageStartingWith(
              "The embedded Postgres cannot start because port %d cannot be opened".formatted(port))
          .withMessageEndingWith(REMEDY);
    }
  }

  @Test
  void aDirectoryThatCannotExistIsNamed() throws IOException {
    Path file = Files.createFile(directory.resolve("file"));

    assertThatExceptionOfType(EmbeddedPostgresException.class)
        .isThrownBy(() -> EmbeddedPostgresServer.start(file.resolve("below"), 0))
        .withMessageContaining("the directory %s cannot be used".formatted(file.resolve("below")))
        .withMessageEndingWith(REMEDY);
  }

  @Test
  void aConfiguredDatabaseIsUsedInstead() {
    for (String property :
        List.of(
            "spring.datasource.url=jdbc:postgresql://localhost:1/elsewhere",
            "spring.datasource.jndi-name=java:comp/env/elsewhere")) {
      withDirectory(embeddedPostgres)
          .withPropertyValues(property)
          .run(context -> assertThat(context).doesNotHaveBean(EmbeddedPostgresServer.class));
    }
    assertThat(pidFile()).doesNotExist();
  }

  @Test
  void aDatabaseOfTheApplicationIsUsedInstead() {
    withDirectory(embeddedPostgres)
        .withBean(DriverManagerDataSource.class)
        .run(context -> assertThat(context).doesNotHaveBean(EmbeddedPostgresServer.class));
    withDirectory(embeddedPostgres)
        .withBean(JdbcConnectionDetails.class, ElsewhereConnectionDetails::new)
        .run(context -> assertThat(context).doesNotHaveBean(EmbeddedPostgresServer.class));
  }

  @Test
  void aFailureIsExplainedWithoutItsTower() {
    EmbeddedPostgresException cause = new EmbeddedPostgresException("the moon is full", null);

    FailureAnalysis analysis =
        new EmbeddedPostgresFailureAnalyzer()
            .analyze(new BeanCreationException("embeddedPostgresServer", "failed", cause));

    assertThat(analysis.getDescription())
        .isEqualTo("The embedded Postgres cannot start because the moon is full.");
    assertThat(analysis.getAction()).isEqualTo(REMEDY);
  }

  private EmbeddedPostgresServer start() {
    return EmbeddedPostgresServer.start(directory, 0);
  }

  private ApplicationContextRunner withDirectory(ApplicationContextRunner runner) {
    return runner.withPropertyValues("openwop.embedded-postgres.directory=" + directory);
  }

  private String inUse() throws IOException {
    return ("The embedded Postgres cannot start because another running host uses "
            + "the directory %s. %s")
        .formatted(directory.toRealPath(), REMEDY);
  }

  private Path pidFile() {
    return directory.resolve("data/postmaster.pid");
  }

  private long pid() throws IOException {
    return Long.parseLong(Files.readAllLines(pidFile()).get(0));
  }

  private static JdbcClient jdbc(String url) {
    return JdbcClient.create(new DriverManagerDataSource(url));
  }

  private static void remember(EmbeddedPostgresServer server, String text) {
    remember(jdbc(server.jdbcUrl()), text);
  }

  private static void remember(JdbcClient jdbc, String text) {
    jdbc.sql("create table memory (text text)").update();
    jdbc.sql("insert into memory values (?)").param(text).update();
  }

  private static List<String> remembered(EmbeddedPostgresServer server) {
    return jdbc(server.jdbcUrl()).sql("select text from memory").query(String.class).list();
  }

  private static String setting(JdbcClient jdbc, String name) {
    return jdbc.sql("select current_setting(?)").param(name).query(String.class).single();
  }

  /** A host in a process of its own. */
  private final class Host implements AutoCloseable {

    private final Process process;

    Host() throws IOException {
      process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-cp",
                  System.getProperty("java.class.path"),
                  EmbeddedPostgresChild.class.getName(),
                  directory.toString())
              .redirectErrorStream(true)
              .start();
    }

    String answer() throws IOException {
      Predicate<String> isAnswer = line -> line.startsWith("ready ") || line.startsWith("refused ");
      BufferedReader output = process.inputReader();
      return output.lines().filter(isAnswer).findFirst().orElse("ended without an answer");
    }

    void kill() throws InterruptedException {
      process.destroyForcibly().waitFor();
    }

    @Override
    public void close() throws InterruptedException {
      kill();
    }
  }

  private static final class ElsewhereConnectionDetails implements JdbcConnectionDetails {

    @Override
    public String getJdbcUrl() {
      return "jdbc:postgresql://localhost:1/elsewhere";
    }

    @Override
    public String getUsername() {
      return "user";
    }

    @Override
    public String getPassword() {
      return "password";
    }
  }
}
