package io.heddle.autoconfigure;

import io.heddle.auth.Roles;
import io.heddle.retention.RetentionStore;
import io.heddle.run.Denials;
import io.heddle.web.ErrorDispatchFilter;
import io.heddle.web.Errors;
import io.heddle.web.ExpiredRuns;
import io.heddle.web.ProtocolExceptionResolver;
import io.heddle.web.RunDenials;
import io.heddle.web.UnreadHeaders;
import io.heddle.web.v1.V1Errors;
import jakarta.servlet.DispatcherType;
import java.time.Duration;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

/** The one shape of every error, wherever it comes from. */
@Configuration(proxyBeanMethods = false)
final class WebErrorsConfiguration {

  private static final Duration LONGEST_RETRY_AFTER = Duration.ofDays(1);

  @Bean
  @ConditionalOnMissingBean
  PathOwnership heddlePathOwnership(Environment environment) {
    return PathOwnership.embedded(environment);
  }

  @Bean
  static ProtocolPaths heddleProtocolPaths() {
    return new ProtocolPaths();
  }

  @Bean
  Errors heddleErrors(HeddleProperties properties, ObjectProvider<RetentionStore> retention) {
    Duration retryAfter = properties.retryAfter();
    if (retryAfter.isNegative() || retryAfter.compareTo(LONGEST_RETRY_AFTER) > 0) {
      throw new IllegalArgumentException("openwop.retry-after must be between 0 and 24 hours");
    }
    return new Errors(
        new V1Errors(),
        Math.toIntExact(retryAfter.toSeconds()),
        new ExpiredRuns(retention::getObject));
  }

  @Bean
  UnreadHeaders heddleUnreadHeaders(Errors errors, ObjectProvider<HeaderOverflow> container) {
    return new UnreadHeaders(
        failure -> container.stream().anyMatch(overflow -> overflow.isCauseOf(failure)),
        PathOwnership::isPublic,
        errors);
  }

  @Bean
  FilterRegistrationBean<ErrorDispatchFilter> heddleErrorDispatchFilter(
      PathOwnership ownership, Errors errors, UnreadHeaders unread) {
    FilterRegistrationBean<ErrorDispatchFilter> registration =
        new FilterRegistrationBean<>(
            new ErrorDispatchFilter(ownership::isOwnedUri, errors, unread));
    registration.setOrder(FilterOrder.BEFORE_SECURITY);
    registration.setDispatcherTypes(DispatcherType.ERROR);
    registration.setAsyncSupported(true);
    return registration;
  }

  @Bean
  ProtocolExceptionResolver heddleExceptionResolver(Errors errors, Denials denials, Roles roles) {
    return new ProtocolExceptionResolver(
        errors, new RunDenials(roles.scopes().isEmpty() ? null : denials));
  }
}
