package io.heddle.autoconfigure;

import io.heddle.web.Callers;
import io.heddle.web.ErrorCode;
import io.heddle.web.Problem;
import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServletRequest;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.web.server.context.WebServerInitializedEvent;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.Environment;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.observation.SecurityObservationSettings;
import org.springframework.security.web.SecurityFilterChain;

/** What differs when the host is the whole server: every path is its own. */
@Configuration(proxyBeanMethods = false)
public class HeddleServerConfiguration {

  private static final Logger log = LoggerFactory.getLogger(HeddleServerConfiguration.class);

  private static final String ACTUATOR = "/actuator";

  private static final int AFTER_PROTOCOL_FILTER = -10_090;

  // Where the container forwards what it refuses; nobody has business there.
  private static final String ERROR_PAGE = "/error";

  // The protocol's resources without the version that every path of major 1 starts with.
  private static final Pattern UNVERSIONED =
      Pattern.compile("/(runs|workflows|interrupts|webhooks|audit|openapi\\.json)([/:].*)?");

  @Bean
  PathOwnership heddlePathOwnership() {
    return PathOwnership.container();
  }

  @Bean
  FilterRegistrationBean<Filter> heddleServerPaths(Environment environment) {
    if (!environment.getProperty("management.endpoints.web.base-path", ACTUATOR).equals(ACTUATOR)) {
      throw new IllegalArgumentException(
          "management.endpoints.web.base-path must be %s: who may see it is decided by that path"
              .formatted(ACTUATOR));
    }
    FilterRegistrationBean<Filter> registration =
        new FilterRegistrationBean<>(
            (request, response, chain) -> {
              check((HttpServletRequest) request);
              chain.doFilter(request, response);
            });
    registration.setOrder(AFTER_PROTOCOL_FILTER);
    registration.setAsyncSupported(true);
    return registration;
  }

  @Bean
  ApplicationListener<WebServerInitializedEvent> heddleAddress() {
    return event ->
        log.info(
            "Heddle {} serves http://localhost:{}{}",
            HostVersion.build(),
            event.getWebServer().getPort(),
            PathOwnership.WELL_KNOWN);
  }

  /** Every filter of Spring Security would be timed on its own, which costs more than they do. */
  @Bean
  SecurityObservationSettings heddleSecurityObservation() {
    return SecurityObservationSettings.noObservations();
  }

  /** The callers are known and checked before this; here nothing is left to decide. */
  @Bean
  @Order(60)
  SecurityFilterChain heddleServerChain(HttpSecurity http) {
    return http.exceptionHandling(AbstractHttpConfigurer::disable)
        .sessionManagement(AbstractHttpConfigurer::disable)
        .securityContext(AbstractHttpConfigurer::disable)
        .servletApi(AbstractHttpConfigurer::disable)
        .requestCache(AbstractHttpConfigurer::disable)
        .csrf(AbstractHttpConfigurer::disable)
        .logout(AbstractHttpConfigurer::disable)
        .anonymous(AbstractHttpConfigurer::disable)
        .build();
  }

  private static void check(HttpServletRequest request) {
    // Decoded, as the dispatcher will match it.
    String path = Callers.path(request);
    if (path.startsWith(ACTUATOR) && !PathOwnership.isHealth(path)) {
      Callers.require(request, "metrics:read");
    }
    if (path.equals(ERROR_PAGE)) {
      throw Problem.notFound("path");
    }
    if (UNVERSIONED.matcher(path).matches()) {
      throw new Problem(
          ErrorCode.VALIDATION_ERROR, "The paths of this protocol start with its version: /v1");
    }
  }
}
