package io.heddle.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * What is known of the executions of {@code test.gated} over all processes: each leaves a file when
 * it begins, and ends when the gate of its run is open.
 */
public final class Gate {

  private final Path executions;

  private final Path open;

  Gate(Path directory) {
    this.executions = directory.resolve("executions");
    this.open = directory.resolve("open");
    try {
      Files.createDirectories(executions);
      Files.createDirectories(open);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** One execution of a node. */
  public record Execution(String runId, int attempt, long pid) {

    private static Execution read(String fileName) {
      String[] parts = fileName.split(",");
      return new Execution(parts[0], Integer.parseInt(parts[1]), Long.parseLong(parts[2]));
    }

    private String fileName() {
      return "%s,%d,%d".formatted(runId, attempt, pid);
    }
  }

  /** The executions of a run so far, by attempt. */
  public List<Execution> executions(String runId) {
    try (Stream<Path> files = Files.list(executions)) {
      return files
          .map(file -> Execution.read(file.getFileName().toString()))
          .filter(execution -> execution.runId().equals(runId))
          .sorted(Comparator.comparing(Execution::attempt))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Lets every execution of a run end, those that begin later too. */
  public void open(String runId) {
    create(open.resolve(runId));
  }

  /** Lets one attempt end and no other. */
  public void open(String runId, int attempt) {
    create(open.resolve(runId + "," + attempt));
  }

  void enter(Execution execution) {
    create(executions.resolve(execution.fileName()));
  }

  boolean isOpen(Execution execution) {
    return Files.exists(open.resolve(execution.runId()))
        || Files.exists(open.resolve(execution.runId() + "," + execution.attempt()));
  }

  private static void create(Path file) {
    try {
      Files.createFile(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
