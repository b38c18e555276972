package io.heddle.web.v1;

import io.heddle.auth.Principals;
import io.heddle.auth.TestPrincipals;
import io.heddle.interrupt.Answerer;
import io.heddle.interrupt.GovernanceGate;
import io.heddle.interrupt.GovernanceGate.Ruling;
import io.heddle.interrupt.GovernanceGate.Verdict;
import io.heddle.interrupt.GovernanceGate.Word;
import io.heddle.json.Json;
import io.heddle.run.Denials.Denial;
import io.heddle.run.Governance;
import io.heddle.run.NewEvent;
import io.heddle.spi.Principal;
import io.heddle.tenancy.Tenant;
import io.heddle.web.Callers;
import io.heddle.web.ErrorCode;
import io.heddle.web.Fields;
import io.heddle.web.Problem;
import io.heddle.web.Requests;
import jakarta.servlet.http.HttpServletRequest;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * Tells a test what becomes of a governance gate when a principal speaks at it
 * [host-sample-test-seams §Approval-gate]. Who may, what that comes to and how it is told are the
 * host's own; there is no run, and nothing is stored.
 */
@RestController
public final class V1GovernanceSeamController {

  private static final String GATE = "conformance-gate";

  private static final List<String> SCENARIOS =
      List.of("unauthorized-grant", "grant", "reject", "override", "quorum");

  private final Principals principals;

  private final Set<String> roles;

  private final Requests requests;

  /**
   * @param roles the roles that this host knows
   */
  public V1GovernanceSeamController(Principals principals, Set<String> roles, Requests requests) {
    this.principals = principals;
    this.roles = roles;
    this.requests = requests;
  }

  @PostMapping("/v1/host/sample/governance/approval-gate")
  ResponseEntity<byte[]> decide(HttpServletRequest request) {
    Principal caller = Callers.require(request, "runs:create");
    Fields fields = new Fields(requests.object(request));
    String scenario = fields.requiredChoice("scenario", SCENARIOS);
    String principal = V1AuthorizationSeamController.name(fields, "principal");
    String reason = fields.text("reason", Governance.LONGEST_REASON);
    fields.check();
    boolean takesTwo = scenario.equals("quorum");
    GovernanceGate gate =
        GovernanceGate.of(
            Json.members(
                Governance.GATE,
                GATE,
                Governance.REQUIRED_ROLE,
                TestPrincipals.APPROVER,
                Governance.QUORUM,
                takesTwo || scenario.equals("override") ? 2 : 1,
                Governance.OVERRIDE,
                Json.members(Governance.REQUIRED_ROLE, TestPrincipals.OWNER),
                Governance.OVERRIDE_BYPASSES_QUORUM,
                true));
    Tenant tenant = new Tenant(caller.tenant());
    Map<String, @Nullable Object> answer = answer(scenario, reason);
    Set<String> granted = new LinkedHashSet<>();
    Told told = told(gate, tenant, principal, answer, granted);
    if (takesTwo && !granted.isEmpty()) {
      told = told(gate, tenant, TestPrincipals.SECOND_APPROVER, answer, granted);
    }
    return V1RunsController.json(
        200,
        Json.members(
            "released",
            told.released(),
            "event",
            Json.members(
                "type",
                V1Mapping.spell(told.event().type()),
                "payload",
                Json.parseObject(told.event().payload()))));
  }

  private record Told(boolean released, NewEvent event) {}

  private static Map<String, @Nullable Object> answer(String scenario, @Nullable String reason) {
    Map<String, @Nullable Object> answer =
        Json.members(
            Governance.DECISION,
            scenario.equals("reject") ? Governance.REJECTED : Governance.GRANTED);
    if (scenario.equals("override")) {
      answer.put(Governance.OVERRIDE, true);
    }
    if (reason != null) {
      answer.put(Governance.REASON, reason);
    }
    return answer;
  }

  private Told told(
      GovernanceGate gate,
      Tenant tenant,
      String principal,
      Map<String, @Nullable Object> answer,
      Set<String> granted) {
    // Somebody who is not known has no role.
    Answerer by =
        principals
            .find(tenant, principal)
            .map(Answerer::of)
            .orElseGet(() -> Answerer.of(principal));
    Ruling ruling = gate.judge(answer, by, List.of(), Governance.resumeSchema(), roles);
    if (ruling instanceof Ruling.Malformed no) {
      throw Problem.invalid(ErrorCode.INVALID_RESUME_VALUE, V1InterruptAnswers.places(no.faults()));
    }
    if (ruling instanceof Ruling.Denied no) {
      return new Told(
          false, Governance.denied(new Denial(principal, "approvals:respond", GATE, no.reason())));
    }
    Ruling.Heard heard = (Ruling.Heard) ruling;
    if (heard.word() != Word.REJECT) {
      granted.add(principal);
    }
    return new Told(
        gate.after(heard.word(), granted.size()) == Verdict.RELEASED,
        gate.told(GATE, heard, principal, heard.reason(), granted.size()));
  }
}
