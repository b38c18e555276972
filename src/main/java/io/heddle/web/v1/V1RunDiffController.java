package io.heddle.web.v1;

import io.heddle.diff.RunComparison;
import io.heddle.diff.RunDiff;
import io.heddle.spi.Principal;
import io.heddle.tenancy.Tenant;
import io.heddle.web.Callers;
import io.heddle.web.Parameters;
import io.heddle.web.Problem;
import jakarta.servlet.http.HttpServletRequest;
import java.nio.charset.StandardCharsets;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

/** How two runs differ [rest-endpoints §GET /v1/runs/{runId}:diff]. */
@RestController
public final class V1RunDiffController {

  private final RunComparison comparison;

  public V1RunDiffController(RunComparison comparison) {
    this.comparison = comparison;
  }

  @GetMapping(V1RunsController.RUN + ":diff")
  ResponseEntity<byte[]> diff(HttpServletRequest request, @PathVariable String runId) {
    Principal caller = Callers.require(request, "runs:read");
    String against = Parameters.text(request, "against");
    if (against == null || against.isEmpty()) {
      throw Parameters.invalid("against", "must name the other run");
    }
    RunDiff diff =
        comparison
            .compare(new Tenant(caller.tenant()), runId, against)
            .orElseThrow(() -> Problem.notFound("run"));
    return ResponseEntity.ok()
        .contentType(MediaType.APPLICATION_JSON)
        .body(V1Documents.diff(diff).getBytes(StandardCharsets.UTF_8));
  }
}
