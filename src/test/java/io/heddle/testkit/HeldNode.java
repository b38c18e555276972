package io.heddle.testkit;

import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import java.util.concurrent.CountDownLatch;

/** A node type whose nodes execute until a test lets them go. */
public final class HeldNode implements NodeExecutor {

  private final CountDownLatch entered = new CountDownLatch(1);

  private final CountDownLatch interrupted = new CountDownLatch(1);

  private final CountDownLatch gate = new CountDownLatch(1);

  @Override
  public String typeId() {
    return "test.held";
  }

  @Override
  public NodeResult execute(NodeContext context) throws InterruptedException {
    entered.countDown();
    try {
      gate.await();
    } catch (InterruptedException e) {
      interrupted.countDown();
      throw e;
    }
    return NodeResult.completed();
  }

  /** Waits until a node of the type executes. */
  public void awaitEntered() throws InterruptedException {
    entered.await();
  }

  /** Waits until one was interrupted. */
  public void awaitInterrupted() throws InterruptedException {
    interrupted.await();
  }

  /** Lets all of them end, those that begin later too. */
  public void letGo() {
    gate.countDown();
  }
}
