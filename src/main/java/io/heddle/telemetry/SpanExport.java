package io.heddle.telemetry;

import io.heddle.run.CommitListener;
import io.heddle.run.Run;
import io.heddle.run.RunError;
import io.heddle.run.RunStatus;
import io.heddle.tenancy.Tenant;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Exports the spans of each run whose end this node committed. The threads of runs only leave its
 * name; one thread of its own reads and sends. What cannot be sent is dropped and counted, so that
 * a collector that is away costs traces and nothing else. Thread-safe.
 */
public final class SpanExport implements CommitListener, MeterBinder, AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(SpanExport.class);

  private static final int MOST_WAITING = 10_000;

  private static final int RUNS_PER_BATCH = 64;

  private static final int SPANS_PER_REQUEST = 512;

  private static final long TIME_TO_FLUSH_MS = 2_000;

  private final RunSpans spans;

  private final OtlpEndpoint endpoint;

  private final BlockingQueue<Ended> waiting = new LinkedBlockingQueue<>(MOST_WAITING);

  private final LongAdder exported = new LongAdder();

  private final LongAdder dropped = new LongAdder();

  private final Thread thread;

  private volatile boolean closing;

  private boolean failing;

  private record Ended(Tenant tenant, String runId) {}

  /** Starts a thread. */
  public SpanExport(RunSpans spans, OtlpEndpoint endpoint) {
    this.spans = spans;
    this.endpoint = endpoint;
    this.thread = new Thread(this::work, "heddle-telemetry");
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void committed(String runId) {}

  @Override
  public void ended(Run run, RunStatus status, @Nullable RunError error) {
    if (spans.isSampled(run.runId(), run.trace())
        && !waiting.offer(new Ended(run.tenant(), run.runId()))) {
      dropped.increment();
    }
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    FunctionCounter.builder("heddle.telemetry.exported", exported, LongAdder::doubleValue)
        .description("Runs whose spans this node has exported")
        .register(registry);
    FunctionCounter.builder("heddle.telemetry.dropped", dropped, LongAdder::doubleValue)
        .description("Runs whose spans this node could not export")
        .register(registry);
  }

  private void work() {
    List<Ended> batch = new ArrayList<>();
    while (!closing || !waiting.isEmpty()) {
      try {
        Ended first = waiting.poll(100, TimeUnit.MILLISECONDS);
        if (first != null) {
          batch.add(first);
          waiting.drainTo(batch, RUNS_PER_BATCH - 1);
          export(batch);
          batch.clear();
        }
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private void export(List<Ended> runs) {
    List<Span> request = new ArrayList<>();
    int held = 0;
    for (Ended run : runs) {
      try {
        spans.of(run.tenant(), run.runId()).ifPresent(request::addAll);
        held++;
      } catch (RuntimeException e) {
        failed(1, e);
      }
      if (request.size() >= SPANS_PER_REQUEST) {
        send(request, held);
        request.clear();
        held = 0;
      }
    }
    if (!request.isEmpty()) {
      send(request, held);
    }
  }

  private void send(List<Span> request, int runs) {
    try {
      for (int from = 0; from < request.size(); from += SPANS_PER_REQUEST) {
        endpoint.send(request.subList(from, Math.min(request.size(), from + SPANS_PER_REQUEST)));
      }
      exported.add(runs);
      if (failing) {
        failing = false;
        log.info("Spans are exported again");
      }
    } catch (IOException e) {
      failed(runs, e);
    }
  }

  private void failed(int runs, Exception failure) {
    dropped.add(runs);
    if (!failing) {
      failing = true;
      log.warn("Spans are dropped until they can be exported again: {}", failure.toString());
    }
  }

  /** Sends what is left, for as long as that takes little. */
  @Override
  public void close() {
    closing = true;
    try {
      thread.join(TIME_TO_FLUSH_MS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    thread.interrupt();
  }
}
