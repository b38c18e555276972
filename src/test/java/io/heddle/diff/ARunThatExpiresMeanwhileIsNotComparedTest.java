package io.heddle.diff;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.postgres.RetentionSql;
import io.heddle.redaction.Redactor;
import io.heddle.run.RunStore;
import io.heddle.testkit.EndedRuns;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.Stores;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A log that is gone is not an empty one. */
class ARunThatExpiresMeanwhileIsNotComparedTest {

  private Stores stores;

  private String a;

  private String b;

  @BeforeEach
  void runs() {
    stores = Stores.on(PostgresPerJvm.freshDatabase().dataSource());
    a = EndedRuns.create(stores, Duration.ZERO);
    b = EndedRuns.create(stores, Duration.ZERO);
  }

  @Test
  void whicheverOfThemItIs() {
    assertThat(new RunComparison(stores.runs(), new Redactor()).compare(SampleRuns.TENANT, a, b))
        .isPresent();
    for (boolean first : List.of(true, false)) {
      runs();
      AtomicInteger logs = new AtomicInteger();
      RunStore store = expiringAtTheFirstLog(first ? a : b, logs);

      assertThat(new RunComparison(store, new Redactor()).compare(SampleRuns.TENANT, a, b))
          .isEmpty();

      assertThat(logs).hasPositiveValue();
    }
  }

  private RunStore expiringAtTheFirstLog(String runId, AtomicInteger logs) {
    RetentionSql retention = new RetentionSql(stores.jdbc(), stores.transactions());
    RunStore real = stores.runs();
    return (RunStore)
        Proxy.newProxyInstance(
            RunStore.class.getClassLoader(),
            new Class<?>[] {RunStore.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("log") && logs.getAndIncrement() == 0) {
                assertThat(retention.expire(SampleRuns.TENANT, runId)).isTrue();
              }
              return method.invoke(real, arguments);
            });
  }
}
