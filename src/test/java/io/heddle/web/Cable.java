package io.heddle.web;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The line between a host and its database, which a test can cut and mend. */
final class Cable implements AutoCloseable {

  private final int target;

  private final ServerSocket end = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());

  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();

  private volatile boolean cut;

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

  void mend() {
    cut = false;
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
    start(() -> pump(near, far));
    start(() -> pump(far, near));
  }

  private void pump(Socket from, Socket to) {
    try (InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream()) {
      in.transferTo(out);
    } catch (IOException e) {
      // The connection is over.
    } finally {
      end(from);
      end(to);
      sockets.remove(from);
      sockets.remove(to);
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
