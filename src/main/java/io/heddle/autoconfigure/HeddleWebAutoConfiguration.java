package io.heddle.autoconfigure;

import io.heddle.run.RunStore;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.context.annotation.Import;

/** The protocol over HTTP. */
@AutoConfiguration(after = HeddleAutoConfiguration.class)
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
@ConditionalOnBean(RunStore.class)
@Import({
  WebAccessConfiguration.class,
  WebErrorsConfiguration.class,
  WebAdmissionConfiguration.class,
  WebMutationsConfiguration.class,
  WebRunsConfiguration.class,
  WebQuestionsConfiguration.class,
  WebAgentsConfiguration.class,
  WebInsightConfiguration.class,
  WebDiscoveryConfiguration.class,
  WebSeamsConfiguration.class
})
public final class HeddleWebAutoConfiguration {}
