package io.heddle.testkit;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.heddle.audit.AuditKeys;
import io.heddle.audit.AuditSettings;
import io.heddle.audit.Refusals;
import io.heddle.audit.Sealer;
import io.heddle.postgres.AuditSql;
import io.heddle.postgres.SecretSql;
import io.heddle.secret.Vault;
import io.heddle.testkit.PostgresPerJvm.Database;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

/** A process that seals the audit log of a database as fast as it can, until it is killed. */
public final class SealingProcess implements AutoCloseable {

  private static final String READY = "ready";

  private final Process process;

  private SealingProcess(Process process) {
    this.process = process;
  }

  /** Starts one and waits until it seals. */
  public static SealingProcess on(Database database, int checkpointEntries) throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx128m",
                "-cp",
                System.getProperty("java.class.path"),
                SealingProcess.class.getName(),
                database.url(),
                Integer.toString(checkpointEntries))
            .redirectErrorStream(true)
            .start();
    StringBuilder said = new StringBuilder();
    BufferedReader output =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    for (String line = output.readLine(); !READY.equals(line); line = output.readLine()) {
      if (line == null) {
        throw new AssertionError("It did not start:\n" + said);
      }
      said.append(line).append('\n');
    }
    Thread drain = new Thread(() -> output.lines().forEach(line -> {}), "drain");
    drain.setDaemon(true);
    drain.start();
    return new SealingProcess(process);
  }

  /** Kills it without a chance to do anything about it. */
  @Override
  public void close() {
    try {
      process.destroyForcibly().waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  public static void main(String[] arguments) throws IOException {
    ((Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)).setLevel(Level.WARN);
    Stores stores = Stores.on(new DriverManagerDataSource(arguments[0]));
    AuditSql log = new AuditSql(stores.jdbc(), stores.transactions());
    InstantSource clock = InstantSource.system();
    Sealer sealer =
        new Sealer(
            log,
            AuditKeys.shared(new SecretSql(stores.jdbc()), new Vault(null), List.of()),
            new AuditSettings(
                Duration.ofMillis(1), Integer.parseInt(arguments[1]), Duration.ofHours(1)),
            new Refusals(log, clock),
            clock);
    sealer.start();
    System.out.println(READY);
    // Ends with whoever has started it.
    while (System.in.read() >= 0) {
      // Nothing is said.
    }
    Runtime.getRuntime().halt(1);
  }
}
