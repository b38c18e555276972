package io.heddle.autoconfigure;

import io.zonky.test.db.postgres.util.LinuxUtils;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A Postgres server that outlived the process which started it, as the pid file in its data
 * directory names it. The caller holds the {@link DirectoryLock}, hence no live host uses it.
 */
final class OrphanedServer {

  private static final Logger log = LoggerFactory.getLogger(OrphanedServer.class);

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  // The pid file counts whole seconds, and the two clocks may be set apart a little.
  private static final Duration CLOCK_TOLERANCE = Duration.ofSeconds(10);

  // Linux marks a running program whose file is gone.
  private static final Pattern SERVER_PROGRAM =
      Pattern.compile("postgres(\\.exe)?( \\(deleted\\))?");

  private static final int PID_LINE = 0;
  private static final int START_LINE = 2;

  private final Path data;
  private final ProcessHandle process;
  private final Path program;

  private OrphanedServer(Path data, ProcessHandle process, Path program) {
    this.data = data;
    this.process = process;
    this.program = program;
  }

  /**
   * Leaves the directory in a state in which a server can start, or says why that is impossible.
   */
  static void clear(Path data) throws IOException {
    Path pidFile = pidFile(data);
    if (Files.notExists(pidFile)) {
      return;
    }
    // The second line is a path in whatever encoding the server had; only numbers are read here.
    List<String> lines = Files.readAllLines(pidFile, StandardCharsets.ISO_8859_1);
    Optional<Long> pid = number(lines, PID_LINE).map(Math::abs);
    Optional<ProcessHandle> process = pid.flatMap(ProcessHandle::of);
    if (pid.isPresent() && process.isEmpty()) {
      // Postgres clears away what a dead server left, and checks its shared memory while doing so.
      return;
    }
    Optional<OrphanedServer> server = process.flatMap(candidate -> server(data, candidate));
    if (server.isPresent()) {
      server.get().requireSameStart(number(lines, START_LINE));
      server.get().stop();
    } else {
      // Postgres would refuse to start: it only sees that a process with the old number is alive.
      Files.delete(pidFile);
    }
  }

  private static Optional<OrphanedServer> server(Path data, ProcessHandle process) {
    return process
        .info()
        .command()
        .map(Path::of)
        .filter(program -> SERVER_PROGRAM.matcher(program.getFileName().toString()).matches())
        .map(program -> new OrphanedServer(data, process, program));
  }

  /** A number that was given to another Postgres server in the meantime must not cost that one. */
  private void requireSameStart(Optional<Long> epochSecond) {
    boolean sameStart =
        epochSecond
            .map(Instant::ofEpochSecond)
            .flatMap(
                expected ->
                    process.info().startInstant().map(start -> Duration.between(expected, start)))
            .filter(difference -> difference.abs().compareTo(CLOCK_TOLERANCE) <= 0)
            .isPresent();
    if (!sameStart && !arguments().contains(data.toString())) {
      throw new EmbeddedPostgresException(
          ("%s names process %d, a Postgres server that perhaps serves another directory; "
                  + "stop it or delete the file")
              .formatted(pidFile(data), process.pid()),
          null);
    }
  }

  private List<String> arguments() {
    return process.info().arguments().map(Arrays::asList).orElse(List.of());
  }

  private void stop() throws IOException {
    log.info("Stopping Postgres (pid {}), which outlived the host that started it", process.pid());
    try {
      if (!stopWithItsOwnProgram()) {
        interrupt();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EmbeddedPostgresException("the start was interrupted", e);
    }
    if (Files.exists(pidFile(data))) {
      throw new EmbeddedPostgresException(
          "the server of an earlier run (process %d) does not stop".formatted(process.pid()), null);
    }
  }

  private boolean stopWithItsOwnProgram() throws InterruptedException {
    String extension = program.toString().endsWith(".exe") ? ".exe" : "";
    Path pgCtl = program.resolveSibling("pg_ctl" + extension);
    if (!Files.isExecutable(pgCtl)) {
      return false;
    }
    String seconds = Long.toString(PATIENCE.toSeconds());
    List<String> command = new ArrayList<>();
    if (LinuxUtils.isUnshareAvailable()) {
      // Like every program of Postgres, it refuses to run as root.
      command.addAll(List.of("unshare", "-U"));
    }
    command.addAll(
        List.of(pgCtl.toString(), "stop", "-D", data.toString(), "-m", "fast", "-t", seconds));
    return succeeds(command);
  }

  /**
   * Asks for the same fast shutdown by signal; {@link ProcessHandle#destroy} would ask a slow one.
   */
  private void interrupt() throws InterruptedException {
    if (succeeds(List.of("sh", "-c", "kill -INT " + process.pid()))) {
      process.onExit().completeOnTimeout(process, PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
    }
  }

  private static boolean succeeds(List<String> command) throws InterruptedException {
    try {
      return new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor()
          == 0;
    } catch (IOException e) {
      log.debug("Could not run {}", command, e);
      return false;
    }
  }

  private static Optional<Long> number(List<String> lines, int index) {
    try {
      return index < lines.size()
          ? Optional.of(Long.parseLong(lines.get(index).trim()))
          : Optional.empty();
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  private static Path pidFile(Path data) {
    return data.resolve("postmaster.pid");
  }
}
