package io.heddle.autoconfigure;

import io.heddle.claim.ClaimSettings;
import io.heddle.claim.ClaimStore;
import io.heddle.claim.Claimer;
import io.heddle.claim.DatabaseClock;
import io.heddle.effect.EffectStore;
import io.heddle.egress.AddressResolver;
import io.heddle.egress.Egress;
import io.heddle.egress.EgressSettings;
import io.heddle.engine.Effects;
import io.heddle.engine.EngineNodes;
import io.heddle.engine.Limits;
import io.heddle.engine.NodeExecutors;
import io.heddle.engine.RetryPolicy;
import io.heddle.engine.RunCreator;
import io.heddle.engine.RuntimeCapabilities;
import io.heddle.engine.Worker;
import io.heddle.engine.node.ApprovalGateNode;
import io.heddle.engine.node.ChannelWriteNode;
import io.heddle.engine.node.ClarificationGateNode;
import io.heddle.engine.node.ConversationGateNode;
import io.heddle.engine.node.DelayNode;
import io.heddle.engine.node.FailNode;
import io.heddle.engine.node.HoldNode;
import io.heddle.engine.node.IdentityNode;
import io.heddle.engine.node.InterruptNode;
import io.heddle.engine.node.MockAgentNode;
import io.heddle.engine.node.NoopNode;
import io.heddle.engine.node.RequiresMissingNode;
import io.heddle.engine.node.SecretEchoNode;
import io.heddle.engine.node.SideEffectNode;
import io.heddle.interrupt.InterruptService;
import io.heddle.interrupt.InterruptStore;
import io.heddle.interrupt.InterruptTokens;
import io.heddle.metrics.ProtocolMeters;
import io.heddle.metrics.RunMeters;
import io.heddle.metrics.RunOutcomes;
import io.heddle.postgres.ArtifactSql;
import io.heddle.postgres.ClaimSql;
import io.heddle.postgres.EffectSql;
import io.heddle.postgres.InterruptSql;
import io.heddle.postgres.Notifications;
import io.heddle.postgres.RunSql;
import io.heddle.postgres.SecretSql;
import io.heddle.postgres.WorkflowSql;
import io.heddle.run.CommitListener;
import io.heddle.run.LocalExecution;
import io.heddle.run.RunService;
import io.heddle.run.RunStore;
import io.heddle.secret.SecretDirectory;
import io.heddle.secret.SecretSources;
import io.heddle.secret.Vault;
import io.heddle.spi.EgressPolicy;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.SecretSource;
import io.heddle.spi.WorkflowSource;
import io.heddle.stream.CommitNews;
import io.heddle.stream.NewsRelay;
import io.heddle.telemetry.SpanExport;
import io.heddle.webhook.OutboxSignal;
import io.heddle.webhook.WebhookKeys;
import io.heddle.workflow.WorkflowParser;
import io.heddle.workflow.WorkflowRegistry;
import io.heddle.workflow.WorkflowStore;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.core.env.Environment;
import org.springframework.core.io.support.ResourcePatternResolver;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/** The engine and its stores, on the application's data source and in a schema of their own. */
@AutoConfiguration(after = DataSourceAutoConfiguration.class)
@EnableConfigurationProperties(HeddleProperties.class)
public final class HeddleAutoConfiguration {

  private static final Logger log = LoggerFactory.getLogger(HeddleAutoConfiguration.class);

  /** Before anything is made of it: without a database there is no host, and nobody would say. */
  @Bean
  static BeanFactoryPostProcessor heddleDatabaseCheck() {
    return HostDataSource::requireAny;
  }

  @Bean
  HostDataSource heddleDataSource(ObjectProvider<DataSource> dataSource) {
    return HostDataSource.of(dataSource);
  }

  @Bean
  OpenwopSchema openwopSchema(HostDataSource database) {
    return new OpenwopSchema(database.dataSource());
  }

