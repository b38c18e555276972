package io.heddle.testkit;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ServerSocketFactory;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * A server on the loopback interface that does to each connection what a test says, byte by byte,
 * and keeps what it was sent.
 */
public final class ScriptedServer implements AutoCloseable {

  /** What is done once a request is read. The connection is closed afterwards. */
  public interface Script {

    void answer(Request request, OutputStream out) throws IOException;
  }

  /**
   * A request as it came.
   *
   * @param headers by lower-case name
   * @param rest what follows on the connection
   */
  public record Request(String line, Map<String, String> headers, byte[] body, InputStream rest) {}

  /** Says nothing until the other side is gone. */
  public static final Script SILENT = (request, out) -> request.rest().read();

  private final ServerSocket listening;

  private final Script script;

  private final List<Request> requests = new CopyOnWriteArrayList<>();

  private final AtomicInteger connections = new AtomicInteger();

  private final Set<Socket> open = ConcurrentHashMap.newKeySet();

  private ScriptedServer(ServerSocketFactory sockets, InetAddress address, Script script) {
    try {
      this.listening = sockets.createServerSocket(0, 50, address);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    this.script = script;
    start(this::accept);
  }

  public static ScriptedServer start(Script script) {
    return new ScriptedServer(
        ServerSocketFactory.getDefault(), InetAddress.getLoopbackAddress(), script);
  }

  public static ScriptedServer at(InetAddress address, Script script) {
    return new ScriptedServer(ServerSocketFactory.getDefault(), address, script);
  }

  public static ScriptedServer secure(SSLContext tls, Script script) {
    return new ScriptedServer(
        tls.getServerSocketFactory(), InetAddress.getLoopbackAddress(), script);
  }

  /** Sends this text and closes. */
  public static Script says(String text) {
    return (request, out) -> out.write(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  public int port() {
    return listening.getLocalPort();
  }

  public List<Request> requests() {
    return List.copyOf(requests);
  }

  /** How many connections were opened so far. */
  public int connections() {
    return connections.get();
  }

  /** How many connections are open. */
  public int open() {
    return open.size();
  }

  private void accept() {
    while (!listening.isClosed()) {
      try {
        Socket socket = listening.accept();
        connections.incrementAndGet();
        open.add(socket);
        start(() -> serve(socket));
      } catch (IOException e) {
        // The server is closed, or the other side changed its mind.
      }
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      Request request = read(socket.getInputStream());
      if (request != null) {
        requests.add(request);
        script.answer(request, socket.getOutputStream());
      }
    } catch (IOException e) {
      // The other side is gone.
    } finally {
      open.remove(socket);
    }
  }

  private static @Nullable Request read(InputStream in) throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    while (!head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
      int next = in.read();
      if (next < 0) {
        return null;
      }
      head.write(next);
    }
    String[] lines = head.toString(StandardCharsets.ISO_8859_1).split("\r\n");
    Map<String, String> headers = new LinkedHashMap<>();
    for (int i = 1; i < lines.length; i++) {
      String[] header = lines[i].split(": ?", 2);
      headers.merge(header[0].toLowerCase(Locale.ROOT), header[1], (a, b) -> a + "|" + b);
    }
    int length = Integer.parseInt(headers.getOrDefault("content-length", "0"));
    return new Request(lines[0], headers, in.readNBytes(length), in);
  }

  private static void start(Runnable task) {
    Thread thread = new Thread(task, "scripted-server");
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void close() {
    try {
      listening.close();
      for (Socket socket : open) {
        socket.close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
