package io.heddle;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.web.ErrorCode;
import io.heddle.web.v1.V1Errors;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the documents name is there, and what there is to set is named. */
class TheDocumentsTellTheTruthTest {

  private static final Path OPERATIONS = Path.of("src/main/docs/operations.md");

  private static final Pattern LINK = Pattern.compile("]\\(([^)\\s]+)\\)");

  private static final Pattern HEADING = Pattern.compile("^#+ (.+)$", Pattern.MULTILINE);

  private static final Pattern CODE = Pattern.compile("`([^`\n]+)`");

  private static final Pattern PROPERTY = Pattern.compile("openwop\\.[a-z0-9.-]+");

  private static final Pattern FILE = Pattern.compile("(?:src|\\.ci)/[A-Za-z0-9_./-]+");

  private static final Pattern TEST = Pattern.compile("-Dtest=([A-Za-z]+)");

  private static final Pattern TEST_CLASS = Pattern.compile("[A-Z][A-Za-z]+Test");

  private static final Pattern REQUEST_ERROR =
      Pattern.compile("^\\| `([A-Za-z_]+)` \\| (\\d{3}) \\|", Pattern.MULTILINE);

  private static final Pattern RUN_ERROR =
      Pattern.compile(
          "^\\| `((?:heddle\\.)?[a-z]+(?:_[a-z]+)+)`(?: \\*)? \\| \\D", Pattern.MULTILINE);

  private static final Pattern OWN_RUN_ERROR = Pattern.compile("\"(heddle\\.[a-z]+(?:_[a-z]+)+)\"");

  private static final Pattern TABLE =
      Pattern.compile("^create table ([a-z_]+)", Pattern.MULTILINE);

  private static final Pattern TABLE_ROW =
      Pattern.compile("^\\| `([a-z_]+)` \\|", Pattern.MULTILINE);

  private static final Pattern ROUTE =
      Pattern.compile("(?:(GET|POST|PUT|DELETE) )?(/v1/[A-Za-z0-9_./{}:-]+)");

  private static final Pattern ROW =
      Pattern.compile("^\\| (`openwop\\.[^|]+)\\|([^|]*)\\|", Pattern.MULTILINE);

  static Stream<Path> documents() throws IOException {
    try (Stream<Path> docs = Files.walk(Path.of("src/main"))) {
      return Stream.concat(
          Stream.of("README.md", "CHANGELOG.md", "conformance.md", "INTEROP-MATRIX-row.md")
              .map(Path::of),
          docs.filter(path -> path.toString().endsWith(".md")))
          .toList()
          .stream();
    }
  }

