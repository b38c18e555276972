package io.heddle.autoconfigure;

import io.heddle.auth.StoredKeys;
import io.heddle.claim.ClaimSettings;
import io.heddle.claim.ClaimStore;
import io.heddle.claim.Claimer;
import io.heddle.claim.DatabaseClock;
import io.heddle.engine.Effects;
import io.heddle.engine.Limits;
import io.heddle.engine.NodeExecutors;
import io.heddle.engine.RetryPolicy;
import io.heddle.engine.RunCreator;
import io.heddle.engine.RuntimeCapabilities;
import io.heddle.engine.Worker;
import io.heddle.metrics.ProtocolMeters;
import io.heddle.metrics.RunMeters;
import io.heddle.metrics.RunOutcomes;
import io.heddle.postgres.ArtifactSql;
import io.heddle.postgres.Notifications;
import io.heddle.run.CommitListener;
import io.heddle.run.LocalExecution;
import io.heddle.run.RunService;
import io.heddle.run.RunStore;
import io.heddle.stream.CommitNews;
import io.heddle.stream.NewsRelay;
import io.heddle.telemetry.SpanExport;
import io.heddle.workflow.WorkflowRegistry;
import java.util.ArrayList;
import java.util.List;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.ContextClosedEvent;

/** What takes runs, executes them and tells of it, on this node and to the others. */
@Configuration(proxyBeanMethods = false)
final class ExecutionConfiguration {

  @Bean
  Limits heddleLimits(HeddleProperties properties) {
    return new Limits(
        properties.limits().maxNodeExecutions(),
        properties.limits().maxRunDuration(),
        new RetryPolicy(properties.retry().firstDelay(), properties.retry().longestDelay()),
        properties.limits().maxSubWorkflowDepth(),
        properties.limits().maxFanOut(),
        properties.limits().maxProcessLosses(),
        properties.limits().maxNodeDuration(),
        properties.limits().maxLoopIterations());
  }

  @Bean
  @ConditionalOnBooleanProperty(name = "openwop.stream.notifications", matchIfMissing = true)
  KeptConnections heddleKeptConnections(HostDataSource database, OpenwopSchema migrated) {
    return KeptConnections.beside(database.dataSource());
  }

  @Bean
  @ConditionalOnMissingBean
  NewsRelay heddleNewsRelay(ObjectProvider<KeptConnections> connections) {
    KeptConnections kept = connections.getIfAvailable();
    return kept == null ? NewsRelay.NONE : new Notifications(kept.dataSource());
  }

  @Bean
  CommitNews heddleCommitNews(NewsRelay relay) {
    return new CommitNews(relay);
  }

  @Bean
  DatabaseClock heddleDatabaseClock() {
    return new DatabaseClock();
  }

  @Bean
  RunOutcomes heddleRunOutcomes(
      CommitNews news,
      DatabaseClock clock,
      ObjectProvider<ProtocolMeters> meters,
      ObjectProvider<SpanExport> spans) {
    List<CommitListener> listeners = new ArrayList<>();
    listeners.add(news);
    meters.ifAvailable(listeners::add);
    spans.ifAvailable(listeners::add);
    return new RunOutcomes(CommitListener.all(listeners), clock);
  }

  @Bean(destroyMethod = "close")
  HostThreads heddleThreads() {
    return new HostThreads();
  }

  @Bean
  Worker heddleWorker(
      RunStore store,
      WorkflowRegistry workflows,
      NodeExecutors executors,
      RuntimeCapabilities capabilities,
      Limits limits,
      DatabaseClock clock,
      HostThreads threads,
      RunOutcomes news,
      Effects effects,
      HostDatabase database) {
    return new Worker(
        store,
        workflows,
        executors,
        capabilities,
        limits,
        clock,
        threads.nodes(),
        news,
        effects,
        new ArtifactSql(database.jdbc()));
  }

  @Bean(destroyMethod = "")
  Claimer heddleClaimer(
      ClaimStore store,
      HeddleProperties properties,
      DatabaseClock clock,
      Worker worker,
      HostThreads threads,
      NewsRelay relay) {
    HeddleProperties.Claim claim = properties.claim();
    ClaimSettings settings =
        new ClaimSettings(
            claim.ttl(),
            claim.heartbeat() == null ? claim.ttl().dividedBy(4) : claim.heartbeat(),
            claim.poll(),
            claim.slots(),
            claim.slotsPerTenant(),
            properties.limits().maxWaitingRuns());
    return new Claimer(store, settings, clock, worker, threads.workers(), relay::due);
  }

  @Bean
  RunMeters heddleRunMeters(Claimer claimer) {
    return new RunMeters(claimer::executing, claimer::claimed, claimer::refused, claimer::waiting);
  }

  @Bean
  HostLifecycle heddleLifecycle(
      Claimer claimer,
      RunStore store,
      CommitNews news,
      NewsRelay relay,
      ObjectProvider<StoredKeys> keys,
      HostThreads threads,
      HeddleProperties properties) {
    return new HostLifecycle(
        claimer,
        store,
        news,
        relay,
        keys,
        threads.timer(),
        properties.stream().lookout(),
        properties.shutdown().grace());
  }

  @Bean
  ApplicationListener<ContextClosedEvent> heddleLeaving(HostLifecycle lifecycle) {
    return event -> lifecycle.leave();
  }

  @Bean
  RunService heddleRunService(RunStore store, LocalExecution execution, RunOutcomes news) {
    return new RunService(store, execution, news);
  }

  @Bean
  RunCreator heddleRunCreator(
      WorkflowRegistry workflows,
      RunStore store,
      LocalExecution execution,
      RunOutcomes news,
      NodeExecutors executors) {
    return new RunCreator(
        workflows,
        store,
        execution,
        news,
        executors,
        HostVersion.ENGINE,
        HostVersion.EVENT_LOG_SCHEMA);
  }
}
