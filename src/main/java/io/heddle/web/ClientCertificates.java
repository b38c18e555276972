package io.heddle.web;

import io.heddle.spi.Principal;
import jakarta.servlet.http.HttpServletRequest;
import java.security.cert.CertificateException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.BiPredicate;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who may call over which connection. The certificate of a client, which the container has
 * verified, or a proxy has passed on, names the system that connects; it grants nothing, but a
 * caller of another tenant than that system's is refused. Thread-safe.
 */
public final class ClientCertificates implements BiPredicate<HttpServletRequest, Principal> {

  private static final Logger log = LoggerFactory.getLogger(ClientCertificates.class);

  private static final String CHAIN = "jakarta.servlet.request.X509Certificate";

  private static final int DNS = 2;

  private static final int URI = 6;

  /** Where a certificate names its system. */
  public enum Mapping {
    /** The common name of the subject, if there is exactly one. */
    CN,
    /** A DNS name among the alternative names. */
    SAN_DNS,
    /** A URI among the alternative names. */
    SAN_URI
  }

  private final Mapping mapping;

  private final boolean required;

  private final Map<String, String> tenants;

  private final @Nullable ForwardedCertificates forwarded;

  /**
   * @param required whether callers without a certificate are refused
   * @param tenants by the name of the system
   * @param forwarded those that proxies pass on; null if there are no proxies
   */
  public ClientCertificates(
      Mapping mapping,
      boolean required,
      Map<String, String> tenants,
      @Nullable ForwardedCertificates forwarded) {
    this.mapping = mapping;
    this.required = required;
    this.tenants = Map.copyOf(tenants);
    this.forwarded = forwarded;
  }

  /** Whether the caller may use the connection that its request came over. */
  @Override
  public boolean test(HttpServletRequest request, Principal caller) {
    try {
      X509Certificate certificate = certificate(request);
      return certificate == null
          ? !required
          : names(certificate).stream().anyMatch(name -> caller.tenant().equals(tenants.get(name)));
    } catch (CertificateException e) {
      log.debug("A certificate that a proxy passed on is not good: {}", e.getClass().getName());
      return false;
    }
  }

  private @Nullable X509Certificate certificate(HttpServletRequest request)
      throws CertificateException {
    if (forwarded != null && forwarded.isForwarded(request)) {
      // The certificate of the connection itself would be the proxy's own.
      return forwarded.certificate(request);
    }
    return request.getAttribute(CHAIN) instanceof X509Certificate[] chain && chain.length > 0
        ? chain[0]
        : null;
  }

  private List<String> names(X509Certificate certificate) {
    try {
      return switch (mapping) {
        case CN -> commonName(certificate);
        case SAN_DNS -> alternativeNames(certificate, DNS);
        case SAN_URI -> alternativeNames(certificate, URI);
      };
    } catch (CertificateParsingException | InvalidNameException e) {
      return List.of();
    }
  }

  private static List<String> commonName(X509Certificate certificate) throws InvalidNameException {
    List<String> names = new ArrayList<>();
    for (Rdn rdn : new LdapName(certificate.getSubjectX500Principal().getName()).getRdns()) {
      if (rdn.getType().equalsIgnoreCase("CN") && rdn.getValue() instanceof String name) {
        names.add(name);
      }
    }
    return names.size() == 1 ? names : List.of();
  }

  private static List<String> alternativeNames(X509Certificate certificate, int kind)
      throws CertificateParsingException {
    Collection<List<?>> all = certificate.getSubjectAlternativeNames();
    List<String> names = new ArrayList<>();
    if (all != null) {
      for (List<?> name : all) {
        if (name.get(0).equals(kind) && name.get(1) instanceof String text) {
          names.add(text);
        }
      }
    }
    return names;
  }
}
