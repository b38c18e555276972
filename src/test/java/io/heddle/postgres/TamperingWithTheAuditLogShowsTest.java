package io.heddle.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.heddle.audit.Anomaly;
import io.heddle.audit.AuditReport;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.AuditChain;
import io.heddle.testkit.PostgresPerJvm;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.dao.DataAccessException;

/** Twelve entries, checkpoints at 5 and 10, and somebody who may do anything to the database. */
class TamperingWithTheAuditLogShowsTest {

  private static final Tenant ACME = new Tenant("acme");

  private static final Tenant GLOBEX = new Tenant("globex");

  private static final String MOVE =
      "update openwop.audit_entry set sequence = %d where tenant_id = 'acme' and sequence = %d";

  private AuditChain chain;

  @BeforeEach
  void fill() {
    chain = AuditChain.on(PostgresPerJvm.freshDatabase(), 5);
    chain.fill(ACME, 12);
    chain.fill(GLOBEX, 7);
    assertThat(chain.verify(ACME).anomalies()).isEmpty();
    assertThat(chain.verify(ACME).checkpoints())
        .extracting(checkpoint -> checkpoint.atSequence())
        .containsExactly(5L, 10L);
  }

  static Stream<Arguments> tampering() {
    String acme = " where tenant_id = 'acme'";
    return Stream.of(
        Arguments.of(
            "an entry is changed",
            List.of(
                "update openwop.audit_entry set entry = replace(entry, 'somebody', 'nobody')"
                    + acme
                    + " and sequence = 3"),
            List.of("HashMismatch 3", "ChainBreak 4", "MerkleMismatch 5")),
        Arguments.of(
            "an entry is changed with its hash",
            List.of(
                "update openwop.audit_entry set entry = replace(entry, 'somebody', 'nobody')"
                    + acme
                    + " and sequence = 3",
                "update openwop.audit_entry set hash = encode(sha256(entry::bytea), 'hex')"
                    + acme
                    + " and sequence = 3"),
            List.of("ChainBreak 4", "MerkleMismatch 5")),
        Arguments.of(
            "the last entry is changed with its hash",
            List.of(
                "update openwop.audit_entry set entry = replace(entry, 'somebody', 'nobody')"
                    + acme
                    + " and sequence = 12",
                "update openwop.audit_entry set hash = encode(sha256(entry::bytea), 'hex')"
                    + acme
                    + " and sequence = 12"),
            List.of("HashMismatch 12")),
        Arguments.of(
            "an entry names no predecessor",
            List.of(
                "update openwop.audit_entry set"
                    + " entry = regexp_replace(entry, ',\"prevHash\":\"[0-9a-f]+\"', '')"
                    + acme
                    + " and sequence = 4"),
            List.of("HashMismatch 4", "ChainBreak 4", "ChainBreak 5", "MerkleMismatch 5")),
        Arguments.of(
            "an entry is no entry any more",
            List.of("update openwop.audit_entry set entry = 'gone'" + acme + " and sequence = 4"),
            List.of("HashMismatch 4", "ChainBreak 4", "ChainBreak 5", "MerkleMismatch 5")),
        Arguments.of(
            "an entry is deleted",
            List.of("delete from openwop.audit_entry" + acme + " and sequence = 7"),
            List.of("MissingEntry 7", "MerkleMismatch 10")),
        Arguments.of(
            "an entry is deleted and the rest moved up",
            List.of(
                "delete from openwop.audit_entry" + acme + " and sequence = 7",
                "update openwop.audit_entry set sequence = sequence + 100"
                    + acme
                    + " and sequence > 7",
                "update openwop.audit_entry set sequence = sequence - 101"
                    + acme
                    + " and sequence > 100"),
            List.of(
                "HashMismatch 7",
                "ChainBreak 7",
                "HashMismatch 8",
                "HashMismatch 9",
                "HashMismatch 10",
                "MerkleMismatch 10",
                "HashMismatch 11",
                "MissingEntry 12")),
        Arguments.of(
            "two entries change places",
            List.of(MOVE.formatted(99, 2), MOVE.formatted(2, 3), MOVE.formatted(3, 99)),
            List.of(
                "HashMismatch 2",
                "ChainBreak 2",
                "HashMismatch 3",
                "ChainBreak 3",
                "ChainBreak 4",
                "MerkleMismatch 5")),
        Arguments.of(
            "the end is cut off",
            List.of("delete from openwop.audit_entry" + acme + " and sequence > 10"),
            List.of("MissingEntry 11")),
        Arguments.of(
            "the end is cut off with its checkpoint",
            List.of(
                "delete from openwop.audit_entry" + acme + " and sequence > 7",
                "delete from openwop.audit_checkpoint" + acme + " and at_sequence > 7"),
            List.of("MissingEntry 8", "MerkleMismatch 10")),
        Arguments.of(
            "everything is deleted but where it ends",
            List.of(
                "delete from openwop.audit_entry" + acme,
                "delete from openwop.audit_checkpoint" + acme),
            List.of("MissingEntry 1", "MerkleMismatch 10")),
        Arguments.of(
            "an entry of another tenant is put in",
            List.of(
                "delete from openwop.audit_entry" + acme + " and sequence = 1",
                "insert into openwop.audit_entry select 'acme', sequence, entry, hash, 1000"
                    + " from openwop.audit_entry where tenant_id = 'globex' and sequence = 1"),
            List.of("HashMismatch 1", "ChainBreak 2", "MerkleMismatch 5")),
        Arguments.of(
            "an entry is put behind the end",
            List.of(
                "insert into openwop.audit_entry select tenant_id, 13, entry, hash, 1000"
                    + " from openwop.audit_entry"
                    + acme
                    + " and sequence = 12"),
            List.of("HashMismatch 13", "ChainBreak 13", "HashMismatch 13")),
        Arguments.of(
            "the root of a checkpoint is changed",
            List.of(
                "update openwop.audit_checkpoint set merkle_root = repeat('0', 64)"
                    + acme
                    + " and number = 1"),
            List.of("MerkleMismatch 5", "SignatureInvalid 5")),
        Arguments.of(
            "a signature is changed",
            List.of(
                "update openwop.audit_checkpoint set signature = ("
                    + "select signature from openwop.audit_checkpoint where number = 2 and"
                    + " tenant_id = 'acme')"
                    + acme
                    + " and number = 1"),
            List.of("SignatureInvalid 5")),
        Arguments.of(
            "a checkpoint is signed with a key of somebody's own",
            List.of(
                "update openwop.audit_checkpoint set key_id = 'audit-0' "
                    + acme
                    + " and number = 1"),
            List.of("SignatureInvalid 5")),
        Arguments.of(
            "a checkpoint is moved",
            List.of(
                "update openwop.audit_checkpoint set at_sequence = 4" + acme + " and number = 1"),
            List.of("MerkleMismatch 4", "MerkleMismatch 10")),
        Arguments.of(
            "a checkpoint is deleted",
            List.of("delete from openwop.audit_checkpoint" + acme + " and number = 1"),
            List.of("MerkleMismatch 10")),
        Arguments.of(
            "the last checkpoint is deleted",
            List.of("delete from openwop.audit_checkpoint" + acme + " and number = 2"),
            List.of("MerkleMismatch 10")),
        Arguments.of(
            "the last checkpoint gets another id",
            List.of(
                "update openwop.audit_checkpoint set checkpoint_id = 'chk-mine'"
                    + acme
                    + " and number = 2"),
            List.of("MerkleMismatch 10")),
        Arguments.of(
            "the end is cut off, and where it ends is changed",
            List.of(
                "delete from openwop.audit_entry" + acme + " and sequence > 10",
                "update openwop.audit_chain_end set sequence = 10, peaks = '', hash = ("
                    + "select hash from openwop.audit_entry e"
                    + " where e.tenant_id = 'acme' and e.sequence = 10)"
                    + acme),
            List.of("MissingEntry 10")),
        Arguments.of(
            "where it ends is deleted",
            List.of("delete from openwop.audit_chain_end" + acme),
            List.of("MissingEntry 12")));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("tampering")
  void isTold(String what, List<String> statements, List<String> anomalies) {
    chain.tamper(statements.toArray(String[]::new));

    AuditReport report = chain.verify(ACME);

    assertThat(spelled(report)).containsExactlyElementsOf(anomalies);
    assertThat(report.checkpointsValid())
        .isEqualTo(anomalies.stream().noneMatch(it -> it.startsWith("Signature")));
    assertThat(chain.verify(GLOBEX).anomalies()).isEmpty();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("tampering")
  void isToldForEverWhateverIsSealedAfterwards(
      String what, List<String> statements, List<String> anomalies) {
    chain.tamper(statements.toArray(String[]::new));

    for (int i = 0; i < 11; i++) {
      chain.record(ACME, "later-" + i);
      assertThat(chain.verify(ACME).anomalies()).isNotEmpty();
    }
    assertThat(chain.verify(GLOBEX).anomalies()).isEmpty();
  }

  @Test
  void isToldWithinTheRangeThatIsAskedFor() {
    chain.tamper(
        "update openwop.audit_entry set entry = replace(entry, 'somebody', 'nobody')"
            + " where tenant_id = 'acme' and sequence = 3");

    assertThat(spelled(chain.verify(ACME, 0, 2L))).isEmpty();
    assertThat(spelled(chain.verify(ACME, 4, 4L))).containsExactly("ChainBreak 4");
    assertThat(spelled(chain.verify(ACME, 3, 3L))).containsExactly("HashMismatch 3");
    assertThat(spelled(chain.verify(ACME, 5, 1_000_000L))).containsExactly("MerkleMismatch 5");
    assertThat(spelled(chain.verify(ACME, 6, 12L))).isEmpty();
    assertThat(chain.verify(ACME, 6, 12L).checkpoints()).hasSize(1);
  }

  @Test
  void whatIsChangedBeforeItIsSignedIsNotSigned() {
    chain.tamper(
        "update openwop.audit_entry set entry = replace(entry, 'somebody', 'nobody')"
            + " where tenant_id = 'acme' and sequence = 12",
        "update openwop.audit_entry set hash = encode(sha256(entry::bytea), 'hex')"
            + " where tenant_id = 'acme' and sequence = 12");
    chain.fill(ACME, 3);

    assertThat(spelled(chain.verify(ACME))).containsExactly("ChainBreak 13", "MerkleMismatch 15");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "update openwop.audit_entry set entry = ''",
        "update openwop.audit_entry set entry = '' where false",
        "delete from openwop.audit_entry where sequence = 12",
        "truncate openwop.audit_entry",
        "update openwop.audit_checkpoint set signature = ''",
        "delete from openwop.audit_checkpoint",
        "truncate openwop.audit_checkpoint",
        "delete from openwop.audit_chain_end",
        "truncate openwop.audit_chain_end",
        "update openwop.audit_chain_end set sequence = sequence - 1",
        "update openwop.audit_pending set actor = 'nobody'",
        "delete from openwop.audit_pending",
        "truncate openwop.audit_pending"
      })
  void theDatabaseItselfRefusesIt(String statement) {
    chain.record(ACME, "pending");

    assertThatThrownBy(() -> chain.jdbc().sql(statement).update())
        .isInstanceOf(DataAccessException.class)
        .hasMessageContaining("The audit log is append-only");
    assertThat(chain.verify(ACME).anomalies()).isEmpty();
    assertThat(chain.log().entries(ACME, 12, 13, 10))
        .singleElement()
        .satisfies(entry -> assertThat(entry.json()).contains("\"target\":\"pending\""));
  }

  private static List<String> spelled(AuditReport report) {
    return report.anomalies().stream()
        .map((Anomaly it) -> it.getClass().getSimpleName() + " " + it.sequence())
        .toList();
  }
}
