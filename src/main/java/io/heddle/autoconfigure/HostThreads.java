package io.heddle.autoconfigure;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;

/**
 * The threads of this node. Runs, nodes and streams do not share them, so that none of them can
 * starve another.
 */
final class HostThreads implements AutoCloseable {

  private final ExecutorService workers = Threads.perTask("heddle-run");

  private final ExecutorService nodes = Threads.perTask("heddle-node");

  private final ExecutorService streams = Threads.perTask("heddle-stream");

  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "heddle-timer");
            thread.setDaemon(true);
            return thread;
          });

  ExecutorService workers() {
    return workers;
  }

  ExecutorService nodes() {
    return nodes;
  }

  ExecutorService streams() {
    return streams;
  }

  ScheduledExecutorService timer() {
    return timer;
  }

  @Override
  public void close() {
    timer.shutdownNow();
    streams.shutdownNow();
    nodes.shutdownNow();
    workers.shutdownNow();
  }
}
