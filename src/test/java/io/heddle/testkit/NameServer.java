package io.heddle.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A DNS server (RFC 1035) on the loopback interface whose answers a test changes between one query
 * and the next, with a time to live of 0.
 */
public final class NameServer implements AutoCloseable {

  private static final int HEADER_BYTES = 12;

  private static final int NO_SUCH_NAME = 3;

  private static final short TYPE_A = 1;

  private static final short TYPE_AAAA = 28;

  private final DatagramSocket socket;

  private final Map<String, Queue<List<InetAddress>>> answers = new ConcurrentHashMap<>();

  private final AtomicInteger queries = new AtomicInteger();

  public NameServer() {
    try {
      this.socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Thread thread = new Thread(this::serve, "name-server");
    thread.setDaemon(true);
    thread.start();
  }

  public InetSocketAddress address() {
    return (InetSocketAddress) socket.getLocalSocketAddress();
  }

  /** One more answer for a name; the last one is given for ever. */
  public void answer(String name, String... addresses) {
    List<InetAddress> parsed = new ArrayList<>();
    try {
      for (String address : addresses) {
        parsed.add(InetAddress.getByName(address));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    answers.computeIfAbsent(name, unknown -> new ConcurrentLinkedQueue<>()).add(parsed);
  }

  /** How often a name was asked for. */
  public int queries() {
    return queries.get();
  }

  private void serve() {
    byte[] buffer = new byte[512];
    while (!socket.isClosed()) {
      DatagramPacket query = new DatagramPacket(buffer, buffer.length);
      try {
        socket.receive(query);
        byte[] answer = answer(ByteBuffer.wrap(buffer, 0, query.getLength()));
        socket.send(new DatagramPacket(answer, answer.length, query.getSocketAddress()));
      } catch (IOException e) {
        // Closed.
      }
    }
  }

  private byte[] answer(ByteBuffer query) {
    short id = query.getShort(0);
    query.position(HEADER_BYTES);
    StringBuilder name = new StringBuilder();
    for (int length = query.get(); length > 0; length = query.get()) {
      name.append(name.isEmpty() ? "" : ".");
      for (int i = 0; i < length; i++) {
        name.append((char) query.get());
      }
    }
    short type = query.getShort();
    int end = query.position() + Short.BYTES;
    List<InetAddress> found = found(name.toString(), type);
    byte[] question = new byte[end - HEADER_BYTES];
    query.get(HEADER_BYTES, question);
    ByteBuffer answer = ByteBuffer.allocate(512);
    boolean known = answers.containsKey(name.toString());
    answer.putShort(id).putShort((short) (0x8580 | (known ? 0 : NO_SUCH_NAME)));
    answer.putShort((short) 1).putShort((short) found.size()).putInt(0).put(question);
    for (InetAddress address : found) {
      byte[] bytes = address.getAddress();
      // The name is that of the question.
      answer.putShort((short) 0xc00c).putShort(type).putShort((short) 1).putInt(0);
      answer.putShort((short) bytes.length).put(bytes);
    }
    byte[] sent = new byte[answer.position()];
    answer.get(0, sent);
    return sent;
  }

  private List<InetAddress> found(String name, short type) {
    Queue<List<InetAddress>> left = answers.getOrDefault(name, new ConcurrentLinkedQueue<>());
    List<InetAddress> all = left.isEmpty() ? List.of() : left.element();
    // A caller asks for both kinds, the second time for these.
    if (type == TYPE_AAAA) {
      queries.incrementAndGet();
      if (left.size() > 1) {
        left.remove();
      }
    }
    int bytes = type == TYPE_A ? 4 : type == TYPE_AAAA ? 16 : 0;
    return all.stream().filter(address -> address.getAddress().length == bytes).toList();
  }

  /** Asks this server, for IPv4 and then for IPv6 addresses, and remembers nothing. */
  public InetAddress[] resolve(String name) throws UnknownHostException {
    try (DatagramSocket client = new DatagramSocket()) {
      client.setSoTimeout(10_000);
      List<InetAddress> found = new ArrayList<>();
      found.addAll(ask(client, name, TYPE_A));
      found.addAll(ask(client, name, TYPE_AAAA));
      if (found.isEmpty()) {
        throw new UnknownHostException(name);
      }
      return found.toArray(InetAddress[]::new);
    } catch (UnknownHostException e) {
      throw e;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<InetAddress> ask(DatagramSocket client, String name, short type) throws IOException {
    ByteBuffer query = ByteBuffer.allocate(512);
    query.putShort(type).putShort((short) 0x0100).putShort((short) 1).putInt(0).putShort((short) 0);
    for (String label : name.split("\\.")) {
      query.put((byte) label.length()).put(label.getBytes());
    }
    query.put((byte) 0).putShort(type).putShort((short) 1);
    client.send(new DatagramPacket(query.array(), query.position(), address()));
    DatagramPacket packet = new DatagramPacket(new byte[512], 512);
    client.receive(packet);
    ByteBuffer answer = ByteBuffer.wrap(packet.getData(), 0, packet.getLength());
    List<InetAddress> found = new ArrayList<>();
    int records = answer.getShort(6);
    answer.position(query.position());
    for (int i = 0; i < records; i++) {
      answer.position(answer.position() + 10);
      byte[] bytes = new byte[answer.getShort()];
      answer.get(bytes);
      found.add(InetAddress.getByAddress(name, bytes));
    }
    return found;
  }

  @Override
  public void close() {
    socket.close();
  }
}
