package io.heddle.autoconfigure;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.util.FileSystemUtils;
import org.springframework.util.unit.DataSize;

/**
 * One attempt to start Postgres in a directory that the caller has locked. The cluster is in {@code
 * data}, the unpacked programs in {@code programs}, the output of this attempt in {@code
 * postgres.log}.
 */
final class ServerStart {

  private static final Logger log = LoggerFactory.getLogger(ServerStart.class);

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  // After a crash the server first replays its log.
  private static final Duration PATIENCE_AFTER_A_CRASH = Duration.ofMinutes(2);

  // zonky passes over every file that does not fit, and the programs take 75 MB.
  private static final DataSize ROOM_FOR_PROGRAMS = DataSize.ofMegabytes(100);

  private static final Pattern COMPLAINT =
      Pattern.compile("(?:FATAL|PANIC|initdb: error): +(.+?)\\.?$", Pattern.MULTILINE);

  private final Path data;
  private final Path programs;
  private final Path unpacked;
  private final Path complete;
  private final Path output;
  private final int port;
  private final PostgresArchive archive = new PostgresArchive();

  ServerStart(Path directory, int port) {
    this.data = directory.resolve("data");
    this.programs = directory.resolve("programs");
    this.unpacked = programs.resolve("unpacked");
    this.complete = programs.resolve("complete");
    this.output = directory.resolve("postgres.log");
    this.port = port;
  }

  EmbeddedPostgres run() throws IOException {
    boolean crashed = Files.exists(data.resolve("postmaster.pid"));
    OrphanedServer.clear(data);
    requireFreePort();
    setAsideUnfinishedCluster();
    Files.deleteIfExists(output);
    // A failed start leaves zonky's own lock open, and a second one in this JVM would trip over it.
    Files.deleteIfExists(data.resolve("epg-lock"));
    prepareForUnpacking();
    return start(crashed ? PATIENCE_AFTER_A_CRASH : PATIENCE);
  }

  /** zonky either takes programs for complete that a kill cut off, or stumbles over them. */
  private void prepareForUnpacking() throws IOException {
    // zonky opens the directory it unpacks into to every user, so that one lies in a closed one.
    EmbeddedPostgresServer.createPrivate(programs);
    if (Files.exists(complete)) {
      return;
    }
    FileSystemUtils.deleteRecursively(unpacked);
    if (Files.getFileStore(programs).getUsableSpace() < ROOM_FOR_PROGRAMS.toBytes()) {
      throw new EmbeddedPostgresException(
          "less than %d MB are free in %s".formatted(ROOM_FOR_PROGRAMS.toMegabytes(), programs),
          null);
    }
  }

  private EmbeddedPostgres start(Duration patience) {
    EmbeddedPostgres.Builder builder =
        EmbeddedPostgres.builder()
            .setPgBinaryResolver(archive)
            .setOverrideWorkingDirectory(unpacked.toFile())
            .setDataDirectory(data)
            .setCleanDataDirectory(false)
            .setDataDirectoryCustomizer(ignored -> programsAreUnpacked())
            // The hook of zonky would stop the server under the feet of a graceful shutdown.
            .setRegisterShutdownHook(false)
            .setPGStartupWait(patience)
            .setOutputRedirector(ProcessBuilder.Redirect.appendTo(output.toFile()))
            .setPort(port)
            // Its defaults are those of a test: a commit may be lost.
            .setServerConfig("fsync", "on")
            .setServerConfig("synchronous_commit", "on")
            .setServerConfig("listen_addresses", "localhost")
            // A socket file would lie in the temporary directory, open to every user.
            .setServerConfig("unix_socket_directories", "")
            // The order of text must not depend on who created the cluster.
            .setLocaleConfig("locale", "C");
    try {
      return builder.start();
    } catch (EmbeddedPostgresException e) {
      throw e;
    } catch (IOException | RuntimeException | ExceptionInInitializerError e) {
      throw failed(e);
    }
  }

  private void requireFreePort() {
    if (port == 0) {
      return;
    }
    try {
      new ServerSocket(port, 1, InetAddress.getLoopbackAddress()).close();
    } catch (IOException e) {
      throw new EmbeddedPostgresException(
          "port %d cannot be opened (%s)".formatted(port, e.getMessage()), e);
    }
  }

  /** A process killed while it created the cluster leaves one that neither starts nor is empty. */
  private void setAsideUnfinishedCluster() throws IOException {
    boolean everStarted = Files.exists(data.resolve("postmaster.opts"));
    if (Files.exists(data) && !everStarted && !isEmpty(data)) {
      Path aside = data.resolveSibling("data-unfinished-" + System.currentTimeMillis());
      log.warn("{} was never started and begins anew; what it held is now in {}", data, aside);
      Files.move(data, aside);
    }
  }

  private static boolean isEmpty(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.findAny().isEmpty();
    }
  }

  private void programsAreUnpacked() {
    try {
      Files.write(complete, new byte[0]);
      requireSameMajorVersion();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void requireSameMajorVersion() throws IOException {
    String written = Files.readString(data.resolve("PG_VERSION")).trim();
    Optional<String> here = archive.majorVersion(unpacked);
    if (here.isPresent() && !here.get().equals(written)) {
      throw new EmbeddedPostgresException(
          "the data in %s were written by Postgres %s and this is Postgres %s"
              .formatted(data, written, here.get()),
          null);
    }
  }

  private EmbeddedPostgresException failed(Throwable cause) {
    EmbeddedPostgresException failure = new EmbeddedPostgresException(reason(cause), cause);
    try {
      // zonky gives up on a server that starts too slowly, but lets it run.
      OrphanedServer.clear(data);
      Files.deleteIfExists(complete);
    } catch (IOException | RuntimeException e) {
      failure.addSuppressed(e);
    }
    return failure;
  }

  private String reason(Throwable cause) {
    String text = outputText();
    if (text.contains("cannot be run as root")) {
      return "Postgres refuses to run as root, and this system gives it no user namespace";
    }
    return COMPLAINT
        .matcher(text)
        .results()
        .map(match -> match.group(1))
        .reduce((first, last) -> last)
        .map("Postgres says: "::concat)
        .orElseGet(() -> "of this: " + NestedExceptionUtils.getMostSpecificCause(cause));
  }

  private String outputText() {
    try {
      return Files.readString(output, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return "";
    }
  }
}
