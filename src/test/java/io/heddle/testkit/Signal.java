package io.heddle.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.TimeUnit;

/** Signals to other processes. */
final class Signal {

  private Signal() {}

  static void send(String signal, long pid) {
    if (!sendIfAlive(signal, pid)) {
      throw new IllegalStateException("Could not send %s to %d".formatted(signal, pid));
    }
  }

  /** Returns whether there was such a process. */
  static boolean sendIfAlive(String signal, long pid) {
    try {
      Process kill = new ProcessBuilder("kill", "-" + signal, Long.toString(pid)).start();
      return kill.waitFor(10, TimeUnit.SECONDS) && kill.exitValue() == 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
