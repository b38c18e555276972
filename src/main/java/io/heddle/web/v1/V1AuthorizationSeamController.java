package io.heddle.web.v1;

import io.heddle.auth.AccessDecision;
import io.heddle.auth.Principals;
import io.heddle.json.Json;
import io.heddle.run.Governance;
import io.heddle.spi.Principal;
import io.heddle.tenancy.Tenant;
import io.heddle.web.Callers;
import io.heddle.web.Fields;
import io.heddle.web.Requests;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * Tells a test what a principal of its tenant may do [host-sample-test-seams
 * §Authorization-decision]. It is decided as requests are; nobody has asked, so nothing is stored.
 */
@RestController
public final class V1AuthorizationSeamController {

  private static final int LONGEST_NAME = 256;

  private final Principals principals;

  private final Requests requests;

  public V1AuthorizationSeamController(Principals principals, Requests requests) {
    this.principals = principals;
    this.requests = requests;
  }

  @PostMapping("/v1/host/sample/authorization/decide")
  ResponseEntity<byte[]> decide(HttpServletRequest request) {
    Principal caller = Callers.require(request, "runs:create");
    Map<String, @Nullable Object> body = requests.object(request);
    Fields fields = new Fields(body);
    String principal = name(fields, "principal");
    String action = name(fields, "action");
    String resource = name(fields, "resource");
    fields.check();
    AccessDecision decision =
        AccessDecision.of(
            principal, principals.find(new Tenant(caller.tenant()), principal), action);
    return V1RunsController.json(
        200,
        Json.members(
            "allowed",
            decision.allowed(),
            "principal",
            decision.principal(),
            "action",
            decision.action(),
            "resource",
            resource,
            Governance.REASON,
            decision.reason()));
  }

  static String name(Fields fields, String member) {
    String text = fields.requiredText(member);
    if (text.length() > LONGEST_NAME) {
      fields.fault(member, "must have at most %d characters".formatted(LONGEST_NAME));
    }
    return text;
  }
}
