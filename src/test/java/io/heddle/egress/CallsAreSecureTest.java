package io.heddle.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.heddle.egress.EgressFailedException.Kind;
import io.heddle.testkit.Await;
import io.heddle.testkit.NameServer;
import io.heddle.testkit.ScriptedServer;
import io.heddle.testkit.TestCertificates;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** TLS to the name that was asked for, and to nobody else. */
class CallsAreSecureTest {

  private static final String NAME = "hooks.example";

  private static final ScriptedServer.Script ANSWER =
      ScriptedServer.says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");

  @TempDir private static Path directory;

  private static KeyStore good;

  private static KeyStore named;

  private static KeyStore expired;

  private static KeyStore addressed;

  private static NameServer names;

  @BeforeAll
  static void certificates() {
    names = new NameServer();
    names.answer(NAME, "127.0.0.1");
    good = certificate("dns:" + NAME);
    named = certificate("dns:elsewhere.example");
    expired = certificate("dns:" + NAME, "-startdate", "-10d", "-validity", "3");
    addressed = certificate("ip:127.0.0.1");
  }

  private static KeyStore certificate(String subject, String... options) {
    return TestCertificates.create(directory, subject, options);
  }

  @AfterAll
  static void close() {
    names.close();
  }

  private static EgressResponse send(SSLContext trust, String host, int port, Duration timeout) {
    try (Egress egress =
        new Egress(
            new EgressSettings(List.of(), List.of(), true, 1000),
            names::resolve,
            List.of(),
            trust)) {
      return egress.send(
          new EgressRequest(
              "POST",
              "https://" + host + ":" + port + "/",
              Map.of(),
              new byte[] {1},
              timeout,
              "test",
              "acme",
              null,
              false));
    }
  }

  private static void assertNotSecure(KeyStore shown, SSLContext trust, String host) {
    try (ScriptedServer server = ScriptedServer.secure(TestCertificates.server(shown), ANSWER)) {
      assertThatThrownBy(() -> send(trust, host, server.port(), Duration.ofMinutes(1)))
          .isInstanceOfSatisfying(
              EgressFailedException.class, failed -> assertThat(failed.kind()).isEqualTo(Kind.TLS));
      assertThat(server.requests()).as("nothing is sent to whoever it is").isEmpty();
    }
  }

  private static SSLContext trusting(KeyStore... certificates) {
    return TestCertificates.trusting(certificates);
  }

  @Test
  void aTrustedCertificateOfTheNameIsGood() {
    try (ScriptedServer server = ScriptedServer.secure(TestCertificates.server(good), ANSWER)) {
      EgressResponse response = send(trusting(good), NAME, server.port(), Duration.ofMinutes(1));

      assertThat(response.body()).asString().isEqualTo("ok");
      assertThat(server.requests().get(0).headers())
          .containsEntry("host", NAME + ":" + server.port());
    }
    try (ScriptedServer server =
        ScriptedServer.secure(TestCertificates.server(addressed), ANSWER)) {
      assertThat(
              send(trusting(addressed), "127.0.0.1", server.port(), Duration.ofMinutes(1)).status())
          .isEqualTo(200);
    }
  }

  @Test
  void othersAreNot() {
    assertNotSecure(good, trusting(named), NAME);
    assertNotSecure(named, trusting(good, named), NAME);
    assertNotSecure(expired, trusting(expired), NAME);
    assertNotSecure(good, trusting(good), "127.0.0.1");
    assertNotSecure(addressed, trusting(addressed), NAME);
    assertNotSecure(good, Egress.jvmDefault(), NAME);
  }

  @Test
  void aPeerWithoutTlsIsNone() throws IOException {
    try (ServerSocket listening = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      Thread server =
          new Thread(
              () -> {
                try (Socket socket = listening.accept()) {
                  socket.getOutputStream().write("HTTP/1.1 200 OK\r\n\r\n".getBytes());
                  socket.getInputStream().readAllBytes();
                } catch (IOException e) {
                  // The other side is gone.
                }
              });
      server.setDaemon(true);
      server.start();

      assertThatThrownBy(
              () -> send(trusting(good), NAME, listening.getLocalPort(), Duration.ofMinutes(1)))
          .isInstanceOfSatisfying(
              EgressFailedException.class, failed -> assertThat(failed.kind()).isEqualTo(Kind.TLS));
    }
  }

  @Test
  void aHandshakeThatDripsIsLeft() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    CountDownLatch gone = new CountDownLatch(1);
    try (ServerSocket listening = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      Thread server =
          new Thread(
              () -> {
                try (Socket socket = listening.accept()) {
                  OutputStream out = socket.getOutputStream();
                  // A record of a handshake that is announced as long and never comes to an end.
                  out.write(new byte[] {0x16, 3, 3, 0x3f, (byte) 0xff, 2, 0, 0x3f, (byte) 0xfb});
                  do {
                    out.write(0);
                    out.flush();
                  } while (!never.await(20, TimeUnit.MILLISECONDS));
                } catch (Exception e) {
                  gone.countDown();
                }
              });
      server.setDaemon(true);
      server.start();

      assertThatThrownBy(
              () -> send(trusting(good), NAME, listening.getLocalPort(), Duration.ofMillis(300)))
          .isInstanceOfSatisfying(
              EgressFailedException.class,
              failed -> assertThat(failed.kind()).isEqualTo(Kind.TIMEOUT));
      Await.await("the end of the connection").until(() -> gone.getCount() == 0);
    }
  }
}
