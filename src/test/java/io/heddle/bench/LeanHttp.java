package io.heddle.bench;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * One connection to a host at a time, kept alive for as long as the host likes. It costs a fraction
 * of what a full client would take from the host that it measures on the same processors.
 */
final class LeanHttp implements AutoCloseable {

  record Answer(int status, String body) {}

  private final int port;

  private final String headers;

  private Socket socket;

  private InputStream in;

  /** The server has said that it takes no more requests on this connection. */
  private boolean over;

  LeanHttp(int port, String key) throws IOException {
    this.port = port;
    connect();
    headers = " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + key + "\r\n";
  }

  Answer get(String path, String accept) throws IOException {
    return exchange("GET " + path + headers + "Accept: " + accept + "\r\n\r\n");
  }

  Answer post(String path, String json) throws IOException {
    return exchange(
        "POST %s%sContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
            .formatted(path, headers, json.getBytes(StandardCharsets.UTF_8).length, json));
  }

  private void connect() throws IOException {
    socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(30_000);
    in = new BufferedInputStream(socket.getInputStream(), 16_384);
    over = false;
  }

  private Answer exchange(String request) throws IOException {
    if (over) {
      socket.close();
      connect();
    }
    socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
    int status = Integer.parseInt(line().split(" ")[1]);
    int length = 0;
    boolean chunked = false;
    for (String header = line(); !header.isEmpty(); header = line()) {
      String lower = header.toLowerCase(Locale.ROOT);
      if (lower.startsWith("content-length:")) {
        length = Integer.parseInt(lower.substring(15).strip());
      } else if (lower.startsWith("transfer-encoding:")) {
        chunked = lower.contains("chunked");
      } else if (lower.startsWith("connection:")) {
        over = lower.contains("close");
      }
    }
    return new Answer(status, chunked ? chunks() : text(length));
  }

  private String chunks() throws IOException {
    StringBuilder body = new StringBuilder();
    while (true) {
      int size = Integer.parseInt(line(), 16);
      body.append(text(size));
      line();
      if (size == 0) {
        return body.toString();
      }
    }
  }

  private String text(int length) throws IOException {
    byte[] bytes = in.readNBytes(length);
    if (bytes.length < length) {
      throw new EOFException();
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private String line() throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c != '\n'; c = in.read()) {
      if (c < 0) {
        throw new EOFException();
      }
      if (c != '\r') {
        line.append((char) c);
      }
    }
    return line.toString();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
