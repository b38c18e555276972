package io.heddle.web;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** The line between a host and its database, which a test can cut or silence, and mend. */
final class Cable implements AutoCloseable {

  private final int target;

  private final ServerSocket end = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());

  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();

  private volatile boolean cut;

  private volatile boolean silent;

  // What is said on a connection is lost if another silence began since it was made.
  private final AtomicInteger silences = new AtomicInteger();

  /**
   * @param target the port that the line leads to
   */
  Cable(int target) throws IOException {
    this.target = target;
    start(this::accept);
  }

  int port() {
    return end.getLocalPort();
  }

  /** Ends every connection; new ones end at once. */
  void cut() {
    cut = true;
    sockets.forEach(Cable::end);
  }

  /**
   * Loses whatever is said from now on, on every connection that there is, for ever, and on new
   * ones. Nobody is told: no connection ends, and new ones are made.
   */
  void silence() {
    silences.incrementAndGet();
    silent = true;
  }

  void mend() {
    cut = false;
    silent = false;
  }

  private void accept() {
    while (!end.isClosed()) {
      try {
        Socket near = end.accept();
        if (cut) {
          end(near);
        } else {
          connect(near);
        }
      } catch (IOException e) {
        // Closed, or the target is away; either way there is nothing to connect.
      }
    }
  }

  private void connect(Socket near) throws IOException {
    Socket far = new Socket(InetAddress.getLoopbackAddress(), target);
    sockets.add(near);
    sockets.add(far);
    if (cut) {
      end(near);
      end(far);
    }
    int made = silent ? -1 : silences.get();
    start(() -> pump(near, far, made));
    start(() -> pump(far, near, made));
  }

  private void pump(Socket from, Socket to, int made) {
    byte[] bytes = new byte[8_192];
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int count = in.read(bytes); count >= 0; count = in.read(bytes)) {
        if (made == silences.get()) {
          out.write(bytes, 0, count);
        }
      }
    } catch (IOException e) {
      // The connection is over.
    } finally {
      end(from);
      // In silence nobody hears who hangs up either.
      if (made == silences.get()) {
        end(to);
      }
      sockets.remove(from);
    }
  }

  private static void end(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      // It is of no use any more.
    }
  }

  private static void start(Runnable task) {
    Thread thread = new Thread(task, "cable");
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void close() throws IOException {
    end.close();
    cut();
  }
}
