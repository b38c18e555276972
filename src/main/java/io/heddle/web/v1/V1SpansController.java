package io.heddle.web.v1;

import io.heddle.json.Json;
import io.heddle.run.Ids;
import io.heddle.spi.Principal;
import io.heddle.telemetry.RunSpans;
import io.heddle.telemetry.Span;
import io.heddle.tenancy.Tenant;
import io.heddle.web.Callers;
import io.heddle.web.Problem;
import jakarta.servlet.http.HttpServletRequest;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/**
 * Lets a test see the spans of a run as they are exported [observability §OTel collector test
 * seam].
 */
@RestController
public final class V1SpansController {

  private final RunSpans spans;

  public V1SpansController(RunSpans spans) {
    this.spans = spans;
  }

  @GetMapping("/v1/host/sample/test/otel/spans")
  ResponseEntity<byte[]> spans(
      HttpServletRequest request, @RequestParam(required = false) @Nullable String runId) {
    Principal caller = Callers.require(request, "runs:read");
    if (runId == null) {
      throw Problem.invalid("/runId", "is required");
    }
    Optional<List<Span>> found =
        Ids.isWellFormed(runId) ? spans.of(new Tenant(caller.tenant()), runId) : Optional.empty();
    return V1RunsController.json(
        200,
        Json.members(
            "spans",
            found.orElseThrow(() -> Problem.notFound("run")).stream()
                .map(
                    span ->
                        Json.members(
                            "name",
                            span.name(),
                            "attributes",
                            span.attributes(),
                            "events",
                            List.of()))
                .toList()));
  }
}
