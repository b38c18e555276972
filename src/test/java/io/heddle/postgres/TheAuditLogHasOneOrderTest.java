package io.heddle.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.heddle.audit.AuditEvent;
import io.heddle.audit.AuditKeys;
import io.heddle.audit.AuditReport;
import io.heddle.audit.Checkpoint;
import io.heddle.audit.Entry;
import io.heddle.audit.RangeTooLongException;
import io.heddle.json.CanonicalJson;
import io.heddle.json.Json;
import io.heddle.secret.Vault;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.AtOnce;
import io.heddle.testkit.AuditChain;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.PostgresPerJvm.Database;
import java.sql.Connection;
import java.sql.Statement;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class TheAuditLogHasOneOrderTest {

  private static final Tenant ACME = new Tenant("acme");

  private static final Tenant GLOBEX = new Tenant("globex");

  private final Database database = PostgresPerJvm.freshDatabase();

  private final AuditChain chain = AuditChain.on(database, 7);

  @Test
  void whateverManyRecordAndSeveralNodesSealIsThereOnce() throws Exception {
    int recorders = 8;
    int each = 60;
    List<AuditChain> nodes = List.of(chain, AuditChain.on(database, 7), AuditChain.on(database, 7));

    AtOnce.call(
        recorders + nodes.size(),
        caller -> {
          for (int i = 0; i < each; i++) {
            if (caller < recorders) {
              chain.record(i % 3 == 0 ? GLOBEX : ACME, caller + "-" + i);
            } else {
              nodes.get(caller - recorders).verify(ACME);
            }
          }
          return caller;
        });

    Set<String> targets = new HashSet<>();
    for (Tenant tenant : List.of(ACME, GLOBEX)) {
      AuditReport report = chain.verify(tenant);
      assertThat(report.anomalies()).isEmpty();
      List<Entry> entries = chain.log().entries(tenant, 0, Long.MAX_VALUE, 10_000);
      assertThat(entries).extracting(Entry::sequence).startsWith(1L, 2L).doesNotHaveDuplicates();
      assertThat(entries.get(entries.size() - 1).sequence()).isEqualTo(entries.size());
      entries.forEach(entry -> targets.add(String.valueOf(members(entry).get("target"))));
      long before = 0;
      for (Checkpoint checkpoint : report.checkpoints()) {
        assertThat(checkpoint.atSequence() - before).isEqualTo(7);
        before = checkpoint.atSequence();
      }
      assertThat(entries.size() - before).isLessThan(7);
    }
    assertThat(targets).hasSize(recorders * each);
    assertThat(chain.log().backlog().unsealed()).isZero();
  }

  @Test
  void nobodyWaitsForWhoRecordedBefore() throws Exception {
    try (Connection slow = database.dataSource().getConnection();
        Statement statement = slow.createStatement()) {
      slow.setAutoCommit(false);
      statement.executeUpdate(
          "insert into openwop.audit_pending (tenant_id, action, actor, target, details)"
              + " values ('acme', 'thing.done', 'slow', 'first', '{}')");

      chain.record(ACME, "second");

      assertThat(chain.verify(ACME).to()).isEqualTo(1);
      slow.commit();
    }
    assertThat(chain.verify(ACME).anomalies()).isEmpty();
    assertThat(chain.log().entries(ACME, 0, 10, 10))
        .extracting(entry -> members(entry).get("target"))
        .containsExactly("second", "first");
  }

  @Test
  void aSealerThatDiesHalfwayLeavesNothingBehind() {
    chain.record(ACME, "thing");
    assertThatThrownBy(
            () ->
                chain
                    .log()
                    .alone(
                        true,
                        () -> {
                          chain.verify(ACME);
                          throw new IllegalStateException("killed");
                        }))
        .hasMessage("killed");

    assertThat(chain.log().backlog().unsealed()).isEqualTo(1);
    assertThat(chain.verify(ACME).anomalies()).isEmpty();
    assertThat(chain.verify(ACME).to()).isEqualTo(1);
  }

  @Test
  void whatIsRolledBackIsNotRecorded() {
    chain
        .stores()
        .transactions()
        .executeWithoutResult(
            status -> {
              chain.record(ACME, "undone");
              status.setRollbackOnly();
            });

    assertThat(chain.verify(ACME).to()).isZero();
    assertThat(chain.verify(ACME).anomalies()).isEmpty();
  }

  @Test
  void anEntryIsStoredInTheSpellingThatIsHashed() {
    chain
        .log()
        .record(
            new AuditEvent(
                ACME, "thing.done", "sömebody \"\u0001\"", "t", Json.members("b", 1, "a", null)));
    chain.verify(ACME);

    Entry entry = chain.log().entries(ACME, 0, 1, 1).get(0);

    assertThat(entry.json()).isEqualTo(CanonicalJson.text(members(entry)));
    assertThat(entry.json())
        .startsWith(
            "{\"action\":\"thing.done\",\"actor\":\"sömebody \\\"\\u0001\\\"\",\"atSequence\":1,"
                + "\"details\":{\"a\":null,\"b\":1},\"occurredAt\":\"20")
        .endsWith("Z\",\"prevHash\":null,\"target\":\"t\",\"tenantId\":\"acme\"}");
    assertThat(members(entry).get("occurredAt").toString())
        .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z");
  }

  @Test
  void aKeyThatWasReplacedStaysGoodForWhatItSigned() {
    chain.fill(ACME, 9);
    String former = sharedKey().publicKey();
    AuditChain stranger = AuditChain.on(database, 7, AuditKeys.of(KEY, List.of()));
    stranger.record(ACME, "not-sealed-by-a-host-that-does-not-know-the-key");

    assertThat(stranger.verify(ACME).anomalies()).hasSize(2);
    assertThat(stranger.log().backlog().unsealed()).isEqualTo(1);

    AuditChain successor = AuditChain.on(database, 7, AuditKeys.of(KEY, List.of(former)));
    successor.fill(ACME, 9);

    AuditReport report = successor.verify(ACME);
    assertThat(report.anomalies()).isEmpty();
    assertThat(report.checkpoints()).extracting(Checkpoint::keyId).doesNotHaveDuplicates();
  }

  @Test
  void aRangeMayReachBehindTheEndButHoldOnlySoMuch() {
    chain.fill(ACME, 3);

    assertThat(chain.verify(ACME, 0, 1_000_000L).anomalies()).isEmpty();
    assertThat(chain.verify(ACME, 900, 1_000_000L).anomalies()).isEmpty();
    assertThat(chain.verify(ACME, 0, (1L << 53) - 1).anomalies()).isEmpty();
    chain.tamper("update openwop.audit_chain_end set sequence = 3000000");
    assertThatThrownBy(() -> chain.verify(ACME, 0, 3_000_000L))
        .isInstanceOf(RangeTooLongException.class);
    assertThat(chain.verify(ACME, 2_000_000, 3_000_000L).anomalies()).isNotEmpty();
  }

  private AuditKeys sharedKey() {
    return AuditKeys.shared(new SecretSql(database.jdbc()), new Vault(null), List.of());
  }

  private static Map<String, @Nullable Object> members(Entry entry) {
    return Json.storedObject(entry.json());
  }

  private static final String KEY =
      """
      -----BEGIN PRIVATE KEY-----
      MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
      -----END PRIVATE KEY-----
      """;
}
