package io.heddle.evidence;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a run of the published suite came to: its certification bundle in version 2, the only form
 * of its results that the command line of the suite offers to programs.
 *
 * @param suiteVersion of the package that measured
 * @param target where the suite found the discovery document it was told to look for
 * @param totals how many requirements came to what
 * @param failed the requirements that were executed and not met, in the order of the report
 * @param blocked those that could not be checked, likewise
 */
record SuiteReport(
    String suiteVersion,
    String target,
    Map<Disposition, Integer> totals,
    List<String> failed,
    List<String> blocked) {

  static final String PACKAGE = "@openwop/openwop-conformance";

  /** What became of a requirement. */
  enum Disposition {
    PASSED("executed-pass", "executedPass"),
    FAILED("executed-fail", "executedFail"),
    SKIPPED("skipped", "skipped"),
    INAPPLICABLE("inapplicable", "inapplicable"),
    BLOCKED("blocked", "blocked");

    private final String word;

    private final String total;

    Disposition(String word, String total) {
      this.word = word;
      this.total = total;
    }
  }

  /** A file that is not such a report, or contradicts itself. */
  static final class MalformedException extends Exception {

    private static final long serialVersionUID = 1L;

    MalformedException(String message) {
      super(message);
    }
  }

  /**
   * Reads a report and believes nothing of it that does not add up.
   *
   * @throws MalformedException if it cannot be relied on
   */
  static SuiteReport read(Path file) throws MalformedException {
    JsonNode bundle = json(file);
    require(bundle.at("/bundleVersion").asString("").equals("2"), "is no bundle of version 2");
    require(bundle.at("/suite/package").asString("").equals(PACKAGE), "is of another suite");
    String version = bundle.at("/suite/version").asString("");
    require(version.matches("\\d+\\.\\d+\\.\\d+"), "names no version of its suite");
    JsonNode rows = bundle.at("/results/requirements");
    require(rows.isArray() && !rows.isEmpty(), "has no requirement in it");

    Map<Disposition, Integer> counted = new EnumMap<>(Disposition.class);
    Map<Disposition, Integer> totals = new EnumMap<>(Disposition.class);
    for (Disposition disposition : Disposition.values()) {
      counted.put(disposition, 0);
      JsonNode total = bundle.at("/results/totals").path(disposition.total);
      require(total.isIntegralNumber(), "does not say how many are " + disposition.word);
      totals.put(disposition, total.asInt());
    }
    List<String> failed = new ArrayList<>();
    List<String> blocked = new ArrayList<>();
    for (JsonNode row : rows) {
      Disposition disposition = disposition(row.path("disposition").asString(""));
      counted.merge(disposition, 1, Integer::sum);
      String name = row.path("requirementId").asString("");
      require(!name.isEmpty(), "has a requirement without a name");
      if (disposition == Disposition.FAILED) {
        failed.add(name);
      } else if (disposition == Disposition.BLOCKED) {
        blocked.add(name);
      }
    }
    require(counted.equals(totals), "counts otherwise than its rows");
    return new SuiteReport(
        version, bundle.at("/discovery/url").asString(""), totals, failed, blocked);
  }

  private static JsonNode json(Path file) throws MalformedException {
    try {
      return JsonMapper.shared().readTree(Files.readString(file));
    } catch (IOException | JacksonException e) {
      throw new MalformedException("is no JSON");
    }
  }

  private static Disposition disposition(String word) throws MalformedException {
    for (Disposition disposition : Disposition.values()) {
      if (disposition.word.equals(word)) {
        return disposition;
      }
    }
    throw new MalformedException("knows an outcome that this does not");
  }

  private static void require(boolean holds, String fault) throws MalformedException {
    if (!holds) {
      throw new MalformedException(fault);
    }
  }
}
