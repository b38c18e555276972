package io.heddle.web.v1;

import io.heddle.idempotency.IdempotencyStore.Answer;
import io.heddle.idempotency.IdempotentOperations.Done;
import io.heddle.json.Json;
import io.heddle.spi.Principal;
import io.heddle.tenancy.Tenant;
import io.heddle.web.Callers;
import io.heddle.web.Mutations;
import io.heddle.web.Problem;
import io.heddle.web.Requests;
import io.heddle.workflow.WorkflowRegistry;
import io.heddle.workflow.WorkflowRegistry.Registered;
import jakarta.servlet.http.HttpServletRequest;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * Workflow manifests [rest-endpoints §Workflow manifest], and the host extension that changes them.
 */
@RestController
public final class V1WorkflowsController {

  private static final String EXTENSION = "/v1/host/heddle/workflows/{workflowId}";

  private final WorkflowRegistry workflows;

  private final Mutations mutations;

  private final Requests requests;

  public V1WorkflowsController(WorkflowRegistry workflows, Mutations mutations, Requests requests) {
    this.workflows = workflows;
    this.mutations = mutations;
    this.requests = requests;
  }

  @GetMapping("/v1/workflows/{workflowId}")
  ResponseEntity<byte[]> read(HttpServletRequest request, @PathVariable String workflowId) {
    Principal caller = Callers.require(request, "manifest:read");
    return V1RunsController.json(200, newest(caller, workflowId).definition().document());
  }

  @GetMapping(EXTENSION)
  ResponseEntity<byte[]> readRevision(HttpServletRequest request, @PathVariable String workflowId) {
    Principal caller = Callers.require(request, "workflows:read");
    Registered workflow = newest(caller, workflowId);
    Map<String, @Nullable Object> described = revision(workflow);
    described.put("definition", workflow.definition().document());
    return V1RunsController.json(200, described);
  }

  @PutMapping(EXTENSION)
  ResponseEntity<byte[]> register(HttpServletRequest request, @PathVariable String workflowId) {
    Principal caller = Callers.require(request, "workflows:write");
    Tenant tenant = new Tenant(caller.tenant());
    Map<String, @Nullable Object> document = requests.object(request);
    return mutations.runAudited(
        request,
        tenant,
        "v1.heddle.registerWorkflow",
        Map.of("workflowId", workflowId),
        document,
        () -> {
          Registered workflow = workflows.register(tenant, workflowId, document, caller.id());
          return Done.of(new Answer(200, Json.write(revision(workflow))))
              .audited(
                  V1Audit.event(
                      caller,
                      "workflow.registered",
                      workflowId,
                      "workflowRevision",
                      workflow.revision()));
        });
  }

  @DeleteMapping(EXTENSION)
  ResponseEntity<byte[]> delete(HttpServletRequest request, @PathVariable String workflowId) {
    Principal caller = Callers.require(request, "workflows:write");
    Tenant tenant = new Tenant(caller.tenant());
    return mutations.runAudited(
        request,
        tenant,
        "v1.heddle.deleteWorkflow",
        Map.of("workflowId", workflowId),
        Map.of(),
        () -> {
          if (!workflows.delete(tenant, workflowId, caller.id())) {
            throw Problem.notFound("workflow");
          }
          return Done.of(new Answer(204, ""))
              .audited(V1Audit.event(caller, "workflow.deleted", workflowId));
        });
  }

  private Registered newest(Principal caller, String workflowId) {
    return workflows
        .newest(new Tenant(caller.tenant()), workflowId)
        .orElseThrow(() -> Problem.notFound("workflow"));
  }

  private static Map<String, @Nullable Object> revision(Registered workflow) {
    Map<String, @Nullable Object> revision = new LinkedHashMap<>();
    revision.put("workflowId", workflow.definition().id());
    revision.put("revision", workflow.revision());
    return revision;
  }
}
