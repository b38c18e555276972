package io.heddle.metrics;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Labels that callers choose, such as ids of workflows: the first so many are told by their names,
 * all others as one. Nobody can make a host keep a meter for each id that he thinks of, and no
 * tenant can use up the names of all. Thread-safe.
 */
final class BoundedLabels {

  /** What a label is that came too late to have a name. */
  static final String OTHER = "other";

  private static final int MOST_TENANTS = 100;

  private static final int MOST_WORKFLOWS = 200;

  private static final int MOST_OF_A_TENANT = 50;

  private static final int LONGEST = 128;

  private final Map<String, Set<String>> workflows = new ConcurrentHashMap<>();

  private int pairs;

  /** The label of a tenant. */
  String tenant(String tenant) {
    return known(tenant) == null ? OTHER : tenant;
  }

  /** The label of a tenant's workflow. */
  String workflow(String tenant, String workflowId) {
    Set<String> known = known(tenant);
    if (known == null || workflowId.length() > LONGEST) {
      return OTHER;
    }
    return known.contains(workflowId) || add(known, workflowId) ? workflowId : OTHER;
  }

  private synchronized boolean add(Set<String> known, String workflowId) {
    if (known.contains(workflowId)) {
      return true;
    }
    if (known.size() >= MOST_OF_A_TENANT || pairs >= MOST_WORKFLOWS) {
      return false;
    }
    pairs++;
    return known.add(workflowId);
  }

  private @Nullable Set<String> known(String tenant) {
    Set<String> known = workflows.get(tenant);
    return known == null ? admitted(tenant) : known;
  }

  private synchronized @Nullable Set<String> admitted(String tenant) {
    return tenant.length() > LONGEST || workflows.size() >= MOST_TENANTS
        ? workflows.get(tenant)
        : workflows.computeIfAbsent(tenant, id -> ConcurrentHashMap.newKeySet());
  }
}
