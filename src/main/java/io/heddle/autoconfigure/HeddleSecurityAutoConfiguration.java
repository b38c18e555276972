package io.heddle.autoconfigure;

import io.heddle.web.ProtocolFilter;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.core.annotation.Order;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.web.SecurityFilterChain;

/**
 * Keeps Spring Security off the protocol's paths, whose callers {@link ProtocolFilter} has
 * authenticated before, and off nothing else. Comes after Boot's own chain has been decided on, so
 * that the application's other paths stay as protected as they were.
 */
@AutoConfiguration(
    after = HeddleWebAutoConfiguration.class,
    afterName =
        "org.springframework.boot.security.autoconfigure.web.servlet.ServletWebSecurityAutoConfiguration")
@ConditionalOnClass(SecurityFilterChain.class)
@ConditionalOnBean(value = HttpSecurity.class, name = "heddleProtocolFilter")
public final class HeddleSecurityAutoConfiguration {

  @Bean
  @Order(50)
  SecurityFilterChain heddleSecurityFilterChain(
      HttpSecurity http, FilterRegistrationBean<ProtocolFilter> authenticating) {
    return http.securityMatcher(
            PathOwnership.WELL_KNOWN, PathOwnership.ROOT, PathOwnership.ROOT + "/**")
        .exceptionHandling(AbstractHttpConfigurer::disable)
        .sessionManagement(AbstractHttpConfigurer::disable)
        .securityContext(AbstractHttpConfigurer::disable)
        .servletApi(AbstractHttpConfigurer::disable)
        .requestCache(AbstractHttpConfigurer::disable)
        .csrf(AbstractHttpConfigurer::disable)
        .logout(AbstractHttpConfigurer::disable)
        .anonymous(AbstractHttpConfigurer::disable)
        .build();
  }
}
