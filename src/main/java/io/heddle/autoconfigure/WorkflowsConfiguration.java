package io.heddle.autoconfigure;

import io.heddle.engine.NodeExecutors;
import io.heddle.spi.WorkflowSource;
import io.heddle.workflow.WorkflowParser;
import io.heddle.workflow.WorkflowRegistry;
import io.heddle.workflow.WorkflowStore;
import java.util.ArrayList;
import java.util.List;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.io.support.ResourcePatternResolver;

/** Definitions: those the host offers, and those that callers register. */
@Configuration(proxyBeanMethods = false)
final class WorkflowsConfiguration {

  @Bean
  WorkflowFiles heddleWorkflowFiles(
      HeddleProperties properties, ResourcePatternResolver resources) {
    return new WorkflowFiles(resources, properties.workflows().locations());
  }

  @Bean
  ConformanceFixtures heddleConformanceFixtures(
      HeddleProperties properties, ResourcePatternResolver resources, NodeExecutors executors) {
    return new ConformanceFixtures(
        resources, properties.conformance(), new WorkflowParser(executors.byTypeId()));
  }

  @Bean
  WorkflowRegistry heddleWorkflowRegistry(
      WorkflowStore store, NodeExecutors executors, ObjectProvider<WorkflowSource> sources) {
    WorkflowRegistry registry =
        new WorkflowRegistry(store, new WorkflowParser(executors.byTypeId()));
    List<WorkflowSource> all = new ArrayList<>(sources.orderedStream().toList());
    registry.offer(all);
    return registry;
  }
}
