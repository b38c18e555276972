package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.heddle.web.TestHost.Key;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A host that asks for certificates, and clients with and without. */
@Timeout(180)
@ExtendWith(TestHost.Shared.class)
class ClientCertificatesTest {

  private static final String PASSWORD = "changeit";

  private static final String UNKNOWN_RUN = "/v1/runs/run-00000000000000000000000000";

  @TempDir private static Path directory;

  private static TestHost host;

  @BeforeAll
  static void start(TestHost shared) throws Exception {
    keyPair("host", "CN=localhost", "dns:localhost");
    keyPair("orders", "CN=orders, O=Acme", "dns:orders.acme.example");
    keyPair("other", "CN=orders.acme.example", "dns:other.example,uri:https://orders.acme.example");
    keyPair("stranger", "CN=stranger", "dns:orders.acme.example");
    trust("clients", "orders", "other");
    trust("hosts", "host");
    String bundle = "--spring.ssl.bundle.jks.host.";
    host =
        TestHost.start(
            "--spring.datasource.url=" + shared.createDatabase("of_a_host_with_certificates"),
            bundle + "keystore.location=" + file("host"),
            bundle + "keystore.password=" + PASSWORD,
            bundle + "truststore.location=" + file("clients"),
            bundle + "truststore.password=" + PASSWORD,
            "--server.ssl.bundle=host",
            "--server.ssl.client-auth=want",
            "--openwop.auth.mtls.subject-mapping=san-dns",
            "--openwop.auth.mtls.required=true",
            "--openwop.auth.mtls.tenants[orders.acme.example]=acme");
  }

  @AfterAll
  static void stop() {
    host.close();
  }

  private static Path file(String name) {
    return directory.resolve(name + ".p12");
  }

  private static void keyPair(String name, String subject, String names) throws Exception {
    keytool(
        "-genkeypair",
        "-alias",
        name,
        "-keyalg",
        "EC",
        "-dname",
        subject,
        "-ext",
        "san=" + names,
        "-keystore",
        file(name).toString());
    keytool(
        "-exportcert",
        "-alias",
        name,
        "-keystore",
        file(name).toString(),
        "-file",
        directory.resolve(name + ".cer").toString());
  }

  private static void trust(String store, String... names) throws Exception {
    for (String name : names) {
      keytool(
          "-importcert",
          "-noprompt",
          "-alias",
          name,
          "-keystore",
          file(store).toString(),
          "-file",
          directory.resolve(name + ".cer").toString());
    }
  }

  private static void keytool(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of(arguments));
    command.addAll(List.of("-storetype", "PKCS12", "-storepass", PASSWORD));
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("keytool.log").toFile())
            .start();
    assertThat(process.waitFor()).as(Files.readString(directory.resolve("keytool.log"))).isZero();
  }

  private static KeyStore load(String name) throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(file(name))) {
      store.load(in, PASSWORD.toCharArray());
    }
    return store;
  }

  /** Calls with the certificate of this name; with none if it is empty. */
  private static HttpResponse<String> call(String certificate, Key key, String path)
      throws Exception {
    TrustManagerFactory trusted =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trusted.init(load("hosts"));
    KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    if (certificate.isEmpty()) {
      own.init(null, null);
    } else {
      own.init(load(certificate), PASSWORD.toCharArray());
    }
    SSLContext tls = SSLContext.getInstance("TLS");
    tls.init(own.getKeyManagers(), trusted.getTrustManagers(), null);
    return HttpClient.newBuilder()
        .sslContext(tls)
        .build()
        .send(
            HttpRequest.newBuilder(URI.create("https://localhost:" + host.port() + path))
                .header("Authorization", "Bearer " + key.secret())
                .build(),
            BodyHandlers.ofString());
  }

  @Test
  void aCallerOfTheSystemsTenantIsServed() throws Exception {
    assertThat(call("orders", Key.ACME, UNKNOWN_RUN).statusCode()).isEqualTo(404);
    // The certificate grants nothing.
    assertThat(call("orders", Key.POWERLESS, UNKNOWN_RUN).statusCode()).isEqualTo(403);
  }

  @Test
  void everyoneElseIsRefusedAlike() throws Exception {
    HttpResponse<String> none = call("", Key.ACME, UNKNOWN_RUN);
    HttpResponse<String> tenant = call("orders", Key.GLOBEX, UNKNOWN_RUN);
    // Its names are those of the system, but not where they count.
    HttpResponse<String> elsewhere = call("other", Key.ACME, UNKNOWN_RUN);

    for (HttpResponse<String> refused : List.of(none, tenant, elsewhere)) {
      assertThat(refused.statusCode()).isEqualTo(401);
      assertThat(refused.body()).isEqualTo(none.body()).contains("\"unauthenticated\"");
      assertThat(refused.headers().firstValue("WWW-Authenticate"))
          .isEqualTo(none.headers().firstValue("WWW-Authenticate"));
    }
  }

  @Test
  void aCertificateThatNobodyVouchesForEndsTheConnection() {
    // Or the client does not even send it, and is refused for having none.
    try {
      assertThat(call("stranger", Key.ACME, UNKNOWN_RUN).statusCode()).isEqualTo(401);
    } catch (Exception e) {
      assertThat(e).isInstanceOf(IOException.class);
    }
  }

  @Test
  void whatIsPublicIsSoWithoutACertificate() throws Exception {
    HttpResponse<String> discovery = call("", Key.ACME, "/.well-known/openwop");

    assertThat(discovery.statusCode()).isEqualTo(200);
    assertThat(discovery.body())
        .contains("\"openwop-auth-mtls\"")
        .contains("\"mtls\":{")
        .contains("\"subjectMapping\":\"san-dns\"");
  }

  @Test
  void aServerThatAsksForNoCertificatesSaysSoAtItsStart(TestHost shared) {
    String url = shared.createDatabase("of_a_host_that_asks_nobody");

    assertThatThrownBy(
            () ->
                TestHost.start(
                    "--spring.datasource.url=" + url, "--openwop.auth.mtls.subject-mapping=cn"))
        .hasStackTraceContaining("server.ssl.client-auth");
  }
}
