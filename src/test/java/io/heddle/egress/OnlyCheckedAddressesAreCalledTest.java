package io.heddle.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.abort;

import io.heddle.egress.EgressFailedException.Kind;
import io.heddle.spi.EgressPolicy;
import io.heddle.testkit.Await;
import io.heddle.testkit.NameServer;
import io.heddle.testkit.ScriptedServer;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Names whose addresses change, against a real DNS server. */
class OnlyCheckedAddressesAreCalledTest {

  private static final String NAME = "hooks.example";

  private final NameServer names = new NameServer();

  private final ScriptedServer server =
      ScriptedServer.start(ScriptedServer.says("HTTP/1.1 204 None\r\n\r\n"));

  private final List<Egress> opened = new ArrayList<>();

  @AfterEach
  void close() {
    opened.forEach(Egress::close);
    server.close();
    names.close();
  }

  private Egress egress(EgressSettings settings, AddressResolver resolver, EgressPolicy... more) {
    Egress egress = new Egress(settings, resolver, List.of(more), Egress.jvmDefault());
    opened.add(egress);
    return egress;
  }

  private static EgressSettings settings(boolean allowPrivate, String... denied) {
    return new EgressSettings(List.of(), List.of(denied), allowPrivate, 1000);
  }

  private static EgressRequest get(String url) {
    return get(url, Duration.ofMinutes(1));
  }

  private static EgressRequest get(String url, Duration timeout) {
    return new EgressRequest(
        "GET", url, Map.of(), new byte[0], timeout, "webhook", "acme", "run-1", false);
  }

