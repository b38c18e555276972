package io.heddle.autoconfigure;

import io.heddle.artifact.ArtifactStore;
import io.heddle.claim.DatabaseClock;
import io.heddle.egress.Egress;
import io.heddle.engine.RunCreator;
import io.heddle.engine.RunForker;
import io.heddle.interrupt.InterruptService;
import io.heddle.interrupt.InterruptTokens;
import io.heddle.postgres.ArtifactSql;
import io.heddle.postgres.ForkSql;
import io.heddle.postgres.RunListSql;
import io.heddle.run.RunListing;
import io.heddle.run.RunService;
import io.heddle.run.RunStore;
import io.heddle.stream.CommitNews;
import io.heddle.web.Errors;
import io.heddle.web.EventStreams;
import io.heddle.web.LongPolls;
import io.heddle.web.Mutations;
import io.heddle.web.Requests;
import io.heddle.web.v1.V1ArtifactsController;
import io.heddle.web.v1.V1EventsController;
import io.heddle.web.v1.V1ForkController;
import io.heddle.web.v1.V1PauseController;
import io.heddle.web.v1.V1RunListController;
import io.heddle.web.v1.V1RunsController;
import io.heddle.web.v1.V1TestControls;
import io.heddle.web.v1.V1WorkflowsController;
import io.heddle.workflow.WorkflowRegistry;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.ContextClosedEvent;

/** Runs: created, followed, paused and forked; what they are made of, and what they make. */
@Configuration(proxyBeanMethods = false)
final class WebRunsConfiguration {

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
  V1PauseController heddlePauseController(
      RunService runs, Mutations mutations, Requests requests, DatabaseClock clock) {
    return new V1PauseController(runs, mutations, requests, clock);
  }

  @Bean
  V1EventsController heddleEventsController(RunStore store, EventStreams streams, LongPolls polls) {
    return new V1EventsController(store, streams, polls);
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
  @ConditionalOnMissingBean
  ArtifactStore heddleArtifactStore(HostDatabase database) {
    return new ArtifactSql(database.jdbc());
  }

  @Bean
  V1ArtifactsController heddleArtifactsController(ArtifactStore artifacts) {
    return new V1ArtifactsController(artifacts);
  }
}
