package io.heddle.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** However many names callers think of, a host keeps few. */
class BoundedLabelsTest {

  private final BoundedLabels labels = new BoundedLabels();

  @Test
  void whatCameFirstKeepsItsName() {
    assertThat(labels.workflow("acme", "first")).isEqualTo("first");

    flood("acme", 10_000);

    assertThat(labels.workflow("acme", "first")).isEqualTo("first");
    assertThat(labels.tenant("acme")).isEqualTo("acme");
  }

  @Test
  void oneTenantCannotUseUpTheNamesOfAll() {
    Set<String> named = flood("hostile", 10_000);

    assertThat(named).hasSize(51).contains("other");
    assertThat(labels.workflow("acme", "late")).isEqualTo("late");
    assertThat(labels.tenant("acme")).isEqualTo("acme");
  }

  @Test
  void manyTenantsTogetherHaveABound() {
    Set<String> tenants =
        IntStream.range(0, 10_000)
            .mapToObj(number -> labels.tenant("tenant-" + number))
            .collect(Collectors.toSet());
    Set<String> workflows =
        IntStream.range(0, 10_000)
            .mapToObj(number -> labels.workflow("tenant-" + number % 100, "flow-" + number))
            .collect(Collectors.toSet());

    assertThat(tenants).hasSize(101).contains("other");
    assertThat(workflows).hasSize(201).contains("other");
  }

  @Test
  void nameIsOfABoundedLength() {
    assertThat(labels.tenant("t".repeat(10_000))).isEqualTo("other");
    assertThat(labels.workflow("acme", "w".repeat(10_000))).isEqualTo("other");
  }

  private Set<String> flood(String tenant, int workflows) {
    return IntStream.range(0, workflows)
        .mapToObj(number -> labels.workflow(tenant, "flow-" + number))
        .collect(Collectors.toSet());
  }
}
