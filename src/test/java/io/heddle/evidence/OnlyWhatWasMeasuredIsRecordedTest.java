package io.heddle.evidence;

import static io.heddle.testkit.Await.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.heddle.evidence.RecordedEvidence.Build;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.LocalDate;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Suites that give a result, and everything else that may come of asking npm for one. */
@Timeout(120)
class OnlyWhatWasMeasuredIsRecordedTest {

  private static final String TARGET = "http://127.0.0.1:4711";

  private static final Map<String, String> VARIABLES =
      Map.of("OPENWOP_BASE_URL", TARGET, "OPENWOP_API_KEY", "hk_test_of_this_test");

  private static final Build BUILD = new Build("0123abcd", "1.2.3", "21.0.1+2", "18.6");

  private static final String DOCUMENT =
      """
      # Conformance

      Before.

      %s

      Not run yet.

      %s

      Behind.
      """
          .formatted(RecordedEvidence.BEGIN, RecordedEvidence.END);

  @TempDir private Path directory;

  private Path document;

  @BeforeEach
  void write() throws IOException {
    document = Files.writeString(directory.resolve("conformance.md"), DOCUMENT);
  }

  @Test
  void aResultIsRecordedWithAllThatItTakesToRepeatIt() throws Exception {
    npx(reporting(report(TARGET, "1.136.12", 2, 1, 1, 1, 1), 1));

    assertThat(measure()).isZero();

    assertThat(document)
        .content()
        .startsWith("# Conformance\n\nBefore.\n\n" + RecordedEvidence.BEGIN + "\n\n| What |")
        .endsWith("\n\n" + RecordedEvidence.END + "\n\nBehind.\n")
        .doesNotContain("Not run yet", "hk_test_of_this_test", directory.toString())
        .contains(
            "| Suite | `@openwop/openwop-conformance` 1.136.12 |",
            "| Command | `npx --yes @openwop/openwop-conformance --target-major 1 --max-workers 1"
                + " --bundle-version 2 --certify report.json` |",
            "| With | `OPENWOP_API_KEY`, `OPENWOP_BASE_URL` |",
            "| Date | 2026-11-25 |",
            "| Build | commit `0123abcd`, version `1.2.3`, Java `21.0.1+2`, Postgres `18.6` |",
            "| Passed | 2 |\n| Failed | 1 |\n| Skipped | 1 |\n"
                + "| Not advertised, so not applicable | 1 |\n| Could not be checked | 1 |\n",
            "\nFailed:\n\n* `requirement.2`\n\nCould not be checked:\n\n* `requirement.5`\n");
    assertThat(directory.resolve("given"))
        .content()
        .contains(
            "--yes @openwop/openwop-conformance --target-major 1 --max-workers 1",
            "OPENWOP_API_KEY=hk_test_of_this_test",
            "OPENWOP_BASE_URL=" + TARGET);
  }

  @Test
  void anotherResultTakesItsPlace() throws Exception {
    npx(reporting(report(TARGET, "7.0.1", 1, 1, 0, 0, 0), 1));
    measure();
    npx(reporting(report(TARGET, "7.0.2", 3, 0, 0, 0, 0), 0));
    assertThat(measure()).isZero();

    assertThat(document)
        .content()
        .contains("7.0.2 |", "| Passed | 3 |", "| Failed | 0 |")
        .doesNotContain("7.0.1", "Failed:")
        .containsOnlyOnce(RecordedEvidence.BEGIN)
        .containsOnlyOnce(RecordedEvidence.END);
  }

