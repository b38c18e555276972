package io.heddle.diff;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.diff.RunComparison.Bounds;
import io.heddle.diff.RunDiff.EventDiff;
import io.heddle.redaction.Redactor;
import io.heddle.run.RunStore;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.WebCaller;
import io.heddle.testkit.WebHost;
import io.heddle.testkit.WebHost.Key;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;

@WebHost
class AComparisonIsBoundedTest {

  @LocalServerPort private int port;

  @Autowired private RunStore store;

  private String a;

  private String b;

  private int length;

  @BeforeEach
  void run() {
    WebCaller caller = WebCaller.of(port, Key.OPERATOR);
    a = caller.finished("conformance-multi-node");
    b = caller.finished("conformance-failure");
    length = caller.log(a).size();
    assertThat(length).isGreaterThan(5);
  }

  @Test
  void logsAreComparedPageByPage() {
    RunDiff whole = compare(new Bounds(100, 100, 100, 1_000_000));

    assertThat(whole.events()).hasSize(length);
    assertThat(whole.truncated()).isFalse();
    for (int page = 1; page <= length; page++) {
      assertThat(compare(new Bounds(page, 100, 100, 1_000_000))).isEqualTo(whole);
    }
  }

  @Test
  void asManyEventsAsThereMayBeAreNotTooMany() {
    assertThat(compare(new Bounds(2, length, 100, 1_000_000)).truncated()).isFalse();
    RunDiff cut = compare(new Bounds(2, length - 1, 100, 1_000_000));
    assertThat(cut.truncated()).isTrue();
    assertThat(cut.events()).hasSize(length - 1);
  }

  @Test
  void asManyDifferencesAsThereMayBeAreNotTooMany() {
    assertThat(compare(new Bounds(2, 100, length, 1_000_000)).truncated()).isFalse();
    RunDiff cut = compare(new Bounds(2, 100, length - 1, 1_000_000));
    assertThat(cut.truncated()).isTrue();
    assertThat(cut.events()).extracting(EventDiff::sequence).startsWith(0L).hasSize(length - 1);
  }

  @Test
  void theFirstDifferenceIsToldHoweverLongItIs() {
    RunDiff cut = compare(new Bounds(2, 100, 100, 1));

    assertThat(cut.truncated()).isTrue();
    assertThat(cut.divergedAt()).isZero();
    assertThat(cut.events()).extracting(EventDiff::sequence).containsExactly(0L);
  }

  private RunDiff compare(Bounds bounds) {
    return new RunComparison(store, new Redactor(), bounds)
        .compare(new Tenant("acme"), a, b)
        .orElseThrow();
  }
}
