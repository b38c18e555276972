package io.heddle.web;

import io.heddle.egress.AddressBlocks;
import jakarta.servlet.http.HttpServletRequest;
import java.io.ByteArrayInputStream;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Certificates of clients whose connections end at a proxy, which passes them on in a header. The
 * header counts only if the peer is one of the proxies that the operator named, and the certificate
 * in it only if an authority that this host trusts itself has signed it; names that a proxy took
 * out of a certificate are never looked at. Thread-safe.
 */
public final class ForwardedCertificates {

  private static final Logger log = LoggerFactory.getLogger(ForwardedCertificates.class);

  private static final int LONGEST_CHAIN = 10;

  private static final String CERTIFICATE = "cert";

  private static final String CHAIN = "chain";

  private static final Set<String> CERTIFICATES = Set.of(CERTIFICATE, CHAIN);

  /** How a proxy spells a certificate. */
  public enum Format {
    /** URL-encoded PEM, as nginx and others send it. */
    PEM("ssl-client-cert"),
    /** Members of which {@code Cert} or {@code Chain} hold that, as Envoy sends them. */
    XFCC("x-forwarded-client-cert");

    private final String header;

    Format(String header) {
      this.header = header;
    }

    /** The name that the header usually has. */
    public String header() {
      return header;
    }
  }

  private final AddressBlocks proxies;

  private final String header;

  private final Format format;

  private final X509TrustManager trusted;

  private final AtomicBoolean othersAreKnown = new AtomicBoolean();

  /**
   * @param proxies whose header counts
   * @param header its name
   * @param trusted who may have signed a certificate
   */
  public ForwardedCertificates(
      AddressBlocks proxies, String header, Format format, X509TrustManager trusted) {
    this.proxies = proxies;
    this.header = header;
    this.format = format;
    this.trusted = trusted;
  }

  /** Whether a request comes from one of the proxies. */
  boolean isForwarded(HttpServletRequest request) {
    // There is none if the peer has left.
    if (proxies.contain(String.valueOf(request.getRemoteAddr()))) {
      return true;
    }
    if (request.getHeader(header) != null && othersAreKnown.compareAndSet(false, true)) {
      log.warn(
          "{} sent a certificate in the header {} and is none of"
              + " openwop.auth.mtls.forwarded.trusted-proxies. It is ignored, like all that follow",
          request.getRemoteAddr(),
          header);
    }
    return false;
  }

  /**
   * The certificate that a proxy saw.
   *
   * @return null if it saw none
   * @throws CertificateException if it cannot be read, or nobody vouches for it
   */
  @Nullable X509Certificate certificate(HttpServletRequest request) throws CertificateException {
    List<String> values = Collections.list(request.getHeaders(header));
    if (values.stream().allMatch(String::isBlank)) {
      return null;
    }
    if (values.size() > 1) {
      // One of them is not the proxy's.
      throw new CertificateException("There are several headers");
    }
    try {
      X509Certificate[] chain =
          chain(format == Format.PEM ? values.get(0) : certificateMember(values.get(0)));
      // As for a client of the host's own connections: signatures, times and what it is for.
      trusted.checkClientTrusted(chain, chain[0].getPublicKey().getAlgorithm());
      return chain[0];
    } catch (RuntimeException e) {
      // Whatever a text does to a parser.
      throw new CertificateException(e.getClass().getName());
    }
  }

  private static X509Certificate[] chain(String encoded) throws CertificateException {
    // Some proxies leave the plus of base64 as it is; in a form it would be a blank.
    String pem =
        URLDecoder.decode(encoded.strip().replace("+", "%2B"), StandardCharsets.ISO_8859_1);
    Collection<? extends Certificate> chain =
        CertificateFactory.getInstance("X.509")
            .generateCertificates(
                new ByteArrayInputStream(pem.getBytes(StandardCharsets.ISO_8859_1)));
    if (chain.isEmpty() || chain.size() > LONGEST_CHAIN) {
      throw new CertificateException("There are %d certificates".formatted(chain.size()));
    }
    return chain.toArray(X509Certificate[]::new);
  }

  private static String certificateMember(String text) throws CertificateException {
    Map<String, String> members = members(text);
    String certificate = members.getOrDefault(CHAIN, members.get(CERTIFICATE));
    if (certificate == null) {
      throw new CertificateException("There is no certificate");
    }
    return certificate;
  }

  /** The members of an element, of which there must be one: more than one proxy has seen others. */
  private static Map<String, String> members(String text) throws CertificateException {
    Map<String, String> members = new HashMap<>();
    int at = 0;
    while (at < text.length()) {
      int equals = text.indexOf('=', at);
      if (equals < 0) {
        throw new CertificateException("There is a member without a value");
      }
      String name = text.substring(at, equals).strip().toLowerCase(Locale.ROOT);
      StringBuilder value = new StringBuilder();
      at = value(text, equals + 1, value);
      if (members.put(name, value.toString()) != null && CERTIFICATES.contains(name)) {
        throw new CertificateException("There are several certificates");
      }
      if (at < text.length() && text.charAt(at++) != ';') {
        throw new CertificateException("There are several elements");
      }
    }
    return members;
  }

  /** Reads a value and returns where it ends. */
  private static int value(String text, int start, StringBuilder value) {
    int at = start;
    if (at < text.length() && text.charAt(at) == '"') {
      // A text that ends before its quotes do is malformed; charAt says so.
      for (at++; text.charAt(at) != '"'; at++) {
        if (text.charAt(at) == '\\') {
          at++;
        }
        value.append(text.charAt(at));
      }
      return at + 1;
    }
    while (at < text.length() && text.charAt(at) != ';' && text.charAt(at) != ',') {
      value.append(text.charAt(at++));
    }
    return at;
  }
}
