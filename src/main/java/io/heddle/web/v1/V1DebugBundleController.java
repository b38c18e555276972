package io.heddle.web.v1;

import io.heddle.feedback.Annotation;
import io.heddle.feedback.Feedback;
import io.heddle.run.Run;
import io.heddle.run.RunService;
import io.heddle.run.RunStore;
import io.heddle.spi.Principal;
import io.heddle.tenancy.Tenant;
import io.heddle.web.Callers;
import io.heddle.web.Parameters;
import io.heddle.web.Problem;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

/** Runs as whoever looks into them gets them: all at once [debug-bundle.md]. */
@RestController
public final class V1DebugBundleController implements V1Capability {

  // The name that a client need not know that it is this host it asks.
  private static final String MAX_EVENTS = "maxEvents";

  private static final String OWN_MAX_EVENTS = "host.heddle.maxEvents";

  private final RunService runs;

  private final RunStore store;

  private final Feedback feedback;

  private final InstantSource clock;

  private final Map<String, Object> host;

  private final long cap;

  /**
   * @param clock tells the database's time
   * @param host who this is, as discovery tells
   * @param cap the most bytes of a bundle
   */
  public V1DebugBundleController(
      RunService runs,
      RunStore store,
      Feedback feedback,
      InstantSource clock,
      Map<String, Object> host,
      long cap) {
    this.runs = runs;
    this.store = store;
    this.feedback = feedback;
    this.clock = clock;
    this.host = host;
    this.cap = cap;
  }

  @Override
  public String family() {
    return "debugBundle";
  }

  @Override
  public boolean isFor(Set<String> scopes) {
    return scopes.contains("runs:read");
  }

  @Override
  public Map<String, Object> members() {
    return Map.of("supported", true);
  }

  @GetMapping(V1RunsController.RUN + "/debug-bundle")
  void read(HttpServletRequest request, HttpServletResponse response, @PathVariable String runId)
      throws IOException {
    Principal caller = Callers.require(request, "runs:read");
    int own =
        Parameters.integer(request, OWN_MAX_EVENTS, DebugBundle.ALL_EVENTS, 0, Integer.MAX_VALUE);
    int maxEvents = Parameters.integer(request, MAX_EVENTS, own, 0, Integer.MAX_VALUE);
    write(response, new Tenant(caller.tenant()), runId, maxEvents);
  }

  /** Answers with a bundle, or with 404 for a run that is not there. */
  void write(HttpServletResponse response, Tenant tenant, String runId, int maxEvents)
      throws IOException {
    Run run = runs.find(tenant, runId).orElseThrow(() -> Problem.notFound("run"));
    DebugBundle bundle = new DebugBundle(store, run, cap, maxEvents);
    List<Annotation> annotations =
        feedback
            .list(tenant, runId, DebugBundle.annotations(cap))
            .orElseThrow(() -> Problem.notFound("run"));
    if (!bundle.open()) {
      throw Problem.notFound("run");
    }
    response.setContentType("application/json");
    response.setHeader("Cache-Control", "no-store");
    bundle.write(response.getOutputStream(), clock.instant(), host, annotations);
  }
}
