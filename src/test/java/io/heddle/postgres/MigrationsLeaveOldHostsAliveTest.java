package io.heddle.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Hosts of the release before serve while a newer one migrates the schema, and after that until
 * they are replaced; so a migration only adds what their statements do not meet, or says in its
 * name that it does not.
 */
class MigrationsLeaveOldHostsAliveTest {

  /** Of the first release, before which there was no host. */
  private static final int LAST_OF_THE_FIRST_RELEASE = 199;

  private static final Pattern NAME = Pattern.compile("V(\\d+)__([a-z0-9_]+)\\.sql");

  private static final Pattern COMMENT = Pattern.compile("--[^\n]*|/\\*.*?\\*/", Pattern.DOTALL);

  /** What takes something away, renames it, or refuses what was good enough before. */
  private static final Pattern TAKES_AWAY =
      Pattern.compile(
          "\\bdrop\\s+(?!default\\b|not\\s+null\\b)|\\brename\\b|\\btruncate\\b|\\bdelete\\s+from\\b"
              + "|\\bset\\s+not\\s+null\\b|\\balter\\s+(?:column\\s+)?\\w+\\s+(?:set\\s+data\\s+)?type\\b"
              + "|\\badd\\s+(?:constraint|check|unique|primary|foreign|exclude)\\b"
              + "|\\bcreate\\s+unique\\s+index\\b|\\bcreate\\s+(?:or\\s+replace\\s+)?(?:trigger|rule)\\b");

  private static final Pattern ADDED_COLUMN =
      Pattern.compile("\\badd\\s+(?:column\\s+)?(?:if\\s+not\\s+exists\\s+)?([^,;]+)");

  @Test
  void everyMigrationOnlyAddsOrSaysThatItDoesNot() throws IOException {
    List<String> faults;
    try (Stream<Path> files = Files.list(Path.of("src/main/resources/db/openwop"))) {
      faults =
          files
              .filter(file -> fault(file.getFileName().toString(), read(file)))
              .map(String::valueOf)
              .toList();
    }
    assertThat(faults).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "drop table run",
        "alter table run drop column a",
        "alter table run rename column a to b",
        "ALTER TABLE run RENAME TO runs",
        "alter table run alter column a type bigint",
        "alter table run alter a set data type bigint",
        "alter table run alter column a set not null",
        "alter table run add column a text not null",
        "alter table run add column a text unique",
        "alter table run add column a text check (a > '')",
        "alter table run\n  add constraint positive check (a > 0)",
        "create unique index on run (a)",
        "truncate run",
        "delete from run",
        "create trigger t before insert on run execute function f()",
        "create table t (id text);\ndrop index run_by_a"
      })
  void whatTakesAwayIsRefusedUnlessItIsCalledBreaking(String statement) {
    assertThat(fault("V200__tidy.sql", statement)).isTrue();
    assertThat(fault("V200__breaking_tidy.sql", statement)).isFalse();
    assertThat(fault("V199__tidy.sql", statement)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "create table t (id text primary key, a text not null check (a > ''))",
        "alter table run add column a text",
        "alter table run add column a text not null default 'x'",
        "alter table run alter column a drop not null",
        "alter table run alter column a drop default",
        "create index on run (a)",
        "-- Nobody shall drop table run.\ncreate index on run (a)",
        "update run set a = 'x' where a is null"
      })
  void whatAddsIsTaken(String statement) {
    assertThat(fault("V200__more.sql", statement)).isFalse();
  }

  @Test
  void namesAreOfTheFormThatTheHistoryKeeps() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("src/main/resources/db/openwop"))) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .isNotEmpty()
          .allSatisfy(name -> assertThat(name).matches(NAME));
    }
  }

  private static boolean fault(String name, String sql) {
    Matcher parts = NAME.matcher(name);
    if (!parts.matches()
        || Integer.parseInt(parts.group(1)) <= LAST_OF_THE_FIRST_RELEASE
        || parts.group(2).startsWith("breaking_")) {
      return false;
    }
    String statements = COMMENT.matcher(sql.toLowerCase(Locale.ROOT)).replaceAll("");
    return TAKES_AWAY.matcher(statements).find()
        || ADDED_COLUMN
            .matcher(statements)
            .results()
            .map(MigrationsLeaveOldHostsAliveTest::definition)
            .anyMatch(MigrationsLeaveOldHostsAliveTest::refusesOldRows);
  }

  private static String definition(MatchResult column) {
    return column.group(1);
  }

  /** Statements of older hosts do not name the column. */
  private static boolean refusesOldRows(String definition) {
    return definition.matches("(?s).*\\b(unique|check|references|primary)\\b.*")
        || definition.matches("(?s).*\\bnot\\s+null\\b.*")
            && !definition.matches("(?s).*\\bdefault\\b.*");
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
