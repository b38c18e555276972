package io.heddle.autoconfigure;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.ScheduledExecutorService;

/**
 * The threads of this node. Runs, nodes and streams do not share them, so that none of them can
 * starve another.
 */
final class HostThreads implements AutoCloseable {

  // They read logs and nothing else, and however many readers there are, the runs need most of the
  // connections.
  private static final int STREAM_THREADS = 4;

  private final ExecutorService workers = Threads.perTask("heddle-run");

  private final ExecutorService nodes = Threads.perTask("heddle-node");

  private final ExecutorService streams = Threads.few("heddle-stream", STREAM_THREADS);

  // Those who look for events, for signing keys and for API keys may wait for the database all at
  // once; keepalives shall not.
  private final ScheduledExecutorService timer = Threads.scheduled("heddle-timer", 4);

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
