package io.heddle.autoconfigure;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A Postgres server that lives as long as the application, on data that outlive it. It accepts
 * connections from localhost only, and those without a password.
 */
final class EmbeddedPostgresServer implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(EmbeddedPostgresServer.class);

  static final String USERNAME = "postgres";

  private static final String DATABASE = "postgres";

  private final Path directory;
  private final DirectoryLock lock;
  private final EmbeddedPostgres postgres;

  private EmbeddedPostgresServer(Path directory, DirectoryLock lock, EmbeddedPostgres postgres) {
    this.directory = directory;
    this.lock = lock;
    this.postgres = postgres;
  }

  /**
   * Starts the server on the data of an earlier run, or on a new cluster.
   *
   * @param port 0 for any free one
   * @throws EmbeddedPostgresException if it cannot start
   */
  static EmbeddedPostgresServer start(Path directory, int port) {
    try {
      Path home = createPrivate(directory).toRealPath();
      DirectoryLock lock = DirectoryLock.acquire(home);
      try {
        EmbeddedPostgres postgres = new ServerStart(home, port).run();
        log.info("Embedded Postgres in {} listens on localhost:{}", home, postgres.getPort());
        return new EmbeddedPostgresServer(home, lock, postgres);
      } catch (IOException | RuntimeException | Error e) {
        lock.close();
        throw e;
      }
    } catch (IOException e) {
      throw new EmbeddedPostgresException(
          "the directory %s cannot be used (%s)".formatted(directory.toAbsolutePath(), e), e);
    }
  }

  /** Closed to other users if it is created here; one that exists stays as it is. */
  static Path createPrivate(Path directory) throws IOException {
    if (FileSystems.getDefault().supportedFileAttributeViews().contains("posix")) {
      return Files.createDirectories(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
    return Files.createDirectories(directory);
  }

  /** The directory that this server owns; files beside its data live and die with them. */
  Path directory() {
    return directory;
  }

  String jdbcUrl() {
    return postgres.getJdbcUrl(USERNAME, DATABASE);
  }

  @Override
  public void close() throws IOException {
    try {
      postgres.close();
    } finally {
      lock.close();
    }
  }
}
