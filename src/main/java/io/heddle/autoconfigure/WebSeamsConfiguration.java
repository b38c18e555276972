package io.heddle.autoconfigure;

import io.heddle.auth.ApiKeys;
import io.heddle.auth.Principals;
import io.heddle.auth.Roles;
import io.heddle.auth.TestPrincipals;
import io.heddle.engine.Effects;
import io.heddle.engine.RunCreator;
import io.heddle.retention.RetentionStore;
import io.heddle.run.RunService;
import io.heddle.stream.CommitNews;
import io.heddle.telemetry.RunSpans;
import io.heddle.web.Requests;
import io.heddle.web.v1.V1AuthorizationSeamController;
import io.heddle.web.v1.V1ConcurrentClaimController;
import io.heddle.web.v1.V1DebugBundleController;
import io.heddle.web.v1.V1DebugBundleExportController;
import io.heddle.web.v1.V1ForcedExpiryController;
import io.heddle.web.v1.V1GovernanceSeamController;
import io.heddle.web.v1.V1SpansController;
import io.heddle.web.v1.V1SubRunAttestationController;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Routes that only a test deployment serves. */
@ConditionalOnBooleanProperty("openwop.conformance.enabled")
@Configuration(proxyBeanMethods = false)
final class WebSeamsConfiguration {

  /** Called without a credential, so there is none unless the deployment is for tests. */
  @Bean
  V1ForcedExpiryController heddleForcedExpiryController(
      RetentionStore store, RunService runs, CommitNews news, ConformanceFixtures fixtures) {
    return new V1ForcedExpiryController(store, runs, news, fixtures.ids());
  }

  @Bean
  V1DebugBundleExportController heddleDebugBundleExportController(
      V1DebugBundleController bundles, Requests requests) {
    return new V1DebugBundleExportController(bundles, requests);
  }

  @Bean
  V1ConcurrentClaimController heddleConcurrentClaimController(
      RunCreator creator,
      Effects effects,
      HostThreads threads,
      Requests requests,
      HeddleProperties properties) {
    return new V1ConcurrentClaimController(
        creator,
        effects,
        threads.nodes(),
        requests,
        Math.toIntExact(properties.retryAfter().toSeconds()));
  }

  @Bean
  V1SubRunAttestationController heddleSubRunAttestationController(Requests requests) {
    return new V1SubRunAttestationController(requests);
  }

  @Bean
  Principals heddleTestPrincipals(ObjectProvider<ApiKeys> keys, Roles roles) {
    return new TestPrincipals(keys.getIfAvailable(), roles);
  }

  @Bean
  V1AuthorizationSeamController heddleAuthorizationSeamController(
      Principals principals, Requests requests) {
    return new V1AuthorizationSeamController(principals, requests);
  }

  @Bean
  V1GovernanceSeamController heddleGovernanceSeamController(
      Principals principals, Roles roles, Requests requests) {
    return new V1GovernanceSeamController(principals, roles.scopes().keySet(), requests);
  }

  @Bean
  V1SpansController heddleSpansController(RunSpans spans) {
    return new V1SpansController(spans);
  }
}
