package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsExchange;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import io.heddle.testkit.TestCertificates;
import io.heddle.web.TestHost.Key;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** Hosts behind a balancer at which the connections of clients end. */
@Timeout(180)
@ExtendWith({TestHost.Shared.class, OutputCaptureExtension.class})
class ForwardedCertificatesTest {

  private static final char[] PASSWORD = "changeit".toCharArray();

  private static final String UNKNOWN_RUN = "/v1/runs/run-00000000000000000000000000";

  private static final String NAME = "orders.acme.example";

  private static final String PEM = "ssl-client-cert";

  private static final String XFCC = "x-forwarded-client-cert";

  @TempDir private static Path directory;

  private static KeyStore orders;

  private static KeyStore old;

  private static KeyStore stranger;

  private static KeyStore balancers;

  /** Takes certificates as nginx spells them, and nobody without one. */
  private static TestHost strict;

  /** Takes them as Envoy spells them, and callers without one. */
  private static TestHost lenient;

  private static Balancer nginx;

  private static Balancer envoy;

  @BeforeAll
  static void start(TestHost shared) throws Exception {
    orders = TestCertificates.create(directory, "dns:" + NAME);
    old = TestCertificates.create(directory, "dns:" + NAME, "-startdate", "-3d", "-validity", "1");
    stranger = TestCertificates.create(directory, "dns:" + NAME);
    balancers = TestCertificates.create(directory, "dns:localhost");
    strict = host(shared, "of_a_host_behind_nginx", "--openwop.auth.mtls.required=true");
    lenient = host(shared, "of_a_host_behind_envoy", "--openwop.auth.mtls.forwarded.format=xfcc");
    nginx = new Balancer(strict.port(), PEM, chain -> encoded(chain[0]));
    envoy =
        new Balancer(
            lenient.port(),
            XFCC,
            chain ->
                "By=spiffe://a;Hash=00;Subject=\"CN=\\\"a\\\", O=b;c\";Chain=\"%s\";URI=;DNS=a"
                    .formatted(encoded(chain)));
  }

  private static TestHost host(TestHost shared, String database, String more) throws Exception {
    return TestHost.start(
        "--spring.datasource.url=" + shared.createDatabase(database),
        "--spring.ssl.bundle.pem.clients.truststore.certificate="
            + pem(orders.getCertificate("ca"))
            + pem(old.getCertificate("ca")),
        "--openwop.auth.mtls.subject-mapping=san-dns",
        "--openwop.auth.mtls.tenants[" + NAME + "]=acme",
        "--openwop.auth.mtls.forwarded.trusted-proxies=192.0.2.0/24,127.0.0.1",
        "--openwop.auth.mtls.forwarded.bundle=clients",
        more);
  }

  @AfterAll
  static void stop() {
    nginx.close();
    envoy.close();
    strict.close();
    lenient.close();
  }

