package io.heddle.testkit;

import static io.heddle.testkit.Await.await;

import io.heddle.HeddleApplication;
import io.heddle.testkit.PostgresPerJvm.Database;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestWatcher;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

/**
 * Hosts in processes of their own that share one database and nothing else, and may be killed or
 * frozen. They write what they say into files, which are shown when a test fails.
 */
public final class HostCluster implements BeforeAllCallback, AfterAllCallback, TestWatcher {

  private static final String KEY = "a-key-for-tests-only-0123456789abcdef";

  private final Map<String, String> environment = new LinkedHashMap<>();

  private final List<Host> hosts = new ArrayList<>();

  private final int size;

  private boolean ownServer;

  private @Nullable String aheadBy;

  private String parameters = "";

  private @Nullable OwnPostgres server;

  private Database database;

  private Path directory;

  private HostCluster(int size) {
    this.size = size;
    environment.put("OPENWOP_API_KEY", KEY);
    environment.put("OPENWOP_CONFORMANCE_ENABLED", "true");
    environment.put("OPENWOP_CLAIM_TTL_MS", "2000");
    environment.put("OPENWOP_CLAIM_HEARTBEAT", "500ms");
    environment.put("OPENWOP_CLAIM_POLL", "200ms");
  }

  public static HostCluster of(int size) {
    return new HostCluster(size);
  }

  /** A variable in the environment of every host. */
  public HostCluster with(String name, String value) {
    environment.put(name, value);
    return this;
  }

  /** On a server that no other test uses, see {@link #server}. */
  public HostCluster onOwnServer() {
    ownServer = true;
    return this;
  }

  /** With parameters of the driver in the address of the database, as in a query string. */
  public HostCluster withDriver(String parameters) {
    this.parameters = "?" + parameters;
    return this;
  }

  /**
   * On a database whose clock is not that of the hosts.
   *
   * @param interval by how much it is ahead of them, as Postgres writes it
   */
  public HostCluster onDatabaseAheadBy(String interval) {
    aheadBy = interval;
    return this;
  }

  @Override
  public void beforeAll(ExtensionContext context) throws IOException {
    directory = Files.createTempDirectory("hosts");
    // They migrate it themselves, all at once.
    if (ownServer) {
      server = OwnPostgres.in(directory.resolve("postgres"));
      database = server.database();
    } else {
      database = PostgresPerJvm.emptyDatabase();
    }
    if (aheadBy != null) {
      // Sessions that exist already would keep their time, so it is none of the pool's.
      setClock(JdbcClient.create(new DriverManagerDataSource(database.url())), aheadBy);
    }
    for (int i = 0; i < size; i++) {
      hosts.add(new Host("host" + i));
    }
    hosts.forEach(Host::start);
    hosts.forEach(Host::awaitReady);
  }

  /** Puts functions before those of Postgres that tell the time to every later session. */
  private static void setClock(JdbcClient jdbc, String aheadBy) {
    jdbc.sql("create schema clock").update();
    jdbc.sql(
            """
            create function clock.now() returns timestamptz stable language sql
            return pg_catalog.now() + interval '%s'
            """
                .formatted(aheadBy))
        .update();
    jdbc.sql(
            """
            create function clock.clock_timestamp() returns timestamptz volatile language sql
            return pg_catalog.clock_timestamp() + interval '%s'
            """
                .formatted(aheadBy))
        .update();
    jdbc.sql(
            """
            do $$ begin
              execute format('alter database %I set search_path = clock, pg_catalog, public',
                current_database());
            end $$
            """)
        .update();
  }

  @Override
  public void afterAll(ExtensionContext context) throws IOException {
    hosts.forEach(Host::killHard);
    if (server != null) {
      server.close();
    }
  }

  @Override
  public void testFailed(ExtensionContext context, Throwable cause) {
    for (Host host : hosts) {
      System.err.printf("---- %s ----%n%s%n", host.name, host.output());
    }
  }

  public List<Host> hosts() {
    return List.copyOf(hosts);
  }

  public Host host(int number) {
    return hosts.get(number);
  }

  /** The host that a process belongs to. */
  public Host hostOf(long pid) {
    return hosts.stream().filter(host -> host.pid() == pid).findFirst().orElseThrow();
  }

  /** A host that is not this one. */
  public Host otherThan(Host host) {
    return hosts.stream().filter(other -> other != host).findFirst().orElseThrow();
  }

  public Database database() {
    return database;
  }

  /** The server of a cluster that has one of its own. */
  public OwnPostgres server() {
    return Objects.requireNonNull(server);
  }

  /** Whom the nodes of type {@code test.ordering} order from. */
  public Provider provider() {
    return new Provider(directory);
  }

  /** What the nodes of type {@code test.gated} do. */
  public Gate gate() {
    return new Gate(directory);
  }

  /** One host, through all the processes it is in its life. */
  public final class Host {

    private final String name;

    private final Path output;

    private Process process;

    private Path portFile;

    private HostClient client;

    private int starts;

    private Host(String name) {
      this.name = name;
      this.output = directory.resolve(name + ".log");
    }

    /** Starts a process and returns before it is ready. */
    void start() {
      portFile = directory.resolve("%s.%d.port".formatted(name, ++starts));
      ProcessBuilder builder =
          new ProcessBuilder(
              Path.of(System.getProperty("java.home"), "bin", "java").toString(),
              // For a life of seconds: what counts is how soon they serve.
              "-XX:TieredStopAtLevel=1",
              "-XX:+UseSerialGC",
              "-Xmx256m",
              "-Duser.timezone=" + PostgresPerJvm.TIME_ZONE,
              "-cp",
              System.getProperty("java.class.path"),
              HeddleApplication.class.getName(),
              "--spring.main.sources=" + HostInTest.class.getName(),
              "--test.port-file=" + portFile,
              "--test.directory=" + directory);
      builder.environment().putAll(environment);
      builder.environment().put("OPENWOP_PG_DSN", database.dsn() + parameters);
      builder.environment().put("OPENWOP_PORT", "0");
      builder.redirectErrorStream(true);
      builder.redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()));
      try {
        process = builder.start();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    void awaitReady() {
      await(name + " to serve").until(() -> Files.exists(portFile) || !process.isAlive());
      if (!process.isAlive()) {
        throw new AssertionError(name + " did not start:\n" + output());
      }
      client = new HostClient(Integer.parseInt(read(portFile)), KEY);
    }

    public HostClient client() {
      return client;
    }

    public long pid() {
      return process.pid();
    }

    /** Ends the process without a chance to do anything about it. */
    public void killHard() {
      try {
        process.destroyForcibly().waitFor();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    /** Asks the process to end, as an operator does, and waits until it has. */
    public void terminate() {
      process.destroy();
      awaitDeath();
    }

    public boolean isAlive() {
      return process.isAlive();
    }

    /** Waits until the process has ended, whatever it ends by. */
    public void awaitDeath() {
      await(name + " to end").until(() -> !process.isAlive());
    }

    /** Takes the processor from the process; its sockets and leases stay. */
    public void freeze() {
      signal("STOP");
    }

    /** Lets a frozen process go on as if nothing had happened. */
    public void thaw() {
      signal("CONT");
    }

    /** Starts a new process in place of one that was killed. */
    public void restart() {
      start();
      awaitReady();
    }

    /** What the host has said so far. */
    public String output() {
      return read(output);
    }

    private void signal(String signal) {
      Signal.send(signal, pid());
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
