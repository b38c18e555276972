package io.heddle.web;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.web.servlet.mvc.method.RequestMappingInfo;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;

/** A route that needs a credential, as the host itself says that it serves it. */
record Route(String method, String pattern) {

  private static final Set<String> PUBLIC =
      Set.of(
          "/.well-known/openwop",
          "/v1/openapi.json",
          "/v1/host/heddle/webhook-keys",
          // The token in the path is the credential.
          "/v1/interrupts/{token}",
          // On a host for tests.
          "/v1/host/heddle/test/runs/{runId}/expire");

  /** A node that every run of these tests has. */
  static final String NODE = "g";

  private static final Pattern NAMES = Pattern.compile("\\{(\\w+)");

  private static final Set<String> KNOWN =
      Set.of("runId", "workflowId", "keyId", "nodeId", "artifactId", "webhookId", "messageId");

  /** The framework's own page, which nobody can reach. */
  private static final Set<String> UNREACHABLE = Set.of("/error");

  private static final String SUB_RUN_SEAM = "/v1/host/sample/subrun/attest";

  private static final String DECISION_SEAM = "/v1/host/sample/authorization/decide";

  private static final String GATE_SEAM = "/v1/host/sample/governance/approval-gate";

  static List<Route> of(TestHost host) {
    List<Route> routes = new ArrayList<>();
    for (RequestMappingInfo mapping :
        host.bean("requestMappingHandlerMapping", RequestMappingHandlerMapping.class)
            .getHandlerMethods()
            .keySet()) {
      for (String pattern : mapping.getPatternValues()) {
        if (!PUBLIC.contains(pattern) && !UNREACHABLE.contains(pattern)) {
          mapping
              .getMethodsCondition()
              .getMethods()
              .forEach(method -> routes.add(new Route(method.name(), pattern)));
        }
      }
    }
    routes.sort(Comparator.comparing(Route::toString));
    return routes;
  }

  boolean isAboutARun() {
    return pattern.contains("{runId");
  }

  boolean isAboutAWorkflow() {
    return pattern.contains("{workflowId") || pattern.equals("/v1/runs");
  }

  /** Whether it makes something of its own and is about nothing else. */
  boolean isAboutNothing() {
    return pattern.startsWith("/v1/host/sample/test/")
        || pattern.equals("/v1/webhooks")
        || toString().equals("POST /v1/host/heddle/keys");
  }

  /** Whether it looks at nothing that is stored. */
  boolean needsNoDatabase() {
    return Set.of(SUB_RUN_SEAM, DECISION_SEAM, GATE_SEAM).contains(pattern) || isForAnyCaller();
  }

  /** Whether a credential is all it takes. */
  boolean isForAnyCaller() {
    return pattern.equals("/v1/capabilities");
  }

  /** Whether it is about nothing but what its caller's tenant did, and so differs each time. */
  boolean isAboutTheAuditLog() {
    return pattern.contains("/audit/");
  }

  boolean isAboutAKey() {
    return pattern.contains("{keyId");
  }

  /**
   * What this route's path names and nothing here knows how to fill in. A route with such a name is
   * to be taught here, or it would only ever be asked for what does not exist.
   */
  Set<String> strangers() {
    Set<String> names = new TreeSet<>();
    NAMES.matcher(pattern).results().forEach(name -> names.add(name.group(1)));
    names.removeAll(KNOWN);
    return names;
  }

  /** The path about a run, a workflow or a key; a poll does not wait. */
  String path(String id) {
    String path = pattern.replaceAll("\\{nodeId[^}]*}", NODE).replaceAll("\\{[^}]*}", id);
    if (path.endsWith("/poll")) {
      return path + "?timeout=0";
    }
    if (path.endsWith("/otel/spans")) {
      return path + "?runId=" + id;
    }
    return path.endsWith(":diff") ? path + "?against=" + id : path;
  }

  /** A body that is good for this route; null where none is sent. */
  @Nullable String body(String id) {
    if (method.equals("PUT")) {
      return Definitions.chain(id, Definitions.noop("a"));
    }
    if (!method.equals("POST")) {
      return null;
    }
    if (pattern.endsWith("/annotations")) {
      return "{\"signal\": {\"kind\": \"flag\"}}";
    }
    if (pattern.endsWith(":fork")) {
      return "{\"mode\": \"branch\", \"fromSeq\": 0}";
    }
    if (pattern.endsWith(":expire")) {
      return "{\"expiresAt\": \"2099-01-01T00:00:00Z\"}";
    }
    return switch (pattern) {
      case "/v1/host/sample/test/idempotency/concurrent-claim" -> "{\"executors\": 2}";
      case "/v1/host/heddle/keys" -> "{\"scopes\": [\"runs:read\"]}";
      case "/v1/host/sample/test/debug-bundle/export" -> "{\"runId\": \"%s\"}".formatted(id);
      case SUB_RUN_SEAM -> "{\"childOutputs\": {}}";
      case DECISION_SEAM ->
          "{\"principal\": \"p\", \"action\": \"runs:read\", \"resource\": \"%s\"}".formatted(id);
      case GATE_SEAM -> "{\"scenario\": \"grant\", \"principal\": \"p\"}";
      case "/v1/runs" -> "{\"workflowId\": \"%s\"}".formatted(id);
      case "/v1/webhooks" ->
          "{\"url\": \"https://93.184.216.34/%s\", \"events\": [\"run.completed\"]}".formatted(id);
      case "/v1/webhooks/{webhookId}/rotate-secret" ->
          "{\"secret\": \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"}";
      case "/v1/runs:bulk-cancel" -> "{\"runIds\": [\"%s\"]}".formatted(id);
      default -> "{}";
    };
  }

  /** The request off the wire. */
  String request(String id, String headers) {
    String body = body(id);
    String content =
        body == null
            ? ""
            : "Content-Type: application/json\r\nContent-Length: %d\r\n".formatted(body.length());
    return "%s %s HTTP/1.1\r\nHost: localhost\r\n".formatted(method, path(id))
        + headers
        + content
        + "\r\n"
        + (body == null ? "" : body);
  }

  @Override
  public String toString() {
    return method + " " + pattern;
  }
}
