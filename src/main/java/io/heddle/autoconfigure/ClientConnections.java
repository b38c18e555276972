package io.heddle.autoconfigure;

import io.heddle.egress.AddressBlocks;
import io.heddle.spi.Principal;
import io.heddle.web.ClientCertificates;
import io.heddle.web.ForwardedCertificates;
import jakarta.servlet.http.HttpServletRequest;
import java.security.KeyStoreException;
import java.util.Arrays;
import java.util.function.BiPredicate;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.cloud.CloudPlatform;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.core.env.Environment;

/** Who may call over which connection, as it is configured. */
final class ClientConnections {

  private static final String FORWARDED = "openwop.auth.mtls.forwarded";

  private ClientConnections() {}

  static BiPredicate<HttpServletRequest, Principal> of(
      HeddleProperties.Mtls mtls, ObjectProvider<SslBundles> bundles, Environment environment) {
    ClientCertificates.Mapping mapping = mtls.subjectMapping();
    if (mapping == null) {
      if (!mtls.forwarded().trustedProxies().isEmpty()) {
        throw new IllegalArgumentException(
            FORWARDED + " takes openwop.auth.mtls.subject-mapping, or no certificate is looked at");
      }
      return (request, caller) -> true;
    }
    ForwardedCertificates forwarded = forwarded(mtls.forwarded(), bundles, environment);
    String asked = environment.getProperty("server.ssl.client-auth", "none");
    if (forwarded == null && !asked.equalsIgnoreCase("want") && !asked.equalsIgnoreCase("need")) {
      throw new IllegalArgumentException(
          "openwop.auth.mtls takes a server that asks for certificates: set server.ssl.client-auth"
              + " to want or need, and server.ssl.bundle; or a proxy that does, named in "
              + FORWARDED);
    }
    return new ClientCertificates(mapping, mtls.required(), mtls.tenants(), forwarded);
  }

  private static @Nullable ForwardedCertificates forwarded(
      HeddleProperties.Forwarded settings,
      ObjectProvider<SslBundles> bundles,
      Environment environment) {
    if (settings.trustedProxies().isEmpty()) {
      return null;
    }
    if (rewritesPeers(environment)) {
      throw new IllegalArgumentException(
          FORWARDED
              + " takes the addresses of the peers as they are, and not what a header says: set"
              + " server.forward-headers-strategy to none");
    }
    String header = settings.header() == null ? settings.format().header() : settings.header();
    if (!header.matches("[A-Za-z0-9-]{1,100}") || header.equalsIgnoreCase("authorization")) {
      throw new IllegalArgumentException(FORWARDED + ".header must be the name of a header");
    }
    return new ForwardedCertificates(
        new AddressBlocks(settings.trustedProxies()),
        header,
        settings.format(),
        trusted(settings.bundle(), bundles));
  }

  /** Whether the server tells another address than that of the peer. */
  private static boolean rewritesPeers(Environment environment) {
    String strategy = environment.getProperty("server.forward-headers-strategy");
    CloudPlatform platform = CloudPlatform.getActive(environment);
    return strategy == null
        ? platform != null && platform.isUsingForwardHeaders()
        : !strategy.equalsIgnoreCase("none");
  }

  private static X509TrustManager trusted(
      @Nullable String name, ObjectProvider<SslBundles> bundles) {
    SslBundles all = bundles.getIfAvailable();
    if (name == null || all == null) {
      throw new IllegalArgumentException(
          FORWARDED + ".bundle must name an SSL bundle with a trust store");
    }
    SslBundle bundle = all.getBundle(name);
    try {
      // Without any the platform would trust everybody's certificate that a public authority
      // signed.
      if (bundle.getStores().getTrustStore() == null
          || bundle.getStores().getTrustStore().size() == 0) {
        throw new IllegalArgumentException(
            FORWARDED + ".bundle names an SSL bundle without anybody in its trust store");
      }
    } catch (KeyStoreException e) {
      throw new IllegalStateException(e);
    }
    return Arrays.stream(bundle.getManagers().getTrustManagers())
        .filter(X509TrustManager.class::isInstance)
        .map(X509TrustManager.class::cast)
        .findFirst()
        .orElseThrow();
  }
}
