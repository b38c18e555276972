package io.heddle.testkit;

import static io.heddle.testkit.Await.await;

import com.zaxxer.hikari.HikariDataSource;
import io.heddle.testkit.PostgresPerJvm.Database;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;

/** A Postgres server that one test has to itself, so that it may crash and come back. */
public final class OwnPostgres implements AutoCloseable {

  private static final String USERNAME = "postgres";

  private final Path data;

  private final int port;

  private final HikariDataSource dataSource = new HikariDataSource();

  private EmbeddedPostgres server;

  private OwnPostgres(Path data) throws IOException {
    this.data = data;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      this.port = socket.getLocalPort();
    }
    this.server = launch();
    dataSource.setJdbcUrl(server.getJdbcUrl(USERNAME, USERNAME));
    dataSource.setConnectionInitSql("set time zone '%s'".formatted(PostgresPerJvm.TIME_ZONE));
    dataSource.setMaximumPoolSize(8);
    dataSource.setMinimumIdle(0);
    dataSource.setConnectionTimeout(2_000);
  }

  /** Starts a server with an empty database on data in a directory that does not exist yet. */
  static OwnPostgres in(Path directory) throws IOException {
    return new OwnPostgres(directory);
  }

  Database database() {
    return new Database(
        dataSource.getJdbcUrl(),
        "postgres://%s@localhost:%d/%s".formatted(USERNAME, port, USERNAME),
        dataSource);
  }

  /** Ends the server at once: nothing is written any more, every connection breaks. */
  public void crash() {
    ProcessHandle process = process();
    Signal.send("QUIT", process.pid());
    await("the server to end").until(() -> !process.isAlive());
  }

  /** Takes the processor from all processes of the server; its sockets stay, and say nothing. */
  public void freeze() {
    signalAll("STOP");
  }

  /** Lets a frozen server go on as if nothing had happened. */
  public void thaw() {
    signalAll("CONT");
  }

  private void signalAll(String signal) {
    // The one that makes new processes comes first, so that none is missed.
    ProcessHandle postmaster = process();
    Signal.send(signal, postmaster.pid());
    postmaster.descendants().forEach(child -> Signal.sendIfAlive(signal, child.pid()));
  }

  private ProcessHandle process() {
    try {
      String pid = Files.readAllLines(data.resolve("postmaster.pid")).get(0);
      return ProcessHandle.of(Long.parseLong(pid)).orElseThrow();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Starts the server that crashed, which recovers what was committed. */
  public void restart() {
    try {
      server.close();
      server = launch();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    dataSource.close();
    server.close();
  }

  private EmbeddedPostgres launch() throws IOException {
    return EmbeddedPostgres.builder()
        .setDataDirectory(data)
        .setCleanDataDirectory(false)
        .setPort(port)
        // What is written survives the process without it, though not the machine.
        .setServerConfig("fsync", "off")
        // What is not written would be lost with the process.
        .setServerConfig("synchronous_commit", "on")
        .setServerConfig("max_connections", "200")
        .start();
  }
}
