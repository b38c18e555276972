package io.heddle.autoconfigure;

import io.heddle.audit.AuditLog;
import io.heddle.effect.EffectStore;
import io.heddle.idempotency.IdempotencyStore;
import io.heddle.idempotency.IdempotentOperations;
import io.heddle.postgres.IdempotencySql;
import io.heddle.web.Errors;
import io.heddle.web.GzipFilter;
import io.heddle.web.Mutations;
import io.heddle.web.Requests;
import io.heddle.web.v1.V1Capability;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** How bodies are read and written, and mutations repeated under their key. */
@Configuration(proxyBeanMethods = false)
final class WebMutationsConfiguration {

  private static final Duration SHORTEST_RETENTION = Duration.ofHours(24);

  /** Outermost, so that refusals of the layers behind it are compressed like answers. */
  @Bean
  FilterRegistrationBean<GzipFilter> heddleGzipFilter(PathOwnership ownership) {
    FilterRegistrationBean<GzipFilter> registration =
        new FilterRegistrationBean<>(new GzipFilter(ownership::isOwned));
    registration.setOrder(FilterOrder.BEFORE_PROTOCOL);
    registration.setAsyncSupported(true);
    return registration;
  }

  @Bean
  @ConditionalOnBean(name = "heddleGzipFilter")
  V1Capability heddleContentEncodings() {
    return V1Capability.of("restTransport", Map.of("contentEncodings", List.of(GzipFilter.CODING)));
  }

  @Bean
  Requests heddleRequests(HeddleProperties properties) {
    return new Requests(Math.toIntExact(properties.limits().maxRequestBody().toBytes()));
  }

  @Bean
  @ConditionalOnMissingBean
  IdempotencyStore heddleIdempotencyStore(HostDatabase database) {
    return new IdempotencySql(database.jdbc());
  }

  @Bean
  Mutations heddleMutations(
      IdempotencyStore store,
      HostDatabase database,
      HeddleProperties properties,
      Errors errors,
      ObjectProvider<AuditLog> audit) {
    Duration retention = properties.idempotency().retention();
    if (retention.compareTo(SHORTEST_RETENTION) < 0) {
      throw new IllegalArgumentException(
          "openwop.idempotency.retention must be at least 24 hours; the protocol promises that");
    }
    return new Mutations(
        new IdempotentOperations(
            store, database.transactions(), retention, audit.getIfAvailable(() -> AuditLog.NONE)),
        errors,
        "openwop-Idempotent-Replay");
  }

  @Bean
  V1Capability heddleEffectRetention(EffectStore store) {
    return V1Capability.of(
        "idempotency", Map.of("layer2RetentionSeconds", store.retention().toSeconds()));
  }
}
