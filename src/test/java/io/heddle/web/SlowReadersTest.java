package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.heddle.web.TestHost.Key;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Readers that take less than there is cost themselves and nobody else. */
@ExtendWith(TestHost.Shared.class)
class SlowReadersTest {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final String LONG = "tells-megabytes";

  private static final int NORMAL = 64_000;

  private static final String CHATTY = "tells-again-and-again";

  private static TestHost host;

  private static Caller acme;

  @BeforeAll
  static void start(TestHost shared) {
    host =
        TestHost.start(
            "--spring.datasource.url=" + shared.createDatabase("of_slow_readers"),
            // How long the server waits for a reader to take something.
            "--server.tomcat.connection-timeout=3s",
            "--openwop.limits.max-request-body=10MB");
    acme = host.as(Key.ACME);
    List<String> chatter = new ArrayList<>();
    chatter.add(Definitions.gate("gate"));
    for (int i = 0; i < 20; i++) {
      chatter.add(Definitions.says("says" + i, "x".repeat(20_000)));
      chatter.add(Definitions.shortDelay("delay" + i));
    }
    acme.register(CHATTY, Definitions.chain(CHATTY, chatter.toArray(String[]::new)));
    List<String> shouts = new ArrayList<>();
    shouts.add(Definitions.gate("gate"));
    // Together more than all buffers between the host and a reader hold, by far.
    for (int i = 0; i < 16; i++) {
      shouts.add(Definitions.says("shouts" + i, "y".repeat(500_000)));
    }
    acme.register(LONG, Definitions.chain(LONG, shouts.toArray(String[]::new)));
  }

  @AfterAll
  static void stop() {
    host.close();
  }

  @Test
  void aReaderThatTakesNothingIsCutOffAndGoesOnFromWhereItWas() throws Exception {
    String run = acme.startRun(LONG);
    host.gate().awaitReached(run, "gate");
    List<Socket> stuck = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      stuck.add(reader(run, -1, 4_096));
    }
    EventStreams streams = host.bean(EventStreams.class);
    await().atMost(PATIENCE).until(() -> streams.openStreams() == stuck.size());
    List<CompletableFuture<Answer>> others = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      others.add(acme.sendAsync("GET", events(run), null));
    }

    host.gate().open(run, "gate");

    List<Frame> whole = Frame.all(acme.get(events(run)).text());
    for (CompletableFuture<Answer> other : others) {
      assertThat(Frame.all(other.join().text())).isEqualTo(whole);
    }
    assertThat(acme.types(run)).endsWith("run.completed");
    await().atMost(PATIENCE).until(() -> streams.openStreams() == 0);
    for (Socket socket : stuck) {
      List<Frame> taken = Frame.whole(body(rest(socket)));
      long last = taken.isEmpty() ? -1 : taken.get(taken.size() - 1).id();
      assertThat(last).isLessThan(whole.get(whole.size() - 1).id());
      taken.addAll(Frame.whole(body(rest(reader(run, last, NORMAL)))));
      assertThat(taken).isEqualTo(whole);
    }
  }

  @Test
  void aReaderThatTakesLittleAtATimeGetsEverything() throws Exception {
    String run = acme.startRun(LONG);
    host.gate().awaitReached(run, "gate");
    try (Socket socket = reader(run, -1, NORMAL)) {
      host.gate().open(run, "gate");
      acme.log(run);

      InputStream in = socket.getInputStream();
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      byte[] bytes = new byte[16_000];
      for (int count = in.read(bytes); count >= 0; count = in.read(bytes)) {
        all.write(bytes, 0, count);
      }

      assertThat(Frame.whole(body(all.toByteArray())))
          .isEqualTo(Frame.all(acme.get(events(run)).text()));
    }
  }

  @Test
  void aReaderThatIsCutAnywhereGetsEachEventOnceAndInOrder() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    String run = acme.startRun(CHATTY);
    host.gate().awaitReached(run, "gate");
    host.gate().open(run, "gate");
    List<Frame> taken = new ArrayList<>();
    int cuts = 0;
    while (taken.isEmpty() || !taken.get(taken.size() - 1).event().startsWith("run.completed")) {
      long last = taken.isEmpty() ? -1 : taken.get(taken.size() - 1).id();
      try (Socket socket = reader(run, last, NORMAL)) {
        // Now within headers or a frame's first letters, now some frames further.
        byte[] beginning =
            socket.getInputStream().readNBytes(random.nextInt(random.nextBoolean() ? 700 : 90_000));
        taken.addAll(Frame.whole(body(beginning)));
        cuts++;
      }
    }

    assertThat(cuts).as("seed %d", seed).isGreaterThan(10);
    assertThat(taken).as("seed %d", seed).isEqualTo(Frame.all(acme.get(events(run)).text()));
    String types = taken.stream().map(Frame::event).collect(Collectors.joining(" "));
    assertThat(types).startsWith("run.started").endsWith("run.completed");
  }

  private static Socket reader(String run, long last, int buffer) throws IOException {
    Socket socket = new Socket();
    socket.setReceiveBufferSize(buffer);
    socket.setSoTimeout(Math.toIntExact(PATIENCE.toMillis()));
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), host.port()));
    String request =
        "GET %s HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n%s\r\n"
            .formatted(
                events(run), Key.ACME.secret(), last < 0 ? "" : "Last-Event-ID: " + last + "\r\n");
    socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
    return socket;
  }

  /** What is still to be read of a connection that ends. */
  private static byte[] rest(Socket socket) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    try (socket) {
      socket.getInputStream().transferTo(all);
    } catch (IOException e) {
      // Cut off.
    }
    return all.toByteArray();
  }

  /** What comes after the headers. In HTTP/1.0 there are no chunks in between. */
  private static String body(byte[] answer) {
    String text = new String(answer, StandardCharsets.UTF_8);
    int end = text.indexOf("\r\n\r\n");
    return end < 0 ? "" : text.substring(end + 4);
  }

  private static String events(String run) {
    return "/v1/runs/" + run + "/events";
  }
}
