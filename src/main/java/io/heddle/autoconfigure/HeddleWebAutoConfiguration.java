package io.heddle.autoconfigure;

import io.heddle.artifact.ArtifactStore;
import io.heddle.audit.AuditLog;
import io.heddle.auth.Roles;
import io.heddle.claim.DatabaseClock;
import io.heddle.diff.RunComparison;
import io.heddle.effect.EffectStore;
import io.heddle.egress.Egress;
import io.heddle.engine.DispatchOptions;
import io.heddle.engine.Effects;
import io.heddle.engine.Limits;
import io.heddle.engine.RunCreator;
import io.heddle.engine.RunForker;
import io.heddle.engine.node.ApprovalGateNode;
import io.heddle.engine.node.ConversationGateNode;
import io.heddle.feedback.AnnotationStore;
import io.heddle.feedback.Feedback;
import io.heddle.idempotency.IdempotencyStore;
import io.heddle.idempotency.IdempotentOperations;
import io.heddle.interrupt.Inbox;
import io.heddle.interrupt.InterruptService;
import io.heddle.interrupt.InterruptTokens;
import io.heddle.metrics.RequestMeters;
import io.heddle.postgres.AnnotationSql;
import io.heddle.postgres.ArtifactSql;
import io.heddle.postgres.ForkSql;
import io.heddle.postgres.IdempotencySql;
import io.heddle.postgres.InboxSql;
import io.heddle.postgres.RunListSql;
import io.heddle.redaction.Redactor;
import io.heddle.retention.RetentionStore;
import io.heddle.run.RunListing;
import io.heddle.run.RunService;
import io.heddle.run.RunStore;
import io.heddle.secret.SecretSources;
import io.heddle.spi.Authenticator;
import io.heddle.spi.Principal;
import io.heddle.stream.CommitNews;
import io.heddle.telemetry.RunSpans;
import io.heddle.web.AdmissionFilter;
import io.heddle.web.ClientCertificates;
import io.heddle.web.ErrorDispatchFilter;
import io.heddle.web.Errors;
import io.heddle.web.EventStreams;
import io.heddle.web.ExpiredRuns;
import io.heddle.web.GzipFilter;
import io.heddle.web.InFlight;
import io.heddle.web.LongPolls;
import io.heddle.web.Mutations;
import io.heddle.web.ProtocolExceptionResolver;
import io.heddle.web.ProtocolFilter;
import io.heddle.web.RateLimits;
import io.heddle.web.Requests;
import io.heddle.web.v1.V1AnnotationsController;
import io.heddle.web.v1.V1ArtifactsController;
import io.heddle.web.v1.V1Capability;
import io.heddle.web.v1.V1ConcurrentClaimController;
import io.heddle.web.v1.V1DebugBundleController;
import io.heddle.web.v1.V1DebugBundleExportController;
import io.heddle.web.v1.V1Discovery;
import io.heddle.web.v1.V1DiscoveryController;
import io.heddle.web.v1.V1Errors;
import io.heddle.web.v1.V1EventsController;
import io.heddle.web.v1.V1ForcedExpiryController;
import io.heddle.web.v1.V1ForkController;
import io.heddle.web.v1.V1InboxController;
import io.heddle.web.v1.V1InterruptTokensController;
import io.heddle.web.v1.V1InterruptsController;
import io.heddle.web.v1.V1PauseController;
import io.heddle.web.v1.V1Production;
import io.heddle.web.v1.V1Roles;
import io.heddle.web.v1.V1RunDiffController;
import io.heddle.web.v1.V1RunListController;
import io.heddle.web.v1.V1RunsController;
import io.heddle.web.v1.V1SpansController;
import io.heddle.web.v1.V1SubRunAttestationController;
import io.heddle.web.v1.V1TestControls;
import io.heddle.web.v1.V1WebhookKeysController;
import io.heddle.web.v1.V1WorkflowsController;
import io.heddle.webhook.WebhookKeys;
import io.heddle.workflow.WorkflowRegistry;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiPredicate;
import java.util.function.Predicate;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.core.env.Environment;
import org.springframework.util.unit.DataSize;

