package io.heddle.autoconfigure;

import io.heddle.auth.Roles;
import io.heddle.spi.Authenticator;
import io.heddle.web.ClientCertificates;
import io.heddle.web.Errors;
import io.heddle.web.ProtocolFilter;
import io.heddle.web.v1.V1Capability;
import io.heddle.web.v1.V1ForcedExpiryController;
import io.heddle.web.v1.V1Roles;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

/** Who calls, and what they may. */
@Configuration(proxyBeanMethods = false)
final class WebAccessConfiguration {

  @Bean
  V1Capability heddleAuthorization(Roles roles) {
    return V1Capability.of("authorization", V1Roles.describe(roles.scopes()));
  }

  @Bean
  FilterRegistrationBean<ProtocolFilter> heddleProtocolFilter(
      PathOwnership ownership,
      ObjectProvider<Authenticator> authenticators,
      Roles roles,
      Errors errors,
      HeddleProperties properties,
      ObjectProvider<SslBundles> bundles,
      Environment environment) {
    Predicate<String> isPublic = PathOwnership::isPublic;
    if (properties.conformance().enabled()) {
      isPublic = isPublic.or(V1ForcedExpiryController::serves);
    }
    FilterRegistrationBean<ProtocolFilter> registration =
        new FilterRegistrationBean<>(
            new ProtocolFilter(
                ownership::isOwned,
                isPublic,
                authenticators.orderedStream().toList(),
                roles,
                ClientConnections.of(properties.auth().mtls(), bundles, environment),
                errors));
    registration.setOrder(FilterOrder.BEFORE_SECURITY);
    registration.setAsyncSupported(true);
    return registration;
  }

  @Bean
  V1Capability heddleMtls(HeddleProperties properties) {
    HeddleProperties.Mtls mtls = properties.auth().mtls();
    ClientCertificates.Mapping mapping = mtls.subjectMapping();
    return V1Capability.of(
        "auth",
        mapping == null
            ? Map.of()
            : Map.of(
                "profiles",
                List.of("openwop-auth-mtls"),
                "mtls",
                Map.of(
                    "supported",
                    true,
                    "required",
                    mtls.required(),
                    "subjectMapping",
                    mapping.name().toLowerCase(Locale.ROOT).replace('_', '-'))));
  }
}
