package io.heddle.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Clients that do one thing after the other for a while. */
final class Load {

  /** One thing that a client does. */
  interface Work {

    void once() throws Exception;
  }

  /** What every client gets of its own, made before the clock starts. */
  interface Client {

    Work open() throws Exception;
  }

  /**
   * What came of it.
   *
   * @param nanos how long each took, in order of length
   */
  record Result(double perSecond, long[] nanos) {

    double percentile(double share) {
      return nanos.length == 0 ? 0 : nanos[(int) ((nanos.length - 1) * share)] / 1e6;
    }

    long count() {
      return nanos.length;
    }
  }

  private Load() {}

  static Result run(int clients, Duration time, Client client) throws Exception {
    List<Work> works = new ArrayList<>();
    for (int i = 0; i < clients; i++) {
      works.add(client.open());
    }
    ExecutorService threads = Executors.newFixedThreadPool(clients);
    try {
      long begin = System.nanoTime();
      long end = begin + time.toNanos();
      List<Future<long[]>> measured = new ArrayList<>();
      for (Work work : works) {
        measured.add(threads.submit(() -> repeat(work, end)));
      }
      long[] all =
          measured.stream().map(Load::result).flatMapToLong(Arrays::stream).sorted().toArray();
      return new Result(all.length / ((System.nanoTime() - begin) / 1e9), all);
    } finally {
      threads.shutdownNow();
      for (Work work : works) {
        if (work instanceof AutoCloseable closeable) {
          closeable.close();
        }
      }
    }
  }

  private static long[] repeat(Work work, long end) throws Exception {
    long[] nanos = new long[1_024];
    int count = 0;
    for (long begin = System.nanoTime(); begin < end; begin = System.nanoTime()) {
      work.once();
      if (count == nanos.length) {
        nanos = Arrays.copyOf(nanos, 2 * count);
      }
      nanos[count++] = System.nanoTime() - begin;
    }
    return Arrays.copyOf(nanos, count);
  }

  private static long[] result(Future<long[]> measured) {
    try {
      return measured.get();
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }
}
