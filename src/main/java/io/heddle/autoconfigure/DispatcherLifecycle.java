package io.heddle.autoconfigure;

import io.heddle.webhook.Dispatcher;
import org.springframework.context.SmartLifecycle;

/** Delivers for as long as the node runs. */
final class DispatcherLifecycle implements SmartLifecycle {

  private final Dispatcher dispatcher;

  private volatile boolean running;

  DispatcherLifecycle(Dispatcher dispatcher) {
    this.dispatcher = dispatcher;
  }

  @Override
  public void start() {
    dispatcher.start();
    running = true;
  }

  @Override
  public void stop() {
    running = false;
    dispatcher.close();
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
