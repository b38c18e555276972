package io.heddle.web;

import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** {@code test.gate}: lasts until a test lets it end, so that no test has to guess a delay. */
public final class GateNode implements NodeExecutor {

  private static final long PATIENCE_SECONDS = 30;

  private record Gate(CountDownLatch reached, CountDownLatch opened) {}

  private final Map<String, Gate> gates = new ConcurrentHashMap<>();

  @Override
  public String typeId() {
    return "test.gate";
  }

  @Override
  public NodeResult execute(NodeContext context) throws InterruptedException {
    Gate gate = gate(context.runId(), context.nodeId());
    gate.reached().countDown();
    gate.opened().await();
    return NodeResult.completed(Map.of("node", context.nodeId()));
  }

  /** Waits until the node of a run is executing; its start is committed then. */
  public void awaitReached(String runId, String nodeId) throws InterruptedException {
    if (!gate(runId, nodeId).reached().await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
      throw new AssertionError("%s of %s was not reached".formatted(nodeId, runId));
    }
  }

  /** Lets the node of a run end, now or when it is reached. */
  public void open(String runId, String nodeId) {
    gate(runId, nodeId).opened().countDown();
  }

  /** Lets everything end that was reached, so that no test leaves a run behind. */
  public void openAll() {
    gates.values().forEach(gate -> gate.opened().countDown());
  }

  private Gate gate(String runId, String nodeId) {
    return gates.computeIfAbsent(
        runId + "/" + nodeId, id -> new Gate(new CountDownLatch(1), new CountDownLatch(1)));
  }
}