/** The protocol over HTTP. */
@AutoConfiguration(after = HeddleAutoConfiguration.class)
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
@ConditionalOnBean(RunStore.class)
public final class HeddleWebAutoConfiguration {

  // Ahead of Spring Security: what it refuses has to pass the envelope on its way out. And ahead of
  // the filters that read forms: nobody's body is read before its sender is known.
  private static final int BEFORE_SECURITY = -10_100;

  private static final int BEFORE_PROTOCOL = BEFORE_SECURITY - 10;

  /** Of the filter that sees what the protocol's filter refuses. */
  static final int AROUND_PROTOCOL = BEFORE_SECURITY - 5;

  private static final int AFTER_PROTOCOL = BEFORE_SECURITY + 5;

  private static final Duration LONGEST_RETRY_AFTER = Duration.ofDays(1);

  private static final DataSize SMALLEST_BUNDLE = DataSize.ofKilobytes(64);

  private static final DataSize LARGEST_BUNDLE = DataSize.ofGigabytes(1);

  private static final Duration SHORTEST_RETENTION = Duration.ofHours(24);

  @Bean
  @ConditionalOnMissingBean
  PathOwnership heddlePathOwnership() {
    return PathOwnership.embedded();
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
  Roles heddleRoles(HeddleProperties properties) {
    return new Roles(properties.auth().roles());
  }

  @Bean
  V1Capability heddleAuthorization(Roles roles) {
    return V1Capability.of("authorization", V1Roles.describe(roles.scopes()));
  }

  @Bean
  FilterRegistrationBean<ProtocolFilter> heddleProtocolFilter(
      PathOwnership ownership,
      ObjectProvider<Authenticator> authenticators,
      Roles roles,
      Errors errors,
      HeddleProperties properties,
      Environment environment) {
    Predicate<String> isPublic = PathOwnership::isPublic;
    if (properties.conformance().enabled()) {
      isPublic = isPublic.or(V1ForcedExpiryController::serves);
    }
    FilterRegistrationBean<ProtocolFilter> registration =
        new FilterRegistrationBean<>(
            new ProtocolFilter(
                ownership::isOwned,
                isPublic,
                authenticators.orderedStream().toList(),
                roles,
                connections(properties.auth().mtls(), environment),
                errors));
    registration.setOrder(BEFORE_SECURITY);
    registration.setAsyncSupported(true);
    return registration;
  }

  private static BiPredicate<HttpServletRequest, Principal> connections(
      HeddleProperties.Mtls mtls, Environment environment) {
    ClientCertificates.Mapping mapping = mtls.subjectMapping();
    if (mapping == null) {
      return (request, caller) -> true;
    }
    String asked = environment.getProperty("server.ssl.client-auth", "none");
    if (!asked.equalsIgnoreCase("want") && !asked.equalsIgnoreCase("need")) {
      throw new IllegalArgumentException(
          "openwop.auth.mtls takes a server that asks for certificates: set server.ssl.client-auth"
              + " to want or need, and server.ssl.bundle");
    }
    return new ClientCertificates(mapping, mtls.required(), mtls.tenants());
  }

  @Bean
  V1Capability heddleMtls(HeddleProperties properties) {
    HeddleProperties.Mtls mtls = properties.auth().mtls();
    ClientCertificates.Mapping mapping = mtls.subjectMapping();
    return V1Capability.of(
        "auth",
        mapping == null
            ? Map.of()
            : Map.of(
                "profiles",
                List.of("openwop-auth-mtls"),
                "mtls",
                Map.of(
                    "supported",
                    true,
                    "required",
                    mtls.required(),
                    "subjectMapping",
                    mapping.name().toLowerCase(Locale.ROOT).replace('_', '-'))));
  }

  @Bean
  InFlight heddleInFlight(HeddleProperties properties) {
    return new InFlight(properties.limits().maxInFlight());
  }

  @Bean
  RateLimits heddleRateLimits(HeddleProperties properties) {
    HeddleProperties.RateLimit limit = properties.rateLimit();
    return new RateLimits(limit.perKey(), limit.perTenant(), limit.period());
  }

  @Bean
  RequestMeters heddleRequestMeters(InFlight inFlight, RateLimits rates) {
    return new RequestMeters(inFlight::current, inFlight::refused, rates::refused);
  }

  /** The profile asks for an audit log with integrity, too. */
  @Bean
  @ConditionalOnBean(name = "heddleAuditLog")
  V1Production heddleProductionProfile(InFlight inFlight, HeddleProperties properties) {
    return new V1Production(
        inFlight.cap(),
        Math.toIntExact(properties.retryAfter().toSeconds()),
        properties.retention().window(),
        properties.retention().development(),
        properties.conformance().enabled());
  }

  @Bean
  FilterRegistrationBean<AdmissionFilter> heddleAdmissionFilter(
      RateLimits rates, InFlight inFlight) {
    FilterRegistrationBean<AdmissionFilter> registration =
        new FilterRegistrationBean<>(
            new AdmissionFilter(PathOwnership::isAlwaysServed, rates, inFlight));
    registration.setOrder(AFTER_PROTOCOL);
    registration.setAsyncSupported(true);
    return registration;
  }

  /** Outermost, so that refusals of the layers behind it are compressed like answers. */
  @Bean
  FilterRegistrationBean<GzipFilter> heddleGzipFilter(PathOwnership ownership) {
    FilterRegistrationBean<GzipFilter> registration =
        new FilterRegistrationBean<>(new GzipFilter(ownership::isOwned));
    registration.setOrder(BEFORE_PROTOCOL);
    registration.setAsyncSupported(true);
    return registration;
  }

  @Bean
  @ConditionalOnBean(name = "heddleGzipFilter")
  V1Capability heddleContentEncodings() {
    return V1Capability.of("restTransport", Map.of("contentEncodings", List.of(GzipFilter.CODING)));
  }

  @Bean
  @ConditionalOnBean(name = "heddleSupervisorNode")
  V1Capability heddleOrchestrators() {
    return V1Capability.of("orchestrator", Map.of("supported", true, "fanOutSupported", true));
  }

  @Bean
  @ConditionalOnBean(name = "heddleSupervisorNode")
  V1Capability heddleOrchestratingAgents() {
    return V1Capability.of("agents", Map.of("orchestrator", true));
  }

  @Bean
  @ConditionalOnBean(ApprovalGateNode.class)
  V1Capability heddleApproverRouting() {
    return V1Capability.of(
        "interrupt",
        Map.of("approverRouting", Map.of("supported", true, "refKinds", List.of("group", "role"))));
  }

  @Bean
  @ConditionalOnBean(ConversationGateNode.class)
  V1Capability heddleConversations() {
    return V1Capability.flag("conversationPrimitive");
  }

  /** Node code tells what agents do, and asks where they are not sure. */
  @Bean
  V1Capability heddleAgents() {
    return V1Capability.of(
        "agents",
        Map.of("supported", true, "reasoning", Map.of("verbosity", "full", "streaming", true)));
  }

  /** Nodes get secrets that this host finds for them; callers send none. */
  @Bean
  V1Capability heddleSecrets(SecretSources sources) {
    List<String> scopes =
        sources.scopes().stream()
            .map(scope -> scope.name().toLowerCase(Locale.ROOT))
            .sorted()
            .toList();
    return V1Capability.of(
        "secrets",
        scopes.isEmpty()
            ? Map.of()
            : Map.of("supported", true, "scopes", scopes, "resolution", "host-managed"));
  }

  @Bean
  @ConditionalOnBean(name = "heddleMockAgentNode")
  V1Capability heddleMockAgents() {
    return V1Capability.of("conformance", Map.of("mockAgent", true));
  }

  @Bean
  @ConditionalOnBean(name = "heddleDispatchNode")
  V1Capability heddleDispatchingAgents() {
    return V1Capability.of("agents", Map.of("dispatch", true, "dispatchMapping", true));
  }

  @Bean
  @ConditionalOnBean(name = "heddleSubWorkflowNode")
  V1Capability heddleSubRunAttestation() {
    return V1Capability.of("agents", Map.of("subRunAttestation", true));
  }

  @Bean
  @ConditionalOnBean(name = "heddleDispatchNode")
  V1Capability heddleDispatch(Limits limits) {
    return V1Capability.of(
        "dispatch",
        Map.of(
            "supported",
            true,
            "models",
            DispatchOptions.MODELS,
            "fanOutSupported",
            true,
            "fanOutPolicies",
            DispatchOptions.FAN_OUT_POLICIES,
            "joinModes",
            DispatchOptions.JOIN_MODES,
            "onChildFailureModes",
            DispatchOptions.ON_CHILD_FAILURE,
            "maxFanOut",
            limits.maxFanOut(),
            "perItemInput",
            true,
            "askUserRoutings",
            DispatchOptions.ASK_USER_ROUTINGS));
  }

  @Bean
  V1Capability heddleMasking() {
    return V1Capability.of(
        "compliance", Map.of("defaultMode", "mask", "supportedClasses", List.of("public")));
  }

  @Bean
  FilterRegistrationBean<ErrorDispatchFilter> heddleErrorDispatchFilter(
      PathOwnership ownership, Errors errors) {
    FilterRegistrationBean<ErrorDispatchFilter> registration =
        new FilterRegistrationBean<>(new ErrorDispatchFilter(ownership::isOwned, errors));
    registration.setOrder(BEFORE_SECURITY);
    registration.setDispatcherTypes(DispatcherType.ERROR);
    registration.setAsyncSupported(true);
    return registration;
  }

  @Bean
  ProtocolExceptionResolver heddleExceptionResolver(Errors errors) {
    return new ProtocolExceptionResolver(errors);
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

  @Bean
  EventStreams heddleEventStreams(
      CommitNews news, HostThreads threads, HeddleProperties properties) {
    return new EventStreams(
        news, threads.streams(), threads.timer(), properties.stream().keepalive());
  }

  /** Open streams and waiting polls would hold up a graceful shutdown until its time is over. */
  @Bean
  ApplicationListener<ContextClosedEvent> heddleStreamsEnder(
      EventStreams streams, LongPolls polls) {
    return event -> {
      streams.close();
      polls.close();
    };
  }

  @Bean(destroyMethod = "")
  LongPolls heddleLongPolls(RunStore store, CommitNews news, HostThreads threads) {
    return new LongPolls(store, news, threads.streams());
  }

  @Bean
  V1DiscoveryController heddleDiscoveryController(
      Limits limits,
      HeddleProperties properties,
      ConformanceFixtures fixtures,
      ObjectProvider<V1Capability> features) {
    V1Discovery discovery =
        new V1Discovery(
            HostVersion.build(),
            HostVersion.ENGINE,
            HostVersion.EVENT_LOG_SCHEMA,
            limits,
            Math.toIntExact(properties.limits().maxRequestBody().toBytes()),
            properties.idempotency().retention().toSeconds(),
            fixtures.ids(),
            features.orderedStream().toList());
    return new V1DiscoveryController(discovery);
  }

  @Bean
  V1TestControls heddleTestControls(HeddleProperties properties) {
    return new V1TestControls(
        properties.conformance().enabled()
            ? new V1TestControls.Range(HostVersion.ENGINE, HostVersion.ENGINE)
            : null);
  }

  @Bean
  V1RunsController heddleRunsController(
      RunCreator creator,
      RunService runs,
      Mutations mutations,
      Requests requests,
      Errors errors,
      V1TestControls controls,
      InterruptService interrupts,
      InterruptTokens tokens,
      Egress egress) {
    return new V1RunsController(
        creator, runs, mutations, requests, errors, controls, interrupts, tokens, egress);
  }

  @Bean
  V1InterruptsController heddleInterruptsController(
      InterruptService interrupts, RunService runs, Mutations mutations, Requests requests) {
    return new V1InterruptsController(interrupts, runs, mutations, requests);
  }

  @Bean
  @ConditionalOnMissingBean
  Inbox heddleInbox(HostDatabase database) {
    return new InboxSql(database.jdbc());
  }

  @Bean
  V1InboxController heddleInboxController(Inbox inbox) {
    return new V1InboxController(inbox);
  }

  @Bean
  V1InterruptTokensController heddleInterruptTokensController(
      InterruptTokens tokens,
      InterruptService interrupts,
      RunService runs,
      Mutations mutations,
      Requests requests) {
    return new V1InterruptTokensController(tokens, interrupts, runs, mutations, requests);
  }

  @Bean
  V1PauseController heddlePauseController(
      RunService runs, Mutations mutations, Requests requests, DatabaseClock clock) {
    return new V1PauseController(runs, mutations, requests, clock);
  }

  @Bean
  V1EventsController heddleEventsController(RunStore store, EventStreams streams, LongPolls polls) {
    return new V1EventsController(store, streams, polls);
  }

  /** Called without a credential, so there is none unless the deployment is for tests. */
  @Bean
  @ConditionalOnBooleanProperty("openwop.conformance.enabled")
  V1ForcedExpiryController heddleForcedExpiryController(
      RetentionStore store, RunService runs, CommitNews news, ConformanceFixtures fixtures) {
    return new V1ForcedExpiryController(store, runs, news, fixtures.ids());
  }

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
  @ConditionalOnBooleanProperty("openwop.conformance.enabled")
  V1DebugBundleExportController heddleDebugBundleExportController(
      V1DebugBundleController bundles, Requests requests) {
    return new V1DebugBundleExportController(bundles, requests);
  }

  @Bean
  RunForker heddleRunForker(
      RunCreator creator, WorkflowRegistry workflows, RunStore runs, HostDatabase database) {
    return new RunForker(
        creator,
        workflows,
        runs,
        new ForkSql(database.jdbc(), HostVersion.ENGINE, HostVersion.EVENT_LOG_SCHEMA));
  }

  @Bean
  V1ForkController heddleForkController(
      RunForker forker,
      RunService runs,
      Mutations mutations,
      Requests requests,
      V1TestControls controls) {
    return new V1ForkController(forker, runs, mutations, requests, controls);
  }

  @Bean
  RunComparison heddleRunComparison(RunStore store, Redactor redactor) {
    return new RunComparison(store, redactor);
  }

  @Bean
  V1RunDiffController heddleRunDiffController(RunComparison comparison) {
    return new V1RunDiffController(comparison);
  }

  @Bean
  @ConditionalOnMissingBean
  RunListing heddleRunListing(HostDatabase database) {
    return new RunListSql(database.jdbc());
  }

  @Bean
  V1RunListController heddleRunListController(RunListing runs) {
    return new V1RunListController(runs);
  }

  @Bean
  V1WorkflowsController heddleWorkflowsController(
      WorkflowRegistry workflows, Mutations mutations, Requests requests) {
    return new V1WorkflowsController(workflows, mutations, requests);
  }

  @Bean
  @ConditionalOnBooleanProperty("openwop.conformance.enabled")
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
  @ConditionalOnBooleanProperty("openwop.conformance.enabled")
  V1SubRunAttestationController heddleSubRunAttestationController(Requests requests) {
    return new V1SubRunAttestationController(requests);
  }

  @Bean
  @ConditionalOnBooleanProperty("openwop.conformance.enabled")
  V1SpansController heddleSpansController(RunSpans spans) {
    return new V1SpansController(spans);
  }

  @Bean
  @ConditionalOnMissingBean
  ArtifactStore heddleArtifactStore(HostDatabase database) {
    return new ArtifactSql(database.jdbc());
  }

  @Bean
  V1ArtifactsController heddleArtifactsController(ArtifactStore artifacts) {
    return new V1ArtifactsController(artifacts);
  }

  @Bean
  V1WebhookKeysController heddleWebhookKeysController(WebhookKeys keys) {
    return new V1WebhookKeysController(keys);
  }
}
