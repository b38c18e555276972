package io.heddle.autoconfigure;

import io.heddle.metrics.RequestMeters;
import io.heddle.web.AdmissionFilter;
import io.heddle.web.InFlight;
import io.heddle.web.RateLimits;
import io.heddle.web.v1.V1Production;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** How much this node takes at a time. */
@Configuration(proxyBeanMethods = false)
final class WebAdmissionConfiguration {

  @Bean
  InFlight heddleInFlight(HeddleProperties properties) {
    return new InFlight(properties.limits().maxInFlight());
  }

  @Bean
  RateLimits heddleRateLimits(HeddleProperties properties) {
    HeddleProperties.RateLimit limit = properties.rateLimit();
    return new RateLimits(limit.perKey(), limit.perTenant(), limit.period());
  }

  @Bean
  RequestMeters heddleRequestMeters(InFlight inFlight, RateLimits rates) {
    return new RequestMeters(inFlight::current, inFlight::refused, rates::refused);
  }

  /** The profile asks for an audit log with integrity, too. */
  @Bean
  @ConditionalOnBean(name = "heddleAuditLog")
  V1Production heddleProductionProfile(InFlight inFlight, HeddleProperties properties) {
    return new V1Production(
        inFlight.cap(),
        Math.toIntExact(properties.retryAfter().toSeconds()),
        properties.retention().window(),
        properties.retention().development(),
        properties.conformance().enabled());
  }

  @Bean
  FilterRegistrationBean<AdmissionFilter> heddleAdmissionFilter(
      RateLimits rates, InFlight inFlight) {
    FilterRegistrationBean<AdmissionFilter> registration =
        new FilterRegistrationBean<>(
            new AdmissionFilter(PathOwnership::isAlwaysServed, rates, inFlight));
    registration.setOrder(FilterOrder.AFTER_PROTOCOL);
    registration.setAsyncSupported(true);
    return registration;
  }
}
