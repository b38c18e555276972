package io.heddle.autoconfigure;

import io.heddle.claim.DatabaseClock;
import io.heddle.diff.RunComparison;
import io.heddle.feedback.AnnotationStore;
import io.heddle.feedback.Feedback;
import io.heddle.postgres.AnnotationSql;
import io.heddle.redaction.Redactor;
import io.heddle.run.RunService;
import io.heddle.run.RunStore;
import io.heddle.web.Mutations;
import io.heddle.web.Requests;
import io.heddle.web.v1.V1AnnotationsController;
import io.heddle.web.v1.V1DebugBundleController;
import io.heddle.web.v1.V1Discovery;
import io.heddle.web.v1.V1RunDiffController;
import io.heddle.workflow.WorkflowRegistry;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.util.unit.DataSize;

/** What people look at runs with: remarks, bundles and differences. */
@Configuration(proxyBeanMethods = false)
final class WebInsightConfiguration {

  private static final DataSize SMALLEST_BUNDLE = DataSize.ofKilobytes(64);

  private static final DataSize LARGEST_BUNDLE = DataSize.ofGigabytes(1);

  @Bean
  @ConditionalOnMissingBean
  AnnotationStore heddleAnnotationStore(HostDatabase database) {
    return new AnnotationSql(database.jdbc(), database.transactions());
  }

  @Bean
  Redactor heddleRedactor() {
    return new Redactor();
  }

  @Bean
  Feedback heddleFeedback(
      AnnotationStore store, RunStore runs, WorkflowRegistry workflows, Redactor redactor) {
    return new Feedback(store, runs, workflows, redactor);
  }

  @Bean
  V1AnnotationsController heddleAnnotationsController(
      Feedback feedback, Mutations mutations, Requests requests) {
    return new V1AnnotationsController(feedback, mutations, requests);
  }

  @Bean
  V1DebugBundleController heddleDebugBundleController(
      RunService runs,
      RunStore store,
      Feedback feedback,
      DatabaseClock clock,
      HeddleProperties properties) {
    DataSize cap = properties.limits().maxDebugBundle();
    if (cap.compareTo(SMALLEST_BUNDLE) < 0 || cap.compareTo(LARGEST_BUNDLE) > 0) {
      throw new IllegalArgumentException(
          "openwop.limits.max-debug-bundle must be between 64KB and 1GB");
    }
    return new V1DebugBundleController(
        runs,
        store,
        feedback,
        clock,
        V1Discovery.implementation(HostVersion.build()),
        cap.toBytes());
  }

  @Bean
  RunComparison heddleRunComparison(RunStore store, Redactor redactor) {
    return new RunComparison(store, redactor);
  }

  @Bean
  V1RunDiffController heddleRunDiffController(RunComparison comparison) {
    return new V1RunDiffController(comparison);
  }
}
