package io.heddle.autoconfigure;

import io.heddle.audit.Sealer;
import org.springframework.context.SmartLifecycle;

/** Seals the audit log for as long as the node runs. */
final class SealerLifecycle implements SmartLifecycle {

  private final Sealer sealer;

  private volatile boolean running;

  SealerLifecycle(Sealer sealer) {
    this.sealer = sealer;
  }

  @Override
  public void start() {
    sealer.start();
    running = true;
  }

  @Override
  public void stop() {
    running = false;
    sealer.close();
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
