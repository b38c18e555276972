package io.heddle.autoconfigure;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration;
import org.springframework.context.annotation.Import;

/** The engine and its stores, on the application's data source and in a schema of their own. */
@AutoConfiguration(after = DataSourceAutoConfiguration.class)
@EnableConfigurationProperties(HeddleProperties.class)
@Import({
  StoresConfiguration.class,
  NodesConfiguration.class,
  ConformanceNodesConfiguration.class,
  WorkflowsConfiguration.class,
  ExecutionConfiguration.class,
  QuestionsConfiguration.class,
  SealingConfiguration.class,
  OutboundConfiguration.class
})
public final class HeddleAutoConfiguration {}
