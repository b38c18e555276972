package io.heddle.postgres;

import static io.heddle.testkit.Await.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.auth.Grant;
import io.heddle.auth.KeyStore;
import io.heddle.run.Ids;
import io.heddle.stream.NewsRelay;
import io.heddle.tenancy.Tenant;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.PostgresPerJvm.Database;
import io.heddle.testkit.Stores;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class NotificationsTest {

  private static final String MISSED = "missed";

  private static final String DUE = "due";

  private static final String KEY = "the key ";

  private final Database database = PostgresPerJvm.freshDatabase();

  private final Stores stores = Stores.on(database.dataSource());

  private final Node here = new Node();

  private final Node there = new Node();

  /** One end of the line, and everything that was heard at it. */
  private final class Node implements NewsRelay.Ear {

    final Notifications relay = new Notifications(database.dataSource());

    final Queue<String> heard = new ConcurrentLinkedQueue<>();

    @Override
    public void heard(String runId) {
      heard.add(runId);
    }

    @Override
    public void missedSome() {
      heard.add(MISSED);
    }

    @Override
    public void due() {
      heard.add(DUE);
    }

    @Override
    public void keyChanged(String keyId) {
      heard.add(KEY + keyId);
    }

    @Override
    public void listening() {
      // It also misses what was told before.
    }

    /** Whatever was told before it listened counts as missed. */
    void listen() {
      relay.start(this);
      await("the listener").until(() -> heard.contains(MISSED));
      heard.clear();
    }
  }

  @BeforeEach
  void listen() {
    stores.claims().register("node-here", Duration.ofHours(1));
    stores.claims().register("node-there", Duration.ofHours(1));
    here.listen();
    there.listen();
  }

  @AfterEach
  void close() {
    here.relay.close();
    there.relay.close();
  }

  @Test
  void theOthersHearAndTheTellerDoesNot() {
    here.relay.committed("run-a");
    await("the news").until(() -> there.heard.contains("run-a"));
    here.relay.due();
    await("the news").until(() -> there.heard.contains(DUE));
    there.relay.committed("run-b");
    await("the answer").until(() -> here.heard.contains("run-b"));

    assertThat(there.heard).containsExactly("run-a", DUE);
    assertThat(here.heard).containsExactly("run-b");
  }

  @Test
  void everybodyHearsOfAKeyOnceItsChangeIsCommitted() {
    KeySql keys = new KeySql(database.jdbc());
    KeyStore.NewKey key = new KeyStore.NewKey("a", "pepper", new byte[1], null, "operator", null);
    KeyStore.NewKey next = new KeyStore.NewKey("b", "pepper", new byte[1], null, "operator", null);
    Tenant acme = new Tenant("acme");
    keys.create(new Grant("acme", "p", Set.of(), Set.of(), Set.of(), false), key);
    assertThat(keys.revoke(new Tenant("globex"), "a")).isEmpty();
    keys.replace(acme, "a", Duration.ofHours(1), next);
    keys.expire(acme, "b", Instant.EPOCH);
    keys.revoke(acme, "a");
    for (Node node : List.of(here, there)) {
      await("the news").until(() -> node.heard.size() == 3);
      assertThat(node.heard).containsExactly(KEY + "a", KEY + "b", KEY + "a");
    }
  }

  @Test
  void noNewsAreLostHoweverManyThereAre() {
    Set<String> runs = new HashSet<>();
    for (int i = 0; i < 150; i++) {
      runs.add(Ids.run());
    }

    runs.forEach(here.relay::committed);

    await("the news").until(() -> there.heard.containsAll(runs));
    assertThat(there.heard).doesNotContain(MISSED);
  }

  @Test
  void whatDoesNotFitIsToldAsAny() {
    Set<String> runs = new HashSet<>();
    for (int i = 0; i < 5_000; i++) {
      runs.add(Ids.run());
    }

    runs.forEach(here.relay::committed);

    await("the news").until(() -> there.heard.contains(MISSED) || there.heard.containsAll(runs));
    await("the line to be there still")
        .until(
            () -> {
              // As long as any run is to be told of, so is this one, without its name.
              here.relay.committed("run-after");
              return there.heard.contains("run-after");
            });
  }

  @Test
  void aClosedEndIsSilentAndCanBeStartedAgain() {
    there.relay.close();
    there.listen();

    here.relay.committed("run-b");

    await("the news").until(() -> there.heard.contains("run-b"));
    assertThat(there.heard).containsExactly("run-b");
  }
}
