package io.heddle.web;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** A bare connection, for what a client library would refuse to send. */
final class Wire implements AutoCloseable {

  private static final int PATIENCE_MILLIS = 30_000;

  private final Socket socket;

  private final InputStream in;

  Wire(int port) throws IOException {
    socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout(PATIENCE_MILLIS);
    in = new BufferedInputStream(socket.getInputStream());
  }

  /**
   * @param from an address of this machine
   */
  private Wire(InetAddress from, int port) throws IOException {
    socket = new Socket(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), port, from, 0);
    socket.setSoTimeout(PATIENCE_MILLIS);
    in = new BufferedInputStream(socket.getInputStream());
  }

  /** Sends a request from this address. */
  static Answer exchange(InetAddress from, int port, String request) throws IOException {
    try (Wire wire = new Wire(from, port)) {
      wire.send(request);
      return wire.receive();
    }
  }

  /** Sends a request on a connection of its own and reads the answer to it. */
  static Answer exchange(int port, byte[] request) throws IOException {
    try (Wire wire = new Wire(port)) {
      // A host that refuses early stops reading, so the answer must be read while this still sends.
      Thread sender = new Thread(() -> wire.sendUnlessRefused(request));
      sender.setDaemon(true);
      sender.start();
      return wire.receive(isHead(request));
    }
  }

  static Answer exchange(int port, String request) throws IOException {
    return exchange(port, request.getBytes(StandardCharsets.ISO_8859_1));
  }

  void send(String bytes) throws IOException {
    socket.getOutputStream().write(bytes.getBytes(StandardCharsets.ISO_8859_1));
  }

  /** Tells the host that nothing more will come, while still listening. */
  void finish() throws IOException {
    socket.shutdownOutput();
  }

  private void sendUnlessRefused(byte[] bytes) {
    try {
      socket.getOutputStream().write(bytes);
    } catch (IOException e) {
      // The answer tells why.
    }
  }

  Answer receive() throws IOException {
    return receive(false);
  }

  private Answer receive(boolean head) throws IOException {
    while (true) {
      String[] status = line().split(" ", 3);
      if (status.length < 2 || !status[0].equals("HTTP/1.1")) {
        throw new AssertionError("Not a status line: " + String.join(" ", status));
      }
      int code = Integer.parseInt(status[1]);
      Map<String, List<String>> headers = headers();
      // An interim answer announces the one that counts.
      if (code >= 200) {
        return new Answer(code, headers, body(head || code == 204 || code == 304, headers));
      }
    }
  }

  /** Whether the host has closed the connection, now or after what it still sends. */
  boolean isClosedByHost() throws IOException {
    try {
      while (in.read() >= 0) {
        // What comes before the end is of no interest.
      }
      return true;
    } catch (SocketException e) {
      return true;
    }
  }

  /** Reads on to the end of the first line that equals a text; false if the host closes before. */
  boolean readsOnTo(String line) throws IOException {
    try {
      while (!line().equals(line)) {
        // Anything else may come first.
      }
      return true;
    } catch (EOFException e) {
      return false;
    }
  }

  private Map<String, List<String>> headers() throws IOException {
    Map<String, List<String>> headers = new TreeMap<>();
    for (String line = line(); !line.isEmpty(); line = line()) {
      int colon = line.indexOf(':');
      headers
          .computeIfAbsent(
              line.substring(0, colon).toLowerCase(Locale.ROOT), name -> new ArrayList<>())
          .add(line.substring(colon + 1).strip());
    }
    return headers;
  }

  private byte[] body(boolean none, Map<String, List<String>> headers) throws IOException {
    if (none) {
      return new byte[0];
    }
    if (headers.containsKey("transfer-encoding")) {
      ByteArrayOutputStream body = new ByteArrayOutputStream();
      for (int size = chunkSize(); size > 0; size = chunkSize()) {
        body.write(in.readNBytes(size));
        line();
      }
      line();
      return body.toByteArray();
    }
    int length = Integer.parseInt(headers.getOrDefault("content-length", List.of("0")).get(0));
    byte[] body = in.readNBytes(length);
    if (body.length < length) {
      throw new EOFException("The answer ends in its middle");
    }
    return body;
  }

  private int chunkSize() throws IOException {
    return Integer.parseInt(line(), 16);
  }

  private String line() throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c != '\n'; c = in.read()) {
      if (c < 0) {
        throw new EOFException("The host closed the connection after: " + line);
      }
      line.append((char) c);
    }
    int end = line.length();
    return end > 0 && line.charAt(end - 1) == '\r' ? line.substring(0, end - 1) : line.toString();
  }

  private static boolean isHead(byte[] request) {
    return new String(request, 0, Math.min(5, request.length), StandardCharsets.ISO_8859_1)
        .equals("HEAD ");
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
