package io.heddle;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The diagram and the table of packages in the documents are those of the code. */
class ThePackagesAreAsDrawnTest {

  private static final Path PAGE = Path.of("src/main/docs/architecture.md");

  private static final Pattern PACKAGE = Pattern.compile("io\\.heddle\\.([a-z]+).*");

  private static final Pattern ARROW =
      Pattern.compile("^ +([a-z]+) --> ([a-z]+(?: & [a-z]+)*)$", Pattern.MULTILINE);

  private static final Pattern ROW = Pattern.compile("^\\| `([a-z]+)` \\|", Pattern.MULTILINE);

  private static final JavaClasses HOST =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("io.heddle");

  @Test
  void everyArrowIsADependencyThatNoOtherArrowsImply() throws IOException {
    TreeMap<String, Set<String>> drawn = new TreeMap<>();
    for (MatchResult arrow : ARROW.matcher(Files.readString(PAGE)).results().toList()) {
      drawn
          .computeIfAbsent(arrow.group(1), name -> new TreeSet<>())
          .addAll(Set.of(arrow.group(2).split(" & ")));
    }

    assertThat(drawn).isEqualTo(reduced(dependencies()));
  }

  @Test
  void everyPackageIsInTheTable() throws IOException {
    String page = Files.readString(PAGE);
    String packages = page.substring(page.indexOf("## Packages"), page.indexOf("## Tables"));

    assertThat(ROW.matcher(packages).results().map(row -> row.group(1)))
        .containsExactlyInAnyOrderElementsOf(dependencies().keySet());
  }

  /** The packages that each package uses; those below a package count as part of it. */
  private static TreeMap<String, Set<String>> dependencies() {
    TreeMap<String, Set<String>> dependencies = new TreeMap<>();
    for (JavaClass type : HOST) {
      String from = feature(type);
      if (from == null) {
        continue;
      }
      Set<String> used = dependencies.computeIfAbsent(from, name -> new TreeSet<>());
      for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
        String to = feature(dependency.getTargetClass());
        if (to != null && !to.equals(from)) {
          used.add(to);
        }
      }
    }
    return dependencies;
  }

  private static String feature(JavaClass type) {
    var matcher = PACKAGE.matcher(type.getPackageName());
    return matcher.matches() ? matcher.group(1) : null;
  }

  /** What remains when everything is left out that follows from the rest. */
  private static TreeMap<String, Set<String>> reduced(TreeMap<String, Set<String>> dependencies) {
    TreeMap<String, Set<String>> reduced = new TreeMap<>();
    dependencies.forEach(
        (from, used) -> {
          Set<String> left = new TreeSet<>(used);
          left.removeIf(
              to -> used.stream().anyMatch(other -> leads(dependencies, other, to, false)));
          if (!left.isEmpty()) {
            reduced.put(from, left);
          }
        });
    return reduced;
  }

  private static boolean leads(
      TreeMap<String, Set<String>> dependencies, String from, String to, boolean arrived) {
    return arrived
        || dependencies.getOrDefault(from, Set.of()).stream()
            .anyMatch(next -> leads(dependencies, next, to, next.equals(to)));
  }
}