  @ParameterizedTest
  @MethodSource("documents")
  void everyLinkLeadsSomewhere(Path document) {
    for (String link : found(LINK, 1, read(document))) {
      if (link.startsWith("http")) {
        continue;
      }
      String[] parts = link.split("#", 2);
      Path target = parts[0].isEmpty() ? document : document.resolveSibling(parts[0]).normalize();
      assertThat(target).as(link).exists();
      if (parts.length > 1) {
        assertThat(anchors(target)).as(link).contains(parts[1]);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("documents")
  void everyFileTestRouteAndPropertyIsThere(Path document) {
    String text = read(document);
    TreeMap<String, String> settings = settings();
    TreeSet<String> routes = routes();
    List<String> groups = settings.keySet().stream().map(name -> name.split("[.]")[1]).toList();
    for (String file : found(FILE, 0, text)) {
      assertThat(Path.of(file.replaceFirst("[.]$", ""))).exists();
    }
    for (String test : found(TEST, 1, text)) {
      assertThat(sources()).as(test).contains(test + ".java");
    }
    for (String code : found(CODE, 1, text)) {
      if (TEST_CLASS.matcher(code).matches()) {
        assertThat(sources()).as(code).contains(code + ".java");
      }
      // Spans and meters have names that begin like those of settings.
      for (String property :
          found(PROPERTY, 0, code).stream()
              .filter(name -> groups.contains(name.split("[.]")[1]))
              .toList()) {
        assertThat(settings.keySet())
            .as(property)
            .anyMatch(
                name ->
                    name.equals(property)
                        || name.startsWith(property.replaceFirst("[.]?$", "."))
                        || property.startsWith(name + "."));
      }
      for (MatchResult route : ROUTE.matcher(code).results().toList()) {
        assertThat(routes).as(code).anyMatch(path -> fits(route.group(2), path));
      }
    }
  }

  @Test
  void everySettingIsInTheTableWithItsDefault() {
    Map<String, String> table = new LinkedHashMap<>();
    for (MatchResult row : ROW.matcher(read(Path.of("README.md"))).results().toList()) {
      List<String> names = new ArrayList<>();
      for (String name : found(CODE, 1, row.group(1))) {
        names.add(
            name.startsWith(".")
                ? names.get(0).substring(0, names.get(0).lastIndexOf('.')) + name
                : name);
      }
      String value = row.group(2).strip();
      names.forEach(name -> table.put(name.replaceFirst("[.]<.*$", ""), value));
    }

    TreeMap<String, String> settings = settings();
    assertThat(table.keySet()).containsExactlyInAnyOrderElementsOf(settings.keySet());
    settings.forEach(
        (name, value) -> {
          if (!value.isEmpty() && table.get(name).startsWith("`")) {
            assertThat(found(CODE, 1, table.get(name))).as(name).contains(value);
          }
        });
  }

  @Test
  void everyErrorOfARequestIsExplainedWithItsStatus() {
    V1Errors spelling = new V1Errors();
    Map<String, String> expected = new TreeMap<>();
    for (ErrorCode code : ErrorCode.values()) {
      expected.put(spelling.code(code), String.valueOf(spelling.status(code)));
    }

    Map<String, String> explained = new TreeMap<>();
    REQUEST_ERROR
        .matcher(read(OPERATIONS))
        .results()
        .forEach(row -> explained.put(row.group(1), row.group(2)));
    assertThat(explained).isEqualTo(expected);
  }

  @Test
  void everyErrorOfARunIsExplained() {
    String sources = contents(Path.of("src/main/java"), ".java");
    List<String> explained = found(RUN_ERROR, 1, read(OPERATIONS));

    assertThat(explained).doesNotHaveDuplicates().containsAll(found(OWN_RUN_ERROR, 1, sources));
    assertThat(explained).allSatisfy(code -> assertThat(sources).contains('"' + code + '"'));
  }

  @Test
  void everyTableOfTheDatabaseIsExplained() {
    String page = read(Path.of("src/main/docs/architecture.md"));
    String tables = page.substring(page.indexOf("## Tables"), page.indexOf("## Tests"));

    assertThat(found(TABLE_ROW, 1, tables))
        .containsExactlyInAnyOrderElementsOf(
            found(TABLE, 1, contents(Path.of("src/main/resources/db/openwop"), ".sql")));
  }

  /** A path as a document writes it, perhaps with values in place of names. */
  private static boolean fits(String written, String path) {
    String[] given = written.replaceFirst("[.:]$", "").split("/");
    String[] known = path.split("/");
    if (given.length > known.length) {
      return false;
    }
    for (int i = 0; i < given.length; i++) {
      boolean variable = known[i].startsWith("{") && known[i].endsWith("}");
      if (!variable && !given[i].equals(known[i]) && !given[i].startsWith("{")) {
        return false;
      }
    }
    // The beginning of a path stands for all below it.
    return given.length == known.length || written.endsWith("/");
  }

  private static TreeMap<String, String> settings() {
    TreeMap<String, String> settings = new TreeMap<>();
    for (JsonNode property :
        resource("META-INF/spring-configuration-metadata.json").get("properties")) {
      String name = property.get("name").asString();
      if (name.startsWith("openwop.")) {
        JsonNode value = property.get("defaultValue");
        settings.put(name, value == null ? "" : asWritten(value.asString()));
      }
    }
    return settings;
  }

  /** A list as a properties file spells it. */
  private static String asWritten(String value) {
    return value.startsWith("[") ? value.replaceAll("[\\[\\] ]", "") : value;
  }

  private static TreeSet<String> routes() {
    TreeSet<String> routes = new TreeSet<>();
    JsonNode paths = resource("io/heddle/web/v1/openapi-v1.json").get("paths");
    paths.propertyNames().forEach(routes::add);
    routes.add("/v1/openapi.json");
    return routes;
  }

  private static JsonNode resource(String name) {
    try (InputStream in = HeddleApplication.class.getClassLoader().getResourceAsStream(name)) {
      return JsonMapper.shared().readTree(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> sources() {
    try (Stream<Path> files = Files.walk(Path.of("src/test"))) {
      return files.map(path -> path.getFileName().toString()).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String contents(Path directory, String ending) {
    try (Stream<Path> files = Files.walk(directory)) {
      return files
          .filter(path -> path.toString().endsWith(ending))
          .map(TheDocumentsTellTheTruthTest::read)
          .collect(Collectors.joining("\n"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> anchors(Path document) {
    return found(HEADING, 1, read(document)).stream()
        .map(
            heading ->
                heading.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9 -]", "").replace(' ', '-'))
        .toList();
  }

  private static List<String> found(Pattern pattern, int group, String text) {
    return pattern.matcher(text).results().map(result -> result.group(group)).toList();
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