  /** The stores' own access, so that an application's templates and transactions stay its own. */
  @Bean
  HostDatabase heddleDatabase(HostDataSource database, OpenwopSchema migrated) {
    return new HostDatabase(
        JdbcClient.create(database.dataSource()),
        new TransactionTemplate(new JdbcTransactionManager(database.dataSource())));
  }

  @Bean
  OutboxSignal heddleOutboxSignal() {
    return new OutboxSignal();
  }

  @Bean
  @ConditionalOnMissingBean
  RunStore heddleRunStore(HostDatabase database, HeddleProperties properties, OutboxSignal queued) {
    return new RunSql(
        database.jdbc(),
        database.transactions(),
        HostVersion.ENGINE,
        HostVersion.EVENT_LOG_SCHEMA,
        properties.audit().enabled(),
        queued::raise);
  }

  @Bean
  @ConditionalOnMissingBean
  ClaimStore heddleClaimStore(HostDatabase database) {
    return new ClaimSql(database.jdbc(), database.transactions());
  }

  @Bean
  @ConditionalOnMissingBean
  WorkflowStore heddleWorkflowStore(HostDatabase database) {
    return new WorkflowSql(database.jdbc(), database.transactions());
  }

  @Bean
  @ConditionalOnMissingBean
  EffectStore heddleEffectStore(HostDatabase database, HeddleProperties properties) {
    Duration retention = properties.effects().retention();
    if (retention.toSeconds() < 1) {
      throw new IllegalArgumentException("openwop.effects.retention must be at least a second");
    }
    return new EffectSql(database.jdbc(), retention);
  }

  @Bean
  Effects heddleEffects(EffectStore store, HeddleProperties properties) {
    return new Effects(store, properties.effects().maxWait());
  }

  @Bean
  NoopNode heddleNoopNode() {
    return new NoopNode();
  }

  @Bean
  IdentityNode heddleIdentityNode() {
    return new IdentityNode();
  }

  @Bean
  DelayNode heddleDelayNode() {
    return new DelayNode();
  }

  @Bean
  FailNode heddleFailNode() {
    return new FailNode();
  }

  @Bean
  ChannelWriteNode heddleChannelWriteNode() {
    return new ChannelWriteNode();
  }

  @Bean
  NodeExecutor heddleSubWorkflowNode() {
    return EngineNodes.subWorkflow();
  }

  /** Only tests let a definition take the decisions of the agent it is about. */
  @Bean
  NodeExecutor heddleSupervisorNode(HeddleProperties properties) {
    return EngineNodes.supervisor(properties.conformance().enabled());
  }

  @Bean
  NodeExecutor heddleDispatchNode() {
    return EngineNodes.dispatch();
  }

  @Bean
  ApprovalGateNode heddleApprovalGateNode() {
    return new ApprovalGateNode();
  }

  @Bean
  ClarificationGateNode heddleClarificationGateNode() {
    return new ClarificationGateNode();
  }

  /** Only tests let a definition converse with itself. */
  @Bean
  ConversationGateNode heddleConversationGateNode(HeddleProperties properties) {
    return new ConversationGateNode(properties.conformance().enabled());
  }

  @Bean
  InterruptNode heddleInterruptNode() {
    return new InterruptNode();
  }

  @Bean
  @ConditionalOnBooleanProperty("openwop.conformance.enabled")
  MockAgentNode heddleMockAgentNode() {
    return new MockAgentNode();
  }

  @Bean
  @ConditionalOnBooleanProperty("openwop.conformance.enabled")
  HoldNode heddleHoldNode() {
    return new HoldNode();
  }

  @Bean
  @ConditionalOnBooleanProperty("openwop.conformance.enabled")
  SideEffectNode heddleSideEffectNode() {
    return new SideEffectNode();
  }

  @Bean
  @ConditionalOnBooleanProperty("openwop.conformance.enabled")
  RequiresMissingNode heddleRequiresMissingNode() {
    return new RequiresMissingNode();
  }

