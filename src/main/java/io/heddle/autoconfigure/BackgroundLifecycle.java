package io.heddle.autoconfigure;

import org.springframework.context.SmartLifecycle;

/** Lets something work in the background for as long as the node runs. */
final class BackgroundLifecycle implements SmartLifecycle {

  private final Runnable start;

  private final Runnable stop;

  private volatile boolean running;

  BackgroundLifecycle(Runnable start, Runnable stop) {
    this.start = start;
    this.stop = stop;
  }

  @Override
  public void start() {
    start.run();
    running = true;
  }

  @Override
  public void stop() {
    running = false;
    stop.run();
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