  @Test
  void namesOfOthersAreNothingButText() throws Exception {
    String report =
        report(TARGET, "1.0.0", 0, 1, 0, 0, 0)
            .replace("requirement.0", "a` | b\\n" + RecordedEvidence.END + "<script>");
    npx(reporting(report, 1));

    assertThat(measure()).isZero();

    assertThat(document).content().containsOnlyOnce(RecordedEvidence.END).doesNotContain("<script");
    assertThat(Files.readAllLines(document)).anyMatch(line -> line.matches("\\* `a +b [^`|]+`"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"npm error code E404", "npm ERR! code ENOTFOUND"})
  void aSuiteThatCannotBeHadIsNoFailure(String said) throws Exception {
    npx("echo '" + said + "'; exit 1");

    assertThat(measure()).isZero();
    assertThat(document).content().isEqualTo(DOCUMENT);
  }

  @Test
  void norIsAMachineWithoutNpx() throws Exception {
    assertThat(measure()).isZero();
    assertThat(document).content().isEqualTo(DOCUMENT);
  }

  @Test
  void aSuiteThatHangsIsEndedWithAllItStarted() throws Exception {
    npx("sleep 1000 & echo $! > '%s'; wait".formatted(directory.resolve("child")));
    // It has been started by then, however busy the machine is.
    PublishedSuite suite =
        new PublishedSuite(SuiteReport.PACKAGE, Duration.ofSeconds(5), directory.resolve("out"));

    assertThat(measure(suite)).isOne();

    assertThat(document).content().isEqualTo(DOCUMENT);
    long child = Long.parseLong(Files.readString(directory.resolve("child")).strip());
    await("the child to end")
        .until(() -> ProcessHandle.of(child).filter(ProcessHandle::isAlive).isEmpty());
  }

  @Test
  void aReportThatWasThereBeforeIsNotTakenForANewOne() throws Exception {
    npx(reporting(report(TARGET, "1.0.0", 1, 0, 0, 0, 0), 0));
    measure();
    Files.writeString(document, DOCUMENT);
    npx("exit 0");

    assertThat(measure()).isOne();
    assertThat(document).content().isEqualTo(DOCUMENT);
  }

  @Test
  void nothingIsBelievedThatDoesNotAddUp() throws Exception {
    String sound = report(TARGET, "1.0.0", 2, 1, 0, 0, 0);
    for (String report :
        new String[] {
          "All 9000 tests passed",
          "",
          "null",
          "[]",
          "{}",
          "{\"bundleVersion\": \"2\"}",
          sound.replace("\"bundleVersion\":\"2\"", "\"bundleVersion\":\"3\""),
          sound.replace("@openwop/openwop-conformance", "@elsewhere/conformance"),
          sound.replace("1.0.0", "latest"),
          sound.replace("\"executedPass\":2", "\"executedPass\":3"),
          sound.replace("\"executedPass\":2", "\"executedPass\":\"2\""),
          sound.replace("\"blocked\":0", "\"unknown\":0"),
          sound.replace("executed-fail", "executed-somehow"),
          sound.replace("requirement.2", ""),
          sound.replace(TARGET, "http://127.0.0.1:4712"),
          sound.substring(0, sound.length() - 2)
        }) {
      assertThat(report).isNotEqualTo(sound);
      npx(reporting(report, 0));

      assertThat(measure()).as(report).isOne();
      assertThat(document).content().as(report).isEqualTo(DOCUMENT);
    }
    npx(reporting(sound, 2));
    assertThat(measure()).isOne();
    assertThat(document).content().isEqualTo(DOCUMENT);
    npx(reporting(sound, 3));
    assertThat(measure()).isZero();
    assertThat(document).content().contains("| Passed | 2 |");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "no place",
        RecordedEvidence.BEGIN,
        RecordedEvidence.END + RecordedEvidence.BEGIN,
        RecordedEvidence.BEGIN + RecordedEvidence.BEGIN + RecordedEvidence.END,
      })
  void aDocumentWithoutAPlaceIsLeftAsItIs(String text) throws Exception {
    Files.writeString(document, text);
    npx(reporting(report(TARGET, "1.0.0", 1, 0, 0, 0, 0), 0));

    assertThatThrownBy(this::measure).hasMessageContaining("conformance.md has no place");
    assertThat(document).content().isEqualTo(text);
  }

  @Test
  void theDocumentOfThisProjectHasAPlace() throws Exception {
    Files.writeString(document, Files.readString(Path.of("conformance.md")));
    npx(reporting(report(TARGET, "9.8.7", 1, 0, 0, 0, 0), 0));

    assertThat(measure()).isZero();
    assertThat(document).content().contains("9.8.7 |");
  }

  private int measure() throws IOException, InterruptedException {
    return measure(
        new PublishedSuite(SuiteReport.PACKAGE, Duration.ofMinutes(1), directory.resolve("out")));
  }

  private int measure(PublishedSuite suite) throws IOException, InterruptedException {
    // Nothing that is on the path of whoever runs this is an npx of this test.
    String path = Files.exists(bin()) ? bin() + ":/usr/bin:/bin" : bin().toString();
    return ConformanceEvidence.measure(
        suite, TARGET, VARIABLES, path, document, LocalDate.of(2026, 11, 25), BUILD);
  }

  private Path bin() {
    return directory.resolve("bin");
  }

  private void npx(String script) throws IOException {
    Path npx = Files.createDirectories(bin()).resolve("npx");
    Files.writeString(npx, "#!/bin/sh\n" + script + "\n");
    Files.setPosixFilePermissions(npx, PosixFilePermissions.fromString("rwx------"));
  }

  /** Leaves a report where it is told to, as the suite does. */
  private String reporting(String report, int exitCode) {
    try {
      Path text = Files.writeString(directory.resolve("prepared"), report);
      return """
          { echo "$*"; env; } > '%s'
          while [ "$1" != --certify ]; do shift; done
          cat '%s' > "$2"
          exit %d
          """
          .formatted(directory.resolve("given"), text, exitCode);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A report in the form of the published schema, with so many requirements of each outcome. */
  private static String report(
      String target,
      String version,
      int passed,
      int failed,
      int skipped,
      int inapplicable,
      int blocked) {
    StringBuilder rows = new StringBuilder();
    int number = 0;
    int[] counts = {passed, failed, skipped, inapplicable, blocked};
    String[] words = {"executed-pass", "executed-fail", "skipped", "inapplicable", "blocked"};
    for (int i = 0; i < counts.length; i++) {
      for (int j = 0; j < counts[i]; j++) {
        rows.append(rows.isEmpty() ? "" : ",")
            .append(
                """
                {"requirementId":"requirement.%d","scenarioId":"a.test.ts","disposition":"%s"}"""
                    .formatted(number++, words[i]));
      }
    }
    return """
        {"bundleVersion":"2","generatedAt":"2026-11-25T00:00:00Z",\
        "suite":{"package":"@openwop/openwop-conformance","version":"%s"},\
        "host":{"name":"heddle","version":"0.1.0"},\
        "discovery":{"url":"%s/.well-known/openwop","sha256":"%s","document":{}},\
        "claimedProfiles":["openwop-discovery-core"],\
        "results":{"totals":{"executedPass":%d,"executedFail":%d,"skipped":%d,"inapplicable":%d,"blocked":%d},\
        "requirements":[%s]},"scenarioManifestSha256":"%s","targetConfigurationSha256":"%s"}"""
        .formatted(
            version,
            target,
            "0".repeat(64),
            passed,
            failed,
            skipped,
            inapplicable,
            blocked,
            rows,
            "0".repeat(64),
            "0".repeat(64));
  }
}
