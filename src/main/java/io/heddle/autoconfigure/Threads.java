package io.heddle.autoconfigure;

import java.lang.reflect.InvocationTargetException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicLong;

/** The kinds of threads of a node. */
final class Threads {

  private Threads() {}

  /** For short work of any amount, which waits in line. */
  static ExecutorService few(String name, int count) {
    AtomicLong number = new AtomicLong();
    return Executors.newFixedThreadPool(
        count, task -> daemon(task, name + "-" + number.incrementAndGet()));
  }

  /** For what is done at certain times and must not take long. */
  static ScheduledExecutorService scheduled(String name, int count) {
    return Executors.newScheduledThreadPool(count, task -> daemon(task, name));
  }

  /** For work whose amount is bounded elsewhere: virtual ones where the JDK has them. */
  static ExecutorService perTask(String name) {
    try {
      return (ExecutorService)
          Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
    } catch (NoSuchMethodException e) {
      AtomicLong number = new AtomicLong();
      return Executors.newCachedThreadPool(
          task -> daemon(task, name + "-" + number.incrementAndGet()));
    } catch (IllegalAccessException | InvocationTargetException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Thread daemon(Runnable task, String name) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    return thread;
  }
}