  private static void assertRefused(Runnable call, String reason) {
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(
            EgressRefusedException.class,
            refused -> assertThat(refused.reason()).isEqualTo(reason));
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1"})
  void aNameThatMovesIntoAPrivateNetworkIsRefusedAtTheCall(String inside) {
    names.answer(NAME, "93.184.216.34");
    names.answer(NAME, inside);
    Egress egress = egress(settings(false), names::resolve);
    String url = "https://" + NAME + ":" + server.port() + "/";

    egress.check(url);
    assertRefused(() -> egress.send(get(url)), "address");

    assertThat(names.queries()).as("each asks once").isEqualTo(2);
    assertThat(server.connections()).isZero();
  }

  @Test
  void oneAddressAmongManyIsEnough() {
    names.answer(NAME, "93.184.216.34", "127.0.0.1", "2606:2800::1");
    Egress egress = egress(settings(false), names::resolve);
    String url = "https://" + NAME + ":" + server.port() + "/";

    assertRefused(() -> egress.check(url), "address");
    assertRefused(() -> egress.send(get(url)), "address");
    assertThat(server.connections()).isZero();
  }

  @Test
  void theConnectionGoesWhereTheCheckLooked() {
    names.answer(NAME, "127.0.0.1");
    // Whoever asked again would get there.
    names.answer(NAME, "127.0.0.2");
    List<EgressPolicy.Call> judged = new CopyOnWriteArrayList<>();
    Egress egress = egress(settings(true, "127.0.0.2"), names::resolve, call -> judged.add(call));
    String url = "http://" + NAME + ":" + server.port() + "/there";

    assertThat(egress.send(get(url)).status()).isEqualTo(204);
    assertThat(names.queries()).isEqualTo(1);
    assertThat(server.requests()).hasSize(1);
    assertThat(server.requests().get(0).headers())
        .containsEntry("host", NAME + ":" + server.port());
    EgressPolicy.Call call = judged.get(0);
    assertThat(call.addresses())
        .extracting(InetAddress::getHostAddress)
        .containsExactly("127.0.0.1");
    assertThat(List.of(call.purpose(), call.tenant(), call.method(), call.scheme(), call.host()))
        .containsExactly("webhook", "acme", "GET", "http", NAME);
    assertThat(call.port()).isEqualTo(server.port());
    assertThat(call.runId()).isEqualTo("run-1");

    assertRefused(() -> egress.send(get(url)), "denied");
    assertThat(server.connections()).as("a later call does not reuse the connection").isEqualTo(1);
  }

  @Test
  void theNextCheckedAddressIsTriedIfNobodyListensAtTheFirst() throws UnknownHostException {
    try (ScriptedServer second =
        ScriptedServer.at(
            InetAddress.getByName("127.0.0.3"), ScriptedServer.says("HTTP/1.1 204 None\r\n\r\n"))) {
      names.answer(NAME, "127.0.0.2", "127.0.0.3");
      Egress egress = egress(settings(true), names::resolve);

      assertThat(egress.send(get("http://" + NAME + ":" + second.port())).status()).isEqualTo(204);
      assertThat(names.queries()).isEqualTo(1);
    }
  }

  @Test
  void ipv6AddressesAreCalled() {
    ScriptedServer six;
    try {
      six =
          ScriptedServer.at(
              InetAddress.getByName("::1"), ScriptedServer.says("HTTP/1.1 204 None\r\n\r\n"));
    } catch (Exception e) {
      abort("This machine has no IPv6 loopback");
      return;
    }
    try (six) {
      Egress egress = egress(settings(true), names::resolve);
      assertThat(egress.send(get("http://[0:0::1]:" + six.port() + "/")).status()).isEqualTo(204);
      assertThat(six.requests().get(0).headers().get("host")).endsWith("]:" + six.port());
      assertThat(names.queries()).isZero();
    }
  }

  @Test
  void aNameWithoutAddressIsNoConnection() {
    Egress egress = egress(settings(false), names::resolve);

    assertRefused(() -> egress.check("https://unknown.example/"), "unresolvable");
    assertThatThrownBy(() -> egress.send(get("https://unknown.example/")))
        .isInstanceOfSatisfying(
            EgressFailedException.class,
            failed -> assertThat(failed.kind()).isEqualTo(Kind.CONNECT));
  }

  @Test
  void aResolverThatHangsHoldsUpNobody() {
    CountDownLatch never = new CountDownLatch(1);
    Egress egress =
        egress(
            settings(true),
            host -> {
              try {
                never.await();
              } catch (InterruptedException e) {
                throw new UnknownHostException(host);
              }
              return new InetAddress[] {InetAddress.getLoopbackAddress()};
            });

    assertThatThrownBy(
            () -> egress.send(get("http://" + NAME + ":" + server.port(), Duration.ofMillis(200))))
        .isInstanceOfSatisfying(
            EgressFailedException.class,
            failed -> assertThat(failed.kind()).isEqualTo(Kind.TIMEOUT));
    assertRefused(() -> egress.check("http://" + NAME), "unresolvable");

    never.countDown();
    egress.close();
    Await.await("the end of the look-up").until(egress::isQuiet);
    assertThat(server.connections()).as("a call that was given up is not made later").isZero();
  }

  @Test
  void aPeerThatDoesNotTakeTheConnectionIsLeft() throws Exception {
    // Nobody accepts, so the queue fills up and the next connection is not answered.
    try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      List<Socket> waiting = new ArrayList<>();
      try {
        while (waiting.size() < 64) {
          Socket socket = new Socket();
          waiting.add(socket);
          socket.connect(full.getLocalSocketAddress(), 200);
        }
        abort("This machine's queues are never full");
      } catch (SocketTimeoutException e) {
        Egress egress = egress(settings(true), names::resolve);
        assertThatThrownBy(
                () ->
                    egress.send(
                        get("http://127.0.0.1:" + full.getLocalPort(), Duration.ofMillis(300))))
            .isInstanceOfSatisfying(
                EgressFailedException.class,
                failed -> assertThat(failed.kind()).isEqualTo(Kind.TIMEOUT));
        egress.close();
        Await.await("the end of the call").until(egress::isQuiet);
      } finally {
        for (Socket socket : waiting) {
          socket.close();
        }
      }
    }
  }

  @Test
  void aPolicyRefusesMoreAndPermitsNothing() {
    names.answer(NAME, "127.0.0.1");
    String url = "http://" + NAME + ":" + server.port();

    assertRefused(
        () -> egress(settings(true), names::resolve, call -> true, call -> false).send(get(url)),
        "policy");
    assertRefused(
        () ->
            egress(
                    settings(true),
                    names::resolve,
                    call -> {
                      throw new IllegalStateException("broken");
                    })
                .send(get(url)),
        "policy");
    assertRefused(
        () ->
            egress(settings(false), names::resolve, call -> true)
                .send(get(url.replace("http:", "https:"))),
        "address");
    assertThat(server.connections()).isZero();
  }

  @Test
  void aClosedHostCallsNobody() {
    names.answer(NAME, "127.0.0.1");
    Egress egress = egress(settings(true), names::resolve);
    egress.close();

    assertThatThrownBy(() -> egress.send(get("http://" + NAME + ":" + server.port())))
        .isInstanceOfSatisfying(
            EgressFailedException.class,
            failed -> assertThat(failed.kind()).isEqualTo(Kind.CLOSED));
    assertThat(server.connections()).isZero();
  }
}
