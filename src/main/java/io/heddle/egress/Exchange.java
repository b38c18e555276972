package io.heddle.egress;

import io.heddle.egress.EgressFailedException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.NoRouteToHostException;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import org.apache.hc.client5.http.DnsResolver;
import org.apache.hc.client5.http.HttpRoute;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.config.TlsConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.BasicHttpClientConnectionManager;
import org.apache.hc.client5.http.impl.io.ManagedHttpClientConnectionFactory;
import org.apache.hc.client5.http.protocol.HttpClientContext;
import org.apache.hc.client5.http.ssl.DefaultClientTlsStrategy;
import org.apache.hc.client5.http.ssl.HostnameVerificationPolicy;
import org.apache.hc.client5.http.ssl.NoopHostnameVerifier;
import org.apache.hc.client5.http.ssl.TlsSocketStrategy;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.http.config.RegistryBuilder;
import org.apache.hc.core5.http.io.SocketConfig;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.apache.hc.core5.io.CloseMode;
import org.apache.hc.core5.net.URIAuthority;
import org.apache.hc.core5.util.Timeout;

/**
 * One request and its response over a connection of its own, so that the addresses that were
 * checked for it serve it and nothing else. {@link #abort} may be called by any thread.
 */
final class Exchange {

  private static final Timeout LONGEST_CONNECT = Timeout.ofSeconds(3);

  // What a peer may make this host keep besides a body.
  private static final Http1Config RESPONSE_HEAD =
      Http1Config.custom()
          .setMaxLineLength(16_384)
          .setMaxHeaderCount(128)
          .setMaxEmptyLineCount(8)
          .build();

  private final HttpHost host;

  private final HttpUriRequestBase message;

  private final CloseableHttpClient client;

  private final int maxResponseBytes;

  Exchange(
      Target target,
      List<InetAddress> addresses,
      EgressRequest request,
      SSLContext tls,
      int maxResponseBytes) {
    this.host = new HttpHost(target.scheme(), target.host(), target.port());
    this.message = message(request, target);
    this.client = client(new Checked(target.host(), addresses), tls, request);
    this.maxResponseBytes = maxResponseBytes;
  }

  private static HttpUriRequestBase message(EgressRequest request, Target target) {
    HttpUriRequestBase message =
        new HttpUriRequestBase(request.method(), URI.create(target.pathAndQuery()));
    message.setScheme(target.scheme());
    message.setAuthority(
        new URIAuthority(target.host(), target.isDefaultPort() ? -1 : target.port()));
    request.headers().forEach(message::setHeader);
    // The connection serves this request only.
    message.setHeader("Connection", "close");
    if (request.body().length > 0 || request.method().startsWith("P")) {
      message.setEntity(new ByteArrayEntity(request.body(), null));
    }
    return message;
  }

  private CloseableHttpClient client(Checked checked, SSLContext tls, EgressRequest request) {
    Timeout whole = Timeout.of(request.timeout());
    Timeout connect = whole.compareTo(LONGEST_CONNECT) < 0 ? whole : LONGEST_CONNECT;
    TlsSocketStrategy secure =
        new DefaultClientTlsStrategy(
            tls, HostnameVerificationPolicy.BUILTIN, NoopHostnameVerifier.INSTANCE);
    BasicHttpClientConnectionManager connections =
        BasicHttpClientConnectionManager.create(
            null,
            checked,
            RegistryBuilder.<TlsSocketStrategy>create().register("https", secure).build(),
            ManagedHttpClientConnectionFactory.builder().http1Config(RESPONSE_HEAD).build());
    connections.setConnectionConfig(
        ConnectionConfig.custom().setConnectTimeout(connect).setSocketTimeout(whole).build());
    connections.setSocketConfig(SocketConfig.custom().setSoTimeout(whole).build());
    connections.setTlsConfig(TlsConfig.custom().setHandshakeTimeout(whole).build());
    return HttpClients.custom()
        .setConnectionManager(connections)
        // Straight to the host; with a planner of its own the client looks for no proxy.
        .setRoutePlanner(
            (to, context) -> new HttpRoute(host, null, host.getSchemeName().equals("https")))
        .setDefaultRequestConfig(
            RequestConfig.custom()
                .setProtocolUpgradeEnabled(false)
                .setExpectContinueEnabled(false)
                .build())
        .setConnectionReuseStrategy((sent, received, context) -> false)
        .disableRedirectHandling()
        .disableAutomaticRetries()
        .disableContentCompression()
        .disableCookieManagement()
        .disableAuthCaching()
        .disableConnectionState()
        .disableDefaultUserAgent()
        .build();
  }

  /**
   * Sends and reads.
   *
   * @throws IOException if there is no whole answer; {@link #kind} says what it means
   */
  EgressResponse perform() throws IOException {
    ClassicHttpResponse response = client.executeOpen(host, message, HttpClientContext.create());
    Map<String, String> headers = new TreeMap<>();
    for (Header header : response.getHeaders()) {
      headers.merge(
          header.getName().toLowerCase(Locale.ROOT),
          header.getValue() == null ? "" : header.getValue(),
          (first, next) -> first + ", " + next);
    }
    byte[] body = new byte[0];
    boolean truncated = false;
    HttpEntity entity = response.getEntity();
    if (entity != null && entity.getContent() != null) {
      // Never closed: it would read the rest of the body first.
      InputStream content = entity.getContent();
      body = content.readNBytes(maxResponseBytes);
      truncated = body.length == maxResponseBytes && content.read() >= 0;
    }
    return new EgressResponse(response.getCode(), headers, body, truncated);
  }

  /** Gives back the connection; the answer is read. */
  void end() {
    client.close(CloseMode.IMMEDIATE);
  }

  /** Ends whatever is under way, at once. */
  void abort() {
    message.cancel();
    client.close(CloseMode.IMMEDIATE);
  }

  static Kind kind(IOException failure) {
    if (failure instanceof InterruptedIOException) {
      return Kind.TIMEOUT;
    }
    if (failure instanceof SSLException) {
      return Kind.TLS;
    }
    if (failure instanceof ConnectException
        || failure instanceof NoRouteToHostException
        || failure instanceof UnknownHostException) {
      return Kind.CONNECT;
    }
    return Kind.CLOSED;
  }

  /** Knows the addresses that were checked, and asks nobody. */
  private record Checked(String host, List<InetAddress> addresses) implements DnsResolver {

    @Override
    public InetAddress[] resolve(String name) throws UnknownHostException {
      if (!name.equals(host)) {
        throw new UnknownHostException("Not the host that was checked");
      }
      return addresses.toArray(InetAddress[]::new);
    }

    @Override
    public String resolveCanonicalHostname(String name) {
      return name;
    }
  }
}
