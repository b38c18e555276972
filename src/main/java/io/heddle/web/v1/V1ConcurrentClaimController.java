package io.heddle.web.v1;

import io.heddle.effect.Execution;
import io.heddle.engine.Effects;
import io.heddle.engine.NodeEffects;
import io.heddle.engine.RunCreator;
import io.heddle.json.Json;
import io.heddle.run.Run;
import io.heddle.spi.Principal;
import io.heddle.tenancy.Tenant;
import io.heddle.web.Callers;
import io.heddle.web.ErrorCode;
import io.heddle.web.Fields;
import io.heddle.web.Problem;
import io.heddle.web.Requests;
import jakarta.servlet.http.HttpServletRequest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * Lets a test see several executors of one run reach one side effect, which nothing else can bring
 * about from outside [host-sample-test-seams, idempotency §Concurrent duplicates (Layer 2)]. The
 * run, its lease, the threads and the store are the real ones.
 */
@RestController
public final class V1ConcurrentClaimController {

  private static final String WORKFLOW = "conformance-noop";

  // No node of the workflow, so that the run can go its own way afterwards.
  private static final String NODE = "conformance-concurrent-claim";

  private static final String PROVIDER = "conformance:deliver";

  private static final int MOST_EXECUTORS = 8;

  private static final long MEETING_SECONDS = 10;

  private final RunCreator creator;

  private final Effects effects;

  private final ExecutorService threads;

  private final Requests requests;

  private final int retryAfter;

  public V1ConcurrentClaimController(
      RunCreator creator,
      Effects effects,
      ExecutorService threads,
      Requests requests,
      int retryAfter) {
    this.creator = creator;
    this.effects = effects;
    this.threads = threads;
    this.requests = requests;
    this.retryAfter = retryAfter;
  }

  @PostMapping("/v1/host/sample/test/idempotency/concurrent-claim")
  ResponseEntity<byte[]> race(HttpServletRequest request) throws InterruptedException {
    Principal caller = Callers.require(request, "runs:create");
    Fields fields = new Fields(requests.object(request));
    fields.require("executors");
    Integer executors = fields.integer("executors", 2, MOST_EXECUTORS);
    fields.check();
    RunCreator.Accepted accepted =
        creator
            .create(run(caller))
            .orElseThrow(
                () ->
                    new Problem(ErrorCode.NOT_IMPLEMENTED, "This host does not offer " + WORKFLOW));
    try {
      return V1RunsController.json(200, race(accepted.run(), Objects.requireNonNull(executors)));
    } finally {
      accepted.start();
    }
  }

  private static RunCreator.Request run(Principal caller) {
    return new RunCreator.Request(
        new Tenant(caller.tenant()),
        new Run.Owner(caller.id(), caller.issuer(), caller.lane(), caller.kind()),
        WORKFLOW,
        Json.members(),
        null,
        null,
        null,
        null,
        null,
        null);
  }

  private Map<String, @Nullable Object> race(Run run, int executors) throws InterruptedException {
    Execution execution = new Execution(run.tenant(), run.runId(), run.leaseEpoch(), NODE, 0, 0, 0);
    List<String> minted = Collections.synchronizedList(new ArrayList<>());
    List<String> deliveries = new CopyOnWriteArrayList<>();
    CyclicBarrier chokepoint = new CyclicBarrier(executors);
    Callable<@Nullable Object> executor =
        () -> {
          NodeEffects.Invocation invocation = effects.of(execution).next(PROVIDER);
          minted.add(invocation.id());
          chokepoint.await(MEETING_SECONDS, TimeUnit.SECONDS);
          return invocation.once(
              id -> {
                deliveries.add(id);
                return Json.members("delivery", deliveries.size());
              });
        };
    for (Future<?> end : threads.invokeAll(Collections.nCopies(executors, executor))) {
      await(end);
    }
    return Json.members(
        "logicalInvocationId",
        deliveries.get(0),
        "mintedIds",
        List.copyOf(minted),
        "attempted",
        minted.size(),
        "delivered",
        deliveries.size());
  }

  /** An executor that came to no end, for example because this node had no free slot. */
  private void await(Future<?> end) throws InterruptedException {
    try {
      end.get();
    } catch (ExecutionException e) {
      throw Problem.retryLater(
          ErrorCode.SERVICE_UNAVAILABLE, "The executors could not race for an effect", retryAfter);
    }
  }
}
