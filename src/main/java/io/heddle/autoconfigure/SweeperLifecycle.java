package io.heddle.autoconfigure;

import io.heddle.retention.Sweeper;
import org.springframework.context.SmartLifecycle;

/** Sweeps for as long as the node runs. */
final class SweeperLifecycle implements SmartLifecycle {

  private final Sweeper sweeper;

  private volatile boolean running;

  SweeperLifecycle(Sweeper sweeper) {
    this.sweeper = sweeper;
  }

  @Override
  public void start() {
    sweeper.start();
    running = true;
  }

  @Override
  public void stop() {
    running = false;
    sweeper.close();
  }

  @Override
  public boolean isRunning() {
    return running;
  }

  @Override
  public int getPhase() {
    return 0;
  }
}
