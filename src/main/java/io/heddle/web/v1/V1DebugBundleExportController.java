package io.heddle.web.v1;

import io.heddle.spi.Principal;
import io.heddle.tenancy.Tenant;
import io.heddle.web.Callers;
import io.heddle.web.Fields;
import io.heddle.web.Requests;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Map;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * The debug bundle under the path where a conformance suite looks for what secrets leave behind
 * [RFC 0034 §B]. Only on deployments for tests.
 */
@RestController
public final class V1DebugBundleExportController implements V1Capability {

  private final V1DebugBundleController bundles;

  private final Requests requests;

  public V1DebugBundleExportController(V1DebugBundleController bundles, Requests requests) {
    this.bundles = bundles;
    this.requests = requests;
  }

  @Override
  public String family() {
    return "observability";
  }

  @Override
  public Map<String, Object> members() {
    return Map.of("testSeams", Map.of("debugBundleExport", true));
  }

  @PostMapping("/v1/host/sample/test/debug-bundle/export")
  void export(HttpServletRequest request, HttpServletResponse response) throws IOException {
    Principal caller = Callers.require(request, "runs:read");
    Fields fields = new Fields(requests.object(request));
    String runId = fields.requiredText("runId");
    fields.check();
    bundles.write(response, new Tenant(caller.tenant()), runId, DebugBundle.ALL_EVENTS);
  }
}
