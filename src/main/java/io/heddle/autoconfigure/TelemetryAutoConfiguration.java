package io.heddle.autoconfigure;

import io.heddle.claim.DatabaseClock;
import io.heddle.metrics.ProtocolMeters;
import io.heddle.metrics.Recently;
import io.heddle.postgres.QueueSql;
import io.heddle.postgres.TraceSql;
import io.heddle.redaction.Redactor;
import io.heddle.run.RunStore;
import io.heddle.telemetry.OtlpEndpoint;
import io.heddle.telemetry.RunSpans;
import io.heddle.telemetry.SpanExport;
import io.heddle.web.v1.V1Discovery;
import io.heddle.web.v1.V1Telemetry;
import io.heddle.workflow.WorkflowRegistry;
import io.micrometer.core.instrument.Clock;
import io.micrometer.registry.otlp.OtlpConfig;
import io.micrometer.registry.otlp.OtlpMeterRegistry;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.MetricsAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;

/** What operators see of runs; it is sent nowhere unless they say where. */
@AutoConfiguration(
    after = {HeddleAutoConfiguration.class, MetricsAutoConfiguration.class},
    before = CompositeMeterRegistryAutoConfiguration.class)
@ConditionalOnBean(RunStore.class)
public final class TelemetryAutoConfiguration {

  private static final String ENDPOINT = "openwop.telemetry.endpoint";

  // A look costs the database something, and operators look at minutes.
  private static final Duration SHELF_LIFE = Duration.ofSeconds(3);

  @Bean
  ProtocolMeters heddleProtocolMeters(
      WorkflowRegistry workflows, DatabaseClock clock, HostDatabase database) {
    return new ProtocolMeters(
        workflows,
        clock,
        new Recently<>(
            SHELF_LIFE, new ProtocolMeters.Queue(0, 0, 0), new QueueSql(database.jdbc())));
  }

  @Bean
  RunSpans heddleRunSpans(
      HostDatabase database, WorkflowRegistry workflows, HeddleProperties properties) {
    double sampling = properties.telemetry().sampling();
    if (!(sampling >= 0 && sampling <= 1)) {
      throw new IllegalArgumentException("openwop.telemetry.sampling must be between 0 and 1");
    }
    return new RunSpans(
        new TraceSql(database.jdbc()), workflows, new Redactor(), V1Discovery.PROTOCOL, sampling);
  }

  @Bean
  @ConditionalOnProperty(ENDPOINT)
  OtlpEndpoint heddleOtlpEndpoint(HeddleProperties properties, Environment environment) {
    HeddleProperties.Telemetry telemetry = properties.telemetry();
    Map<String, String> resource = new LinkedHashMap<>();
    resource.put("service.name", environment.getProperty("spring.application.name", "heddle"));
    resource.put("service.version", HostVersion.build());
    return new OtlpEndpoint(
        String.valueOf(telemetry.endpoint()),
        OtlpEndpoint.Protocol.of(telemetry.protocol()),
        telemetry.headers(),
        resource);
  }

  @Bean
  @ConditionalOnProperty(ENDPOINT)
  SpanExport heddleSpanExport(RunSpans spans, OtlpEndpoint endpoint) {
    return new SpanExport(spans, endpoint);
  }

  /** Beside those that an application has itself. */
  @Bean
  @ConditionalOnProperty(ENDPOINT)
  @ConditionalOnMissingBean
  OtlpMeterRegistry heddleOtlpMeterRegistry(
      OtlpEndpoint endpoint, HeddleProperties properties, Clock clock) {
    return OtlpMeterRegistry.builder(config(endpoint, properties.telemetry()))
        .clock(clock)
        .metricsSender(endpoint)
        .build();
  }

  @Bean
  V1Telemetry heddleTelemetry(ObjectProvider<OtlpEndpoint> endpoint, HeddleProperties properties) {
    return new V1Telemetry(endpoint.getIfAvailable() != null, properties.conformance().enabled());
  }

  private static OtlpConfig config(OtlpEndpoint endpoint, HeddleProperties.Telemetry telemetry) {
    return new OtlpConfig() {
      @Override
      public @Nullable String get(String key) {
        return null;
      }

      @Override
      public Duration step() {
        return telemetry.interval();
      }

      @Override
      public Map<String, String> resourceAttributes() {
        return endpoint.resource();
      }

      @Override
      public Map<String, String> headers() {
        return Map.of();
      }

      @Override
      public TimeUnit baseTimeUnit() {
        return TimeUnit.SECONDS;
      }
    };
  }
}