  /** None yet: every node type of this host runs on its own. */
  @Bean
  @ConditionalOnMissingBean
  RuntimeCapabilities heddleRuntimeCapabilities() {
    return new RuntimeCapabilities(Set.of());
  }

  @Bean
  @ConditionalOnBooleanProperty("openwop.conformance.enabled")
  SecretEchoNode heddleSecretEchoNode() {
    return new SecretEchoNode();
  }

  @Bean
  SecretSources heddleSecretSources(
      ObjectProvider<SecretSource> sources, HeddleProperties properties, Environment environment) {
    List<SecretSource> all = new ArrayList<>(sources.orderedStream().toList());
    if (properties.secrets().directory() != null) {
      all.add(new SecretDirectory(Path.of(properties.secrets().directory())));
    }
    all.add(new PropertySecrets(environment));
    if (properties.conformance().enabled()) {
      all.add(new ConformanceCanary(environment.getProperty("OPENWOP_CANARY_SECRET_VALUE")));
    }
    return new SecretSources(all);
  }

  @Bean
  NodeExecutors heddleNodeExecutors(
      ObjectProvider<NodeExecutor> executors,
      SecretSources secrets,
      ConfigurableListableBeanFactory beans) {
    List<NodeExecutor> all = new ArrayList<>(executors.orderedStream().toList());
    all.addAll(WorkflowMethods.of(beans));
    return new NodeExecutors(all, secrets);
  }

  @Bean
  Limits heddleLimits(HeddleProperties properties) {
    return new Limits(
        properties.limits().maxNodeExecutions(),
        properties.limits().maxRunDuration(),
        new RetryPolicy(properties.retry().firstDelay(), properties.retry().longestDelay()),
        properties.limits().maxSubWorkflowDepth(),
        properties.limits().maxFanOut(),
        properties.limits().maxProcessLosses(),
        properties.limits().maxNodeDuration());
  }

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
      HostThreads threads,
      HeddleProperties properties) {
    return new HostLifecycle(
        claimer,
        store,
        news,
        relay,
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
  @ConditionalOnMissingBean
  InterruptStore heddleInterruptStore(HostDatabase database) {
    return new InterruptSql(database.jdbc());
  }

  @Bean
  InterruptService heddleInterruptService(RunStore store, InterruptStore interrupts) {
    return new InterruptService(store, interrupts);
  }

  @Bean
  Vault heddleVault(HeddleProperties properties) {
    return HostSecrets.vault(properties.masterKey());
  }

  @Bean
  InterruptTokens heddleInterruptTokens(
      HeddleProperties properties, HostDatabase database, Vault vault) {
    return new InterruptTokens(
        HostSecrets.tokenKeys(properties.interrupts(), new SecretSql(database.jdbc()), vault));
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

  @Bean
  Egress heddleEgress(HeddleProperties properties, ObjectProvider<EgressPolicy> policies) {
    HeddleProperties.Egress egress = properties.egress();
    if (egress.allowPrivate()) {
      log.warn(
          "openwop.egress.allow-private is on: this host calls http URLs and private addresses,"
              + " whoever asks it to");
    }
    return new Egress(
        new EgressSettings(
            egress.allow(),
            egress.deny(),
            egress.allowPrivate(),
            Math.toIntExact(egress.maxResponseBody().toBytes())),
        AddressResolver.SYSTEM,
        policies.orderedStream().toList(),
        Egress.jvmDefault());
  }

  @Bean
  WebhookKeys heddleWebhookKeys(
      HeddleProperties properties,
      HostDatabase database,
      Vault vault,
      DatabaseClock clock,
      HostThreads threads) {
    WebhookKeys keys =
        HostSecrets.webhookKeys(
            properties.webhooks(), new SecretSql(database.jdbc()), vault, clock);
    threads.timer().scheduleWithFixedDelay(keys::refresh, 1, 1, TimeUnit.MINUTES);
    return keys;
  }
}
