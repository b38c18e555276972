package io.heddle.evidence;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Fetches and runs the published suite, as its users do.
 *
 * @param name the package, with a version if one is wanted
 * @param patience after which a suite that has not ended is ended
 * @param directory its report and what it says go there
 */
record PublishedSuite(String name, Duration patience, Path directory) {

  private static final Pattern NPM_ERROR =
      Pattern.compile("^npm (?:error|ERR!) code (E[A-Z0-9]+)", Pattern.MULTILINE);

  /** All scenarios passed; some failed; some of a claimed profile came to nothing. */
  private static final List<Integer> MEASURED = List.of(0, 1, 3);

  /** What a run came to. */
  sealed interface Outcome {}

  record Measured(SuiteReport report) implements Outcome {}

  /** Nobody gave the suite out, so nothing was run. */
  record Unavailable(String why) implements Outcome {}

  /** The suite was run and came to nothing that could be relied on. */
  record Inconclusive(String why) implements Outcome {}

  /** As it can be repeated by hand, with the report where the caller likes. */
  List<String> command(String report) {
    return List.of(
        "npx",
        "--yes",
        name,
        "--target-major",
        "1",
        // Scenarios that saturate a host, and those with a collector, want to be alone with it.
        "--max-workers",
        "1",
        "--bundle-version",
        "2",
        "--certify",
        report);
  }

  /**
   * @param target the host's address, without a path
   * @param variables what the suite is told of the host, beside the environment of this process
   * @param path where programs are looked up, in the form of the environment variable
   */
  Outcome run(String target, Map<String, String> variables, String path)
      throws IOException, InterruptedException {
    Files.createDirectories(directory);
    Path report = directory.resolve("report.json");
    Path log = directory.resolve("suite.log");
    Files.deleteIfExists(report);
    List<String> command = new ArrayList<>(command(report.toAbsolutePath().toString()));
    Path program = find(command.get(0), path);
    if (program == null) {
      return new Unavailable("there is no npx on the path");
    }
    command.set(0, program.toString());
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().keySet().removeIf(variable -> variable.startsWith("OPENWOP_"));
    builder.environment().putAll(variables);
    builder.environment().put("PATH", path);
    Process process =
        builder
            .redirectInput(ProcessBuilder.Redirect.from(new File(nothing())))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    boolean ended;
    try {
      ended = process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS);
    } finally {
      // npx is not who runs the scenarios.
      Stream.concat(process.descendants(), Stream.of(process.toHandle()))
          .toList()
          .forEach(ProcessHandle::destroyForcibly);
    }
    if (!ended) {
      return new Inconclusive("it had not ended after " + patience);
    }
    return outcome(process.exitValue(), report, log, target);
  }

  private static Outcome outcome(int exitCode, Path report, Path log, String target) {
    if (!Files.exists(report)) {
      Matcher refused = NPM_ERROR.matcher(said(log));
      return refused.find()
          ? new Unavailable("npm could not fetch it (%s)".formatted(refused.group(1)))
          : new Inconclusive("it ended with %d and without a report".formatted(exitCode));
    }
    if (!MEASURED.contains(exitCode)) {
      return new Inconclusive("it ended with %d".formatted(exitCode));
    }
    try {
      SuiteReport read = SuiteReport.read(report);
      return read.target().equals(target + "/.well-known/openwop")
          ? new Measured(read)
          : new Inconclusive("its report is about another host");
    } catch (SuiteReport.MalformedException e) {
      return new Inconclusive("its report " + e.getMessage());
    }
  }

  /** The JVM looks programs up in its own path, whatever that of the new process is. */
  private static Path find(String program, String path) {
    List<String> names =
        File.separatorChar == '\\' ? List.of(program + ".cmd", program + ".exe") : List.of(program);
    return Stream.of(path.split(File.pathSeparator))
        .filter(directory -> !directory.isEmpty())
        .flatMap(directory -> names.stream().map(name -> Path.of(directory, name)))
        .filter(Files::isExecutable)
        .findFirst()
        .orElse(null);
  }

  private static String nothing() {
    return File.separatorChar == '\\' ? "NUL" : "/dev/null";
  }

  private static String said(Path log) {
    try {
      return Files.readString(log, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
