package io.heddle;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.heddle.claim.DatabaseClock;
import io.heddle.run.Ids;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.core.io.Resource;
import org.springframework.core.io.support.PathMatchingResourcePatternResolver;

/** Who may know whom. */
class ArchitectureTest {

  private static final JavaClasses HOST =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("io.heddle");

  // What only a wire mapping may spell: a path of a major, an event type, a header of the protocol.
  private static final Pattern WIRE =
      Pattern.compile("/v\\d/|\\b(?:run|node|cap)\\.[a-z]+(?:-[a-z]+)*\\b|openwop-Idempotent");

  private static final Set<String> CLOCKS =
      Set.of(
          "java.lang.System.currentTimeMillis",
          "java.time.Instant.now",
          "java.time.LocalDate.now",
          "java.time.LocalDateTime.now",
          "java.time.OffsetDateTime.now",
          "java.time.ZonedDateTime.now",
          "java.time.InstantSource.system",
          "java.time.Clock.system",
          "java.time.Clock.systemUTC",
          "java.time.Clock.systemDefaultZone",
          "java.time.Clock.tickMillis",
          "java.time.Clock.tickSeconds",
          "java.time.Clock.tickMinutes");

  @Test
  void nothingDependsOnTheEdges() {
    noClasses()
        .that(
            resideInAPackage("io.heddle..")
                .and(not(resideInAnyPackage("io.heddle.autoconfigure", "io.heddle"))))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.heddle.postgres..", "io.heddle.autoconfigure..")
        .because("features know ports, and only the auto-configuration knows who implements them")
        .check(outside("io.heddle.postgres"));
    noClasses()
        .that()
        .resideOutsideOfPackages("io.heddle.web..", "io.heddle.autoconfigure", "io.heddle")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("io.heddle.web..")
        .check(HOST);
    noClasses()
        .that()
        .resideInAPackage("io.heddle.web")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("io.heddle.web.v*..")
        .because("a major can be removed by deleting its package")
        .check(HOST);
  }

  @Test
  void featuresDoNotDependOnEachOtherInCircles() {
    slices().matching("io.heddle.(*)..").should().beFreeOfCycles().check(HOST);
  }

  @Test
  void theRunKnowsOnlyValues() {
    classes()
        .that()
        .resideInAPackage("io.heddle.run")
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "io.heddle.run",
            "io.heddle.spi",
            "io.heddle.tenancy",
            "io.heddle.json",
            "java..",
            "org.jspecify..")
        .check(HOST);
  }

  @Test
  void theSpiKnowsTheJdkOnly() {
    classes()
        .that()
        .resideInAPackage("io.heddle.spi")
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage("io.heddle.spi", "java..", "org.jspecify..")
        .check(HOST);
  }

  @Test
  void onlyThePostgresPackageSpeaksSql() {
    noClasses()
        .that()
        .resideOutsideOfPackages("io.heddle.postgres", "io.heddle.autoconfigure")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.springframework.jdbc..", "java.sql..", "javax.sql..")
        .check(HOST);
  }

  @Test
  void onlyEgressOpensOutboundConnections() {
    noClasses()
        .that()
        .resideOutsideOfPackage("io.heddle.egress")
        // The embedded server's start looks whether its port is free.
        .and()
        .haveNameNotMatching("io\\.heddle\\.autoconfigure\\.ServerStart.*")
        .should()
        .dependOnClassesThat(
            resideInAnyPackage(
                    "java.net.http..",
                    "org.apache.hc..",
                    "org.springframework.http.client..",
                    "org.springframework.web.client..")
                .or(
                    describe(
                        "are sockets or connections",
                        type ->
                            type.getName().matches("javax?\\.(net|nio\\.channels)\\..*")
                                && (type.getName().contains("Socket")
                                    || type.getName().contains("Connection")))))
        .check(HOST);
  }

  @Test
  void onlyTheDatabaseTellsTheTime() {
    noClasses()
        .that()
        .doNotBelongToAnyOf(
            // Until the database has told it.
            DatabaseClock.class,
            // Ids are ordered by it, roughly, and nothing else.
            Ids.class)
        .and()
        // Credentials end by the clocks of those who made them; a directory is named.
        .haveNameNotMatching(
            "io\\.heddle\\.autoconfigure\\.((ApiKeys|Tokens)AutoConfiguration|ServerStart).*")
        .should()
        .accessTargetWhere(
            describe(
                "is the clock of the machine",
                access ->
                    CLOCKS.contains(
                        access.getTargetOwner().getName() + "." + access.getTarget().getName())))
        .because("leases, timers and deadlines of hosts with different clocks have to agree")
        .check(HOST);
  }

  @Test
  void autoConfigurationsAreFinal() {
    classes()
        .that()
        .areAnnotatedWith(AutoConfiguration.class)
        .should()
        .haveModifier(JavaModifier.FINAL)
        .check(HOST);
  }

  @Test
  void theEngineSpellsNothingOfTheWire() throws IOException {
    List<String> spelled = new ArrayList<>();
    int classes = 0;
    for (String feature : List.of("engine", "claim", "stream", "idempotency", "run")) {
      for (Resource type :
          new PathMatchingResourcePatternResolver()
              .getResources("classpath*:io/heddle/" + feature + "/**/*.class")) {
        if (type.getURL().getPath().contains("test-classes")) {
          continue;
        }
        classes++;
        try (InputStream in = type.getInputStream()) {
          // Constants stand in a class file as they are written.
          String constants = new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
          WIRE.matcher(constants)
              .results()
              .forEach(found -> spelled.add(type.getFilename() + ": " + found.group()));
        }
      }
    }
    assertThat(classes).isGreaterThan(20);
    assertThat(spelled).isEmpty();
  }

  private static JavaClasses outside(String excluded) {
    return HOST.that(not(resideInAPackage(excluded)));
  }
}