  private static String pem(Certificate certificate) {
    try {
      return "-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n"
          .formatted(
              Base64.getMimeEncoder(64, new byte[] {'\n'})
                  .encodeToString(certificate.getEncoded()));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String encoded(Certificate... certificates) {
    return URLEncoder.encode(
            Stream.of(certificates)
                .map(ForwardedCertificatesTest::pem)
                .collect(Collectors.joining()),
            StandardCharsets.US_ASCII)
        // Only forms have it so.
        .replace("+", "%20");
  }

  private static String encoded(KeyStore of) throws GeneralSecurityException {
    return encoded(of.getCertificate("a"));
  }

  /**
   * Ends the connections of clients, asks them for certificates, verifies none, and passes on what
   * they show in place of whatever they sent.
   */
  private static final class Balancer implements AutoCloseable {

    private final HttpsServer server;

    private final ExecutorService threads = Executors.newCachedThreadPool();

    private final HttpClient client =
        HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private final int host;

    private final String header;

    private final Function<Certificate[], String> spelling;

    Balancer(int host, String header, Function<Certificate[], String> spelling) throws Exception {
      this.host = host;
      this.header = header;
      this.spelling = spelling;
      SSLContext tls = SSLContext.getInstance("TLS");
      tls.init(keys(balancers), new TrustManager[] {new Anybody()}, null);
      server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      server.setHttpsConfigurator(
          new HttpsConfigurator(tls) {

            @Override
            public void configure(HttpsParameters parameters) {
              SSLParameters asking = getSSLContext().getDefaultSSLParameters();
              asking.setWantClientAuth(true);
              parameters.setSSLParameters(asking);
            }
          });
      server.createContext("/", this::forward);
      server.setExecutor(threads);
      server.start();
    }

    int port() {
      return server.getAddress().getPort();
    }

    private void forward(HttpExchange exchange) throws IOException {
      try (exchange) {
        HttpRequest.Builder request =
            HttpRequest.newBuilder(
                    URI.create("http://127.0.0.1:%d%s".formatted(host, exchange.getRequestURI())))
                .header("Authorization", exchange.getRequestHeaders().getFirst("Authorization"));
        try {
          Certificate[] shown = ((HttpsExchange) exchange).getSSLSession().getPeerCertificates();
          request.header(header, spelling.apply(shown));
        } catch (SSLPeerUnverifiedException e) {
          // There is nothing to pass on.
        }
        HttpResponse<byte[]> answer = client.send(request.build(), BodyHandlers.ofByteArray());
        exchange.sendResponseHeaders(answer.statusCode(), answer.body().length);
        exchange.getResponseBody().write(answer.body());
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
    }

    @Override
    public void close() {
      server.stop(0);
      threads.shutdownNow();
    }
  }

  /** Somebody else decides. */
  private static final class Anybody implements X509TrustManager {

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }

  private static KeyManager[] keys(KeyStore store) throws GeneralSecurityException, IOException {
    KeyStore own = KeyStore.getInstance("PKCS12");
    own.load(null, null);
    own.setKeyEntry("a", store.getKey("a", PASSWORD), PASSWORD, store.getCertificateChain("a"));
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(own, PASSWORD);
    return keys.getKeyManagers();
  }

  /**
   * @param certificate null for none
   * @param headers names and values in turn
   */
  private static HttpResponse<String> call(
      Balancer balancer, KeyStore certificate, Key key, String... headers) throws Exception {
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("a", balancers.getCertificate("ca"));
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    SSLContext tls = SSLContext.getInstance("TLS");
    tls.init(certificate == null ? null : keys(certificate), trust.getTrustManagers(), null);
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("https://localhost:" + balancer.port() + UNKNOWN_RUN))
            .header("Authorization", "Bearer " + key.secret());
    if (headers.length > 0) {
      request.headers(headers);
    }
    return HttpClient.newBuilder()
        .sslContext(tls)
        .build()
        .send(request.build(), BodyHandlers.ofString());
  }

  @Test
  void aCallerOfTheSystemsTenantIsServed() throws Exception {
    for (Balancer balancer : List.of(nginx, envoy)) {
      assertThat(call(balancer, orders, Key.ACME).statusCode()).isEqualTo(404);
      // The certificate grants nothing.
      assertThat(call(balancer, orders, Key.POWERLESS).statusCode()).isEqualTo(403);
      assertThat(call(balancer, orders, Key.GLOBEX).statusCode()).isEqualTo(401);
    }
  }

  @Test
  void aCertificateThatTheHostItselfDoesNotTrustIsRefused() throws Exception {
    Set<String> bodies = new TreeSet<>();
    for (Balancer balancer : List.of(nginx, envoy)) {
      for (KeyStore certificate : List.of(stranger, old)) {
        HttpResponse<String> refused = call(balancer, certificate, Key.ACME);
        assertThat(refused.statusCode()).isEqualTo(401);
        bodies.add(refused.body());
      }
    }
    assertThat(bodies).hasSize(1).allMatch(body -> body.contains("\"unauthenticated\""));
  }

  @Test
  void whoShowsNoneIsServedUnlessOneIsRequired() throws Exception {
    assertThat(call(nginx, null, Key.ACME).statusCode()).isEqualTo(401);
    assertThat(call(envoy, null, Key.ACME).statusCode()).isEqualTo(404);
  }

  @Test
  void whatAClientWritesIntoTheHeaderDoesNotReachTheHost() throws Exception {
    assertThat(call(nginx, null, Key.ACME, PEM, encoded(orders)).statusCode()).isEqualTo(401);
    assertThat(call(nginx, stranger, Key.ACME, PEM, encoded(orders)).statusCode()).isEqualTo(401);
    assertThat(call(nginx, orders, Key.ACME, PEM, encoded(stranger)).statusCode()).isEqualTo(404);
  }

  private static String request(String headers) {
    return "GET %s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n%s\r\n"
        .formatted(UNKNOWN_RUN, Key.ACME.secret(), headers);
  }

  @Test
  void aHeaderFromSomebodyElseIsIgnoredAndTheHostSaysSoOnce(CapturedOutput output)
      throws Exception {
    String genuine = request(PEM + ": " + encoded(orders) + "\r\n");
    // Sent from the address of the balancer it would be good.
    assertThat(Wire.exchange(strict.port(), genuine).status()).isEqualTo(404);
    InetAddress elsewhere = InetAddress.getByAddress(new byte[] {127, 0, 0, 2});
    for (int i = 0; i < 3; i++) {
      Envelope.assertRefused(
          Wire.exchange(
              elsewhere,
              strict.port(),
              request(
                  "X-Forwarded-For: 127.0.0.1\r\nForwarded: for=127.0.0.1\r\n"
                      + PEM
                      + ": "
                      + encoded(orders)
                      + "\r\n")),
          401,
          "unauthenticated");
    }
    assertThat(output.getAll().split("sent a certificate in the header", -1)).hasSize(2);
    assertThat(output.getAll()).contains("127.0.0.2").doesNotContain("BEGIN");
    // Where none is required, one that does not count is none.
    assertThat(
            Wire.exchange(
                    elsewhere,
                    lenient.port(),
                    request(XFCC + ": Cert=\"" + encoded(stranger) + "\"\r\n"))
                .status())
        .isEqualTo(404);
  }

  static Stream<String> malformed() throws GeneralSecurityException {
    String good = encoded(orders);
    List<String> headers = new ArrayList<>();
    for (String value :
        List.of(
            "x",
            "%",
            "%zz",
            "-----BEGIN CERTIFICATE-----",
            "%2D%2D%2D%2D%2DBEGIN%20CERTIFICATE%2D%2D%2D%2D%2D%0AAAAA%0A"
                + "%2D%2D%2D%2D%2DEND%20CERTIFICATE%2D%2D%2D%2D%2D",
            good.substring(0, good.length() / 2),
            "CN=" + NAME,
            encoded(stranger) + good,
            encoded(stranger, orders),
            encoded(balancers),
            "A".repeat(7000))) {
      headers.add(PEM + ": " + value + "\r\n");
    }
    headers.add(PEM + ": " + good + "\r\n" + PEM + ": " + encoded(stranger) + "\r\n");
    headers.add(PEM + ": " + good + "\r\n" + PEM.toUpperCase() + ": " + good + "\r\n");
    for (String value :
        List.of(
            "x",
            "Cert",
            "Cert=",
            "Cert=\"",
            "Cert=\"\\",
            "Cert=\"" + good,
            "Hash=00;Subject=\"CN=a\";DNS=" + NAME,
            "Cert=\"" + encoded(stranger) + "\"",
            "Cert=\"" + good + "\";Chain=\"" + encoded(stranger) + "\"",
            "Cert=\"" + good + "\";cert=\"" + good + "\"",
            "Cert=\"" + encoded(stranger) + "\",Cert=\"" + good + "\"",
            "Cert=\"" + good + "\",Cert=\"" + good + "\"",
            "Subject=\";Cert=\"" + good + "\"")) {
      headers.add(XFCC + ": " + value + "\r\n");
    }
    return headers.stream();
  }

  private static String encoded(KeyStore first, KeyStore second) throws GeneralSecurityException {
    return encoded(first.getCertificate("a"), second.getCertificate("a"));
  }

  @ParameterizedTest
  @MethodSource("malformed")
  void whatIsNoGoodCertificateIsRefusedEvenFromTheBalancer(String headers) throws IOException {
    TestHost host = headers.startsWith(PEM) ? strict : lenient;
    Envelope.assertRefused(Wire.exchange(host.port(), request(headers)), 401, "unauthenticated");
  }

  @Test
  void aPlusOfBase64MayStayAsItIs() throws Exception {
    String pem = pem(orders.getCertificate("a"));
    String plain = pem.replace("\n", "%0A").replace(" ", "%20");
    assertThat(Wire.exchange(strict.port(), request(PEM + ": " + plain + "\r\n")).status())
        .isEqualTo(404);
    assertThat(
            Wire.exchange(lenient.port(), request(XFCC + ": Cert=\"" + encoded(orders) + "\"\r\n"))
                .status())
        .isEqualTo(404);
    assertThat(
            Wire.exchange(lenient.port(), request(XFCC + ": Cert=" + encoded(orders) + "\r\n"))
                .status())
        .isEqualTo(404);
  }

  static Stream<List<String>> faults() {
    String mapping = "--openwop.auth.mtls.subject-mapping=cn";
    String proxies = "--openwop.auth.mtls.forwarded.trusted-proxies=10.0.0.0/8";
    String bundle = "--openwop.auth.mtls.forwarded.bundle=clients";
    return Stream.of(
        List.of("openwop.auth.mtls.subject-mapping", proxies, bundle),
        List.of("openwop.auth.mtls.forwarded.bundle", mapping, proxies),
        List.of(
            "server.forward-headers-strategy",
            mapping,
            proxies,
            "--server.forward-headers-strategy=native"),
        List.of(
            "server.forward-headers-strategy",
            mapping,
            proxies,
            "--spring.main.cloud-platform=kubernetes"),
        List.of(
            "Not an address or block",
            mapping,
            "--openwop.auth.mtls.forwarded.trusted-proxies=balancer.example",
            bundle));
  }

  @ParameterizedTest
  @MethodSource("faults")
  void aHostThatCouldNotTellSaysSoAtItsStart(List<String> fault, TestHost shared) {
    List<String> arguments = new ArrayList<>(fault.subList(1, fault.size()));
    arguments.add("--spring.datasource.url=" + shared.databaseUrl());
    assertThatThrownBy(() -> TestHost.start(arguments.toArray(String[]::new)))
        .hasStackTraceContaining(fault.get(0));
  }
}
