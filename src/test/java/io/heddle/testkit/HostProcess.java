package io.heddle.testkit;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The executable jar in a process of its own, on a free port, as it is deployed. */
public final class HostProcess implements AutoCloseable {

  private static final Pattern STARTED = Pattern.compile("Tomcat started on port (\\d+)");

  /** What the environment of whoever starts this says of another host is not about this one. */
  private static final Pattern OF_ANOTHER = Pattern.compile("(OPENWOP|SPRING|SERVER|OTEL)_.*");

  private final Process process;

  private final int port;

  private HostProcess(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  /**
   * Starts a host and waits until it serves.
   *
   * @param postgres the port of the database server on this machine
   * @param log what the host says goes there
   * @param environment beside what this needs itself
   */
  public static HostProcess start(
      Path jar, int postgres, Path log, Map<String, String> environment, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-jar");
    command.add(jar.toString());
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().keySet().removeIf(name -> OF_ANOTHER.matcher(name).matches());
    builder.environment().putAll(environment);
    builder
        .environment()
        .put("OPENWOP_PG_DSN", "postgres://postgres:postgres@localhost:" + postgres + "/postgres");
    builder.environment().put("OPENWOP_PORT", "0");
    builder.environment().put("TZ", PostgresPerJvm.TIME_ZONE);
    Process process = builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
    try {
      return new HostProcess(process, portOf(process, log));
    } catch (IOException | InterruptedException | RuntimeException e) {
      process.destroyForcibly();
      throw e;
    }
  }

  private static int portOf(Process process, Path log) throws IOException, InterruptedException {
    while (process.isAlive()) {
      Matcher found = STARTED.matcher(said(log));
      if (found.find()) {
        return Integer.parseInt(found.group(1));
      }
      Thread.sleep(100);
    }
    throw new IllegalStateException(said(log));
  }

  /** Bytes as they are: what is being written may end within a character. */
  private static String said(Path log) throws IOException {
    return Files.readString(log, StandardCharsets.ISO_8859_1);
  }

  public int port() {
    return port;
  }

  /** The process, for whoever measures it. */
  public ProcessHandle handle() {
    return process.toHandle();
  }

  /** Asks the host to stop, and waits until it has. */
  @Override
  public void close() throws InterruptedException {
    process.destroy();
    process.waitFor();
  }
}
