package io.heddle.autoconfigure;

import io.heddle.audit.AuditExport;
import io.heddle.audit.AuditKeys;
import io.heddle.audit.AuditSettings;
import io.heddle.audit.Refusals;
import io.heddle.audit.Sealer;
import io.heddle.audit.Verifier;
import io.heddle.claim.DatabaseClock;
import io.heddle.metrics.AuditMeters;
import io.heddle.postgres.AuditSql;
import io.heddle.postgres.SecretSql;
import io.heddle.run.RunStore;
import io.heddle.secret.Vault;
import io.heddle.web.RefusalFilter;
import io.heddle.web.v1.V1AuditController;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The log of what callers did. */
@AutoConfiguration(after = HeddleAutoConfiguration.class, before = HeddleWebAutoConfiguration.class)
@ConditionalOnBean(RunStore.class)
@ConditionalOnBooleanProperty(name = "openwop.audit.enabled", matchIfMissing = true)
public final class AuditAutoConfiguration {

  @Bean
  AuditSql heddleAuditLog(HostDatabase database) {
    return new AuditSql(database.jdbc(), database.transactions());
  }

  @Bean
  AuditSettings heddleAuditSettings(HeddleProperties properties) {
    HeddleProperties.Audit audit = properties.audit();
    return new AuditSettings(
        audit.interval(), audit.checkpointEntries(), audit.checkpointInterval());
  }

  @Bean
  AuditKeys heddleAuditKeys(HeddleProperties properties, HostDatabase database, Vault vault) {
    HeddleProperties.Audit audit = properties.audit();
    String signing = audit.signingKey();
    return signing == null || signing.isBlank()
        ? AuditKeys.shared(new SecretSql(database.jdbc()), vault, audit.verificationKeys())
        : AuditKeys.of(signing, audit.verificationKeys());
  }

  @Bean
  Refusals heddleRefusals(AuditSql log, DatabaseClock clock) {
    return new Refusals(log, clock);
  }

  @Bean(destroyMethod = "")
  Sealer heddleSealer(
      AuditSql store,
      AuditKeys keys,
      AuditSettings settings,
      Refusals refusals,
      DatabaseClock clock) {
    return new Sealer(store, keys, settings, refusals, clock);
  }

  @Bean
  BackgroundLifecycle heddleSealerLifecycle(Sealer sealer) {
    return new BackgroundLifecycle(sealer::start, sealer::close);
  }

  @Bean
  Verifier heddleAuditVerifier(AuditSql store, AuditKeys keys, Sealer sealer) {
    return new Verifier(store, keys, sealer);
  }

  @Bean
  AuditMeters heddleAuditMeters(Sealer sealer, Refusals refusals) {
    return new AuditMeters(sealer, refusals);
  }

  /** What of it is served over HTTP. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
  static class Web {

    @Bean
    V1AuditController heddleAuditController(
        Verifier verifier,
        AuditSql store,
        Sealer sealer,
        AuditKeys keys,
        AuditSettings settings,
        DatabaseClock clock) {
      return new V1AuditController(verifier, new AuditExport(store, sealer), keys, settings, clock);
    }

    @Bean
    FilterRegistrationBean<RefusalFilter> heddleRefusalFilter(Refusals refusals) {
      FilterRegistrationBean<RefusalFilter> registration =
          new FilterRegistrationBean<>(new RefusalFilter(refusals));
      registration.setOrder(FilterOrder.AROUND_PROTOCOL);
      registration.setAsyncSupported(true);
      return registration;
    }
  }
}
