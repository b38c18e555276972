package io.heddle.evidence;

import io.heddle.evidence.SuiteReport.Disposition;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;

/** The part of a document that only a measurement writes. */
final class RecordedEvidence {

  static final String BEGIN = "<!-- Written by ./mvnw -Pconformance verify, by nobody else. -->";

  static final String END = "<!-- End of what is written by it. -->";

  private RecordedEvidence() {}

  /**
   * What was measured.
   *
   * @param commit the sources, and whether they were changed since
   * @param version of the host, as it tells it
   */
  record Build(String commit, String version, String java, String postgres) {}

  /**
   * Writes a result in place of the one before.
   *
   * @param command as it can be repeated, without keys and places on this machine
   * @param variables the names of those that the suite was given
   */
  static void record(
      Path document,
      SuiteReport report,
      LocalDate date,
      List<String> command,
      List<String> variables,
      Build build)
      throws IOException {
    List<String> lines = new ArrayList<>();
    lines.add("| What | |");
    lines.add("|---|---|");
    lines.add("| Suite | %s %s |".formatted(code(SuiteReport.PACKAGE), report.suiteVersion()));
    lines.add("| Command | %s |".formatted(code(String.join(" ", command))));
    lines.add(
        "| With | %s |"
            .formatted(String.join(", ", variables.stream().map(RecordedEvidence::code).toList())));
    lines.add(
        "| Target | the executable jar in a process of its own, on an empty database, as a"
            + " deployment for tests (`openwop.conformance.enabled`); protocol major 1 |");
    lines.add("| Date | %s |".formatted(date));
    lines.add(
        "| Build | commit %s, version %s, Java %s, Postgres %s |"
            .formatted(
                code(build.commit()),
                code(build.version()),
                code(build.java()),
                code(build.postgres())));
    for (Disposition disposition : Disposition.values()) {
      lines.add("| %s | %d |".formatted(word(disposition), report.totals().get(disposition)));
    }
    lines.addAll(named("Failed", report.failed()));
    lines.addAll(named("Could not be checked", report.blocked()));
    replace(document, String.join("\n", lines));
  }

  private static String word(Disposition disposition) {
    return switch (disposition) {
      case PASSED -> "Passed";
      case FAILED -> "Failed";
      case SKIPPED -> "Skipped";
      case INAPPLICABLE -> "Not advertised, so not applicable";
      case BLOCKED -> "Could not be checked";
    };
  }

  private static List<String> named(String what, List<String> names) {
    List<String> lines = new ArrayList<>();
    if (!names.isEmpty()) {
      lines.add("");
      lines.add(what + ":");
      lines.add("");
      names.forEach(name -> lines.add("* " + code(name)));
    }
    return lines;
  }

  /** Text of others, which shall be nothing else than text here. */
  private static String code(String text) {
    return "`" + text.replaceAll("[`|<>\\p{Cntrl}]", " ").strip() + "`";
  }

  private static void replace(Path document, String text) throws IOException {
    String before = Files.readString(document);
    int begin = before.indexOf(BEGIN);
    int end = before.indexOf(END);
    if (begin < 0
        || end < begin
        || before.indexOf(BEGIN, begin + 1) >= 0
        || before.indexOf(END, end + 1) >= 0) {
      throw new IllegalStateException(
          "%s has no place for a result: one line '%s', and '%s' behind it"
              .formatted(document.getFileName(), BEGIN, END));
    }
    Files.writeString(
        document,
        before.substring(0, begin + BEGIN.length())
            + "\n\n"
            + text
            + "\n\n"
            + before.substring(end));
  }
}
