package io.heddle.testkit;

import static io.heddle.testkit.Await.await;
import static io.heddle.testkit.RunAssert.assertThatRun;

import io.heddle.engine.RunCreator;
import io.heddle.testkit.PostgresPerJvm.Database;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

/** An application without a web server that carries a host, on a database of its own. */
public final class EmbeddingApplication implements AutoCloseable {

  private final ConfigurableApplicationContext context;

  private final Stores stores;

  private EmbeddingApplication(ConfigurableApplicationContext context, Stores stores) {
    this.context = context;
    this.stores = stores;
  }

  /**
   * @param configuration imports the host's auto-configuration
   */
  public static EmbeddingApplication of(Class<?> configuration) {
    Database database = PostgresPerJvm.freshDatabase();
    return new EmbeddingApplication(
        new SpringApplicationBuilder(configuration)
            .web(WebApplicationType.NONE)
            .properties("openwop.claim.poll=50ms")
            .initializers(
                context ->
                    context.getBeanFactory().registerSingleton("dataSource", database.dataSource()))
            .run(),
        Stores.on(database.dataSource()));
  }

  /** Runs a workflow to its end. */
  public RunAssert run(
      String workflowId,
      Map<String, @Nullable Object> inputs,
      Map<String, @Nullable Object> configurable) {
    String runId = create(workflowId, inputs, configurable);
    await(runId + " to end").until(() -> SampleRuns.read(stores, runId).status().isTerminal());
    return standing(runId);
  }

  /** Starts a run of a workflow. */
  public String create(
      String workflowId,
      Map<String, @Nullable Object> inputs,
      Map<String, @Nullable Object> configurable) {
    RunCreator.Accepted accepted =
        bean(RunCreator.class)
            .create(
                new RunCreator.Request(
                    SampleRuns.TENANT,
                    SampleRuns.OWNER,
                    workflowId,
                    inputs,
                    configurable,
                    null,
                    null,
                    null,
                    null,
                    null))
            .orElseThrow();
    accepted.start();
    return accepted.run().runId();
  }

  /** A run as it is now. */
  public RunAssert standing(String runId) {
    return assertThatRun(stores, SampleRuns.TENANT, runId);
  }

  public <T> T bean(Class<T> type) {
    return context.getBean(type);
  }

  @Override
  public void close() {
    context.close();
  }
}
