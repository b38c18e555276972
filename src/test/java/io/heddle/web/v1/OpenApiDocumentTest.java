package io.heddle.web.v1;

import static org.assertj.core.api.Assertions.assertThat;
import static org.springframework.boot.test.context.SpringBootTest.WebEnvironment.RANDOM_PORT;

import com.networknt.schema.Error;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SchemaRegistryConfig;
import com.networknt.schema.SpecificationVersion;
import io.heddle.HeddleApplication;
import io.heddle.auth.ApiKey;
import io.heddle.auth.ApiKeys;
import io.heddle.retention.RetentionStore;
import io.heddle.run.EventType;
import io.heddle.tenancy.Tenant;
import io.heddle.web.ErrorCode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;
import tools.jackson.core.JsonPointer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Holds the self-description against the running host. The context ends with the class, so that
 * Postgres stops before its directory is removed.
 */
@SpringBootTest(
    classes = HeddleApplication.class,
    webEnvironment = RANDOM_PORT,
    properties = {"spring.config.name=openwop-host", "openwop.conformance.enabled=true"})
@DirtiesContext
@Timeout(60)
class OpenApiDocumentTest {

  private static final String KEY = "a-key-with-all-scopes";

  private static final String POWERLESS_KEY = "a-key-without-any-scope";

  private static final String NOOP = "{\"workflowId\":\"conformance-noop\"}";

  private static final JsonMapper JSON = new JsonMapper();

  private static final SchemaRegistry SCHEMAS =
      SchemaRegistry.withDefaultDialect(
          SpecificationVersion.DRAFT_2020_12,
          registry ->
              registry.schemaRegistryConfig(
                  SchemaRegistryConfig.builder().formatAssertionsEnabled(true).build()));

  /** Headers that mean something in this protocol; whoever sends one has to say so. */
  private static final Set<String> NOTABLE =
      Set.of(
          "etag",
          "retry-after",
          "www-authenticate",
          "openwop-idempotent-replay",
          "x-heddle-request-id");

  @TempDir private static Path postgres;

  private static JsonNode document;

  /** The document's components with every object that it describes closed. */
  private static JsonNode exactComponents;

  private final HttpClient client = HttpClient.newHttpClient();

  @LocalServerPort private int port;

  @DynamicPropertySource
  static void properties(DynamicPropertyRegistry registry) {
    registry.add("openwop.embedded-postgres.directory", postgres::toString);
    registry.add("openwop.api-keys.all.sha256", () -> ApiKeys.hashOf(KEY));
    registry.add("openwop.api-keys.all.roles", () -> "conformance-approver,conformance-owner");
    registry.add("openwop.api-keys.none.sha256", () -> ApiKeys.hashOf(POWERLESS_KEY));
    registry.add("openwop.api-keys.none.scopes", () -> "none");
  }

  @BeforeAll
  static void readDocument() throws IOException {
    try (var in = V1DiscoveryController.class.getResourceAsStream("openapi-v1.json")) {
      document = JSON.readTree(in);
    }
    exactComponents = document.path("components").deepCopy();
    close(exactComponents);
  }

  @Test
  void everyMappingIsDescribedAndNothingElse(
      @Autowired @Qualifier("requestMappingHandlerMapping") RequestMappingHandlerMapping mappings) {
    Set<String> served = new TreeSet<>();
    mappings
        .getHandlerMethods()
        .forEach(
            (mapping, handler) -> {
              for (String pattern : mapping.getPatternValues()) {
                String path = pattern.replaceAll("\\{(\\w+):[^}]*}", "{$1}");
                if (path.startsWith("/v1") || path.startsWith("/.well-known")) {
                  mapping
                      .getMethodsCondition()
                      .getMethods()
                      .forEach(method -> served.add(method + " " + path));
                }
              }
            });

    assertThat(operations().map(Operation::toString))
        .containsExactlyInAnyOrderElementsOf(served)
        .contains("POST /v1/runs:bulk-cancel");
    assertThat(document.at("/servers/0/url").asString()).isEqualTo("/");
    assertThat(operations().map(operation -> operation.node().path("operationId").asString()))
        .doesNotHaveDuplicates();
  }

  @Test
  void theDocumentIsWhatIsServed() throws Exception {
    HttpResponse<String> answer = new Call("getOpenApi").anonymous().expect(200);

    assertThat(JSON.readTree(answer.body())).isEqualTo(document);
    new Call("getOpenApi")
        .anonymous()
        .header("If-None-Match", answer.headers().firstValue("ETag").orElseThrow())
        .expect(304);
  }

  @Test
  void theKeysOfWebhooksAreAsDescribed() throws Exception {
    HttpResponse<String> answer = new Call("getWebhookKeys").anonymous().expect(200);

    assertThat(JSON.readTree(answer.body()).get("keys")).hasSize(1);
    new Call("getWebhookKeys").anonymous().header("If-None-Match", "*").expect(304);
  }

  @Test
  void everyReferenceLeadsToAComponentAndEveryComponentIsReferredTo() {
    Set<String> referred = new HashSet<>();
    document.findValuesAsString("$ref").forEach(referred::add);
    Set<String> components = new HashSet<>();
    for (String kind : List.of("parameters", "headers", "examples", "responses", "schemas")) {
      document
          .at("/components/" + kind)
          .propertyNames()
          .forEach(name -> components.add("#/components/" + kind + "/" + name));
    }

    assertThat(referred).isEqualTo(components);
  }

  @Test
  void theNamesAreThoseOfTheHost() {
    assertThat(enumeration("/components/schemas/RunEvent/properties/type"))
        .containsExactlyInAnyOrderElementsOf(
            Arrays.stream(EventType.values()).map(V1Mapping::spell).toList());
    assertThat(enumeration("/paths/~1v1~1runs~1{runId}~1events/get/parameters/0/schema/items"))
        .containsExactlyElementsOf(
            Arrays.stream(StreamMode.values()).map(StreamMode::spelling).toList());
    Set<String> scopes = new HashSet<>(document.findValuesAsString("x-required-scope"));
    // The one that no operation of the protocol asks for.
    scopes.add("metrics:read");
    assertThat(scopes).isEqualTo(ApiKey.ALL_SCOPES);
  }

  @Test
  void everyExampleFitsItsSchema() {
    for (JsonNode content : document.findValues("content")) {
      JsonNode media = content.path("application/json");
      for (JsonNode example : examples(media)) {
        assertThat(faults(media.path("schema"), example)).as(example.toString()).isEmpty();
      }
    }
  }

  @Test
  void everyExampleOfAnErrorHasTheStatusOfItsCode() {
    V1Errors spelling = new V1Errors();
    Map<String, Integer> statuses =
        Arrays.stream(ErrorCode.values())
            .collect(Collectors.toMap(spelling::code, spelling::status));
    operations()
        .forEach(
            operation ->
                operation
                    .node()
                    .path("responses")
                    .forEachEntry(
                        (status, response) ->
                            examples(resolved(response).at("/content/application~1json")).stream()
                                .filter(example -> status.compareTo("400") >= 0)
                                .forEach(
                                    example ->
                                        assertThat(statuses.get(example.path("error").asString()))
                                            .as(operation + " " + example)
                                            .isEqualTo(Integer.valueOf(status)))));
  }

  @Test
  void everyOperationAsksForTheCredentialAndTheScopeItNames() throws Exception {
    for (Operation operation : operations().toList()) {
      String scope = operation.node().path("x-required-scope").asString("");
      Call anonymous = new Call(operation).on("unknown").anonymous();
      if (scope.isEmpty() && !operation.node().path("security").isEmpty()) {
        anonymous.expect(401);
        new Call(operation).as(POWERLESS_KEY).expect(200);
        continue;
      }
      if (scope.isEmpty()) {
        // What is unknown can be served to nobody.
        anonymous.expect(operation.path().matches(".*\\{(token|runId)}.*") ? 404 : 200);
        continue;
      }
      assertThat(operation.node().at("/security/0/bearer/0").asString()).isEqualTo(scope);
      anonymous.expect(401);
      JsonNode refusal = new Call(operation).on("unknown").as(POWERLESS_KEY).expectJson(403);
      assertThat(refusal.at("/details/scopeRequired").asString())
          .as(operation.toString())
          .isEqualTo(scope);
    }
  }

  @Test
  void theExamplesCanBeSentAndTheAnswersAreAsDescribed() throws Exception {
    new Call("getCapabilities").anonymous().expect(200);
    new Call("getOwnCapabilities").expect(200);
    new Call("getOwnCapabilities").header("If-None-Match", "*").expect(304);
    Call register = new Call("heddlePutWorkflow").on("greeting").body(example("heddlePutWorkflow"));
    assertThat(register.expectJson(200).path("revision").isInt()).isTrue();
    new Call("heddleGetWorkflow").on("greeting").expect(200);
    new Call("getWorkflow").on("greeting").expect(200);
    new Call("getWorkflow").on("conformance-noop").expect(200);

    Call create = new Call("createRun").header("Idempotency-Key", "k-1").body(example("createRun"));
    String runId = create.expectJson(201).path("runId").asString();
    assertThat(create.expect(201).headers().firstValue("openwop-Idempotent-Replay"))
        .contains("true");
    create.body(JSON.readTree(NOOP)).expect(409);
    assertThat(typesOf(runId)).endsWith("run.completed");
    new Call("getRun").on(runId).expect(200);
    new Call("forkRun").on(runId).body(example("forkRun")).expect(201);
    new Call("forkRun")
        .on(runId)
        .body(JSON.readTree("{\"mode\":\"branch\",\"fromSeq\":99}"))
        .expect(422);
    new Call("forkRun").on(runId).body(JSON.readTree("{\"mode\":\"replay\"}")).expect(201);
    HttpResponse<String> stream = new Call("getRunEvents").on(runId).expect(200);
    assertThat(stream.body()).startsWith("id: 0\nevent: run.started\ndata: {");
    new Call("cancelRun").on(runId).body(example("cancelRun")).expect(200);
    new Call("heddleExpireRun").on(create(NOOP)).anonymous().expect(204);
    // Of a workflow of its tenant's own.
    new Call("heddleExpireRun").on(runId).anonymous().expect(404);
    new Call("bulkCancelRuns").body(example("bulkCancelRuns")).expect(200);

    Call delete = new Call("heddleDeleteWorkflow").on("greeting");
    delete.header("Idempotency-Key", "k-2").expect(204);
    assertThat(delete.expect(204).headers().firstValue("openwop-Idempotent-Replay"))
        .contains("true");
    delete.header("Idempotency-Key", "k-3").expect(404);
    new Call("heddleDeleteWorkflow").on("conformance-noop").expect(409);
  }

  @Test
  void everyKindOfRunAndEventIsDescribed() throws Exception {
    Set<String> seen = new HashSet<>();
    ObjectNode skipping = (ObjectNode) example("heddlePutWorkflow").deepCopy();
    skipping.put("id", "skipping");
    ((ObjectNode) skipping.at("/nodes/0")).put("disabled", true);
    new Call("heddlePutWorkflow").on("skipping").body(skipping).expect(200);
    seen.addAll(typesOf(create("{\"workflowId\":\"skipping\",\"metadata\":{\"a\":[1]}}")));
    seen.addAll(typesOf(create("{\"workflowId\":\"conformance-failure\",\"tags\":[\"a\"]}")));
    seen.addAll(
        typesOf(
            create(
                "{\"workflowId\":\"conformance-multi-node\",\"configurable\":{\"recursionLimit\":1}}")));

    String waiting =
        create("{\"workflowId\":\"conformance-delay\",\"inputs\":{\"delayMs\":60000}}");
    JsonNode page;
    do {
      page = new Call("pollRunEvents").on(waiting).query("lastSequence=0").expectJson(200);
    } while (page.path("events").isEmpty());
    assertThat(page.path("isComplete").asBoolean()).isFalse();
    assertThat(new Call("getRun").on(waiting).expectJson(200).path("status").asString())
        .isEqualTo("running");
    String ids = "{\"runIds\":[\"%s\",\"%s\",\"unknown\"]}".formatted(waiting, create(NOOP));
    new Call("bulkCancelRuns").body(JSON.readTree(ids)).expect(200);
    seen.addAll(typesOf(waiting));
    assertThat(new Call("cancelRun").on(waiting).expectJson(200).path("status").asString())
        .isEqualTo("cancelled");

    String paused = create("{\"workflowId\":\"conformance-delay\",\"inputs\":{\"delayMs\":1}}");
    String sleeper =
        create("{\"workflowId\":\"conformance-delay\",\"inputs\":{\"delayMs\":60000}}");
    JsonNode pause = JSON.readTree("{\"drainPolicy\":\"immediate\",\"reason\":\"lunch\"}");
    new Call("pauseRun").on(sleeper).body(pause).expect(202);
    assertThat(new Call("getRun").on(sleeper).expectJson(200).path("status").asString())
        .isEqualTo("paused");
    new Call("pauseRun").on(sleeper).body(pause).expect(409);
    new Call("resumeRun").on(sleeper).body(JSON.readTree("{\"reason\":\"back\"}")).expect(202);
    new Call("cancelRun").on(sleeper).expect(200);
    seen.addAll(typesOf(sleeper));
    seen.addAll(typesOf(paused));
    seen.addAll(typesOf(create("{\"workflowId\":\"conformance-subworkflow-parent\"}")));
    ObjectNode attesting =
        (ObjectNode) new Call("getWorkflow").on("conformance-subworkflow-parent").expectJson(200);
    attesting.put("id", "attesting");
    ((ObjectNode) attesting.at("/nodes/1/config"))
        .set("outputAttestation", JSON.readTree("{\"checksum\":true}"));
    new Call("heddlePutWorkflow").on("attesting").body(attesting).expect(200);
    seen.addAll(typesOf(create("{\"workflowId\":\"attesting\"}")));
    seen.addAll(typesOf(create("{\"workflowId\":\"conformance-message-reducer\"}")));
    ObjectNode looping =
        (ObjectNode) new Call("getWorkflow").on("conformance-multi-node").expectJson(200);
    looping.put("id", "looping");
    ((ObjectNode) looping.at("/edges/1")).put("targetNodeId", "a");
    new Call("heddlePutWorkflow").on("looping").body(looping).expect(200);
    seen.addAll(typesOf(create("{\"workflowId\":\"looping\"}")));
    seen.addAll(
        answered("conformance-approval", "gate", "{\"resumeValue\":{\"action\":\"accept\"}}"));
    seen.addAll(
        answered(
            "conformance-multi-agent-confidence-escalation",
            "supervisor",
            "{\"resumeValue\":{\"action\":\"accept\"}}"));
    seen.addAll(
        answered(
            "conformance-clarification",
            "ask",
            "{\"resumeValue\":{\"answers\":{\"q1\":\"blue\"}}}"));
    seen.addAll(typesOf(create("{\"workflowId\":\"conformance-conversation-lifecycle\"}")));
    seen.addAll(typesOf(create("{\"workflowId\":\"conformance-orchestrator-dispatch\"}")));
    ObjectNode fanning =
        (ObjectNode)
            new Call("getWorkflow").on("conformance-orchestrator-dispatch").expectJson(200);
    fanning.put("id", "fanning");
    ((ObjectNode) fanning.at("/nodes/1/config")).put("fanOutPolicy", "parallel");
    ((ArrayNode) fanning.at("/nodes/0/config/mockDecisions/0/nextWorkerIds"))
        .add("conformance-noop");
    new Call("heddlePutWorkflow").on("fanning").body(fanning).expect(200);
    seen.addAll(typesOf(create("{\"workflowId\":\"fanning\"}")));
    seen.addAll(typesOf(create("{\"workflowId\":\"conformance-agent-reasoning\"}")));
    seen.addAll(typesOf(create("{\"workflowId\":\"conformance-agent-reasoning-streaming\"}")));
    seen.addAll(governed("{\"decision\":\"granted\"}"));
    seen.addAll(governed("{\"decision\":\"rejected\"}"));
    seen.addAll(governed("{\"decision\":\"granted\",\"override\":true,\"reason\":\"now\"}"));
    // No node type of the host itself fails in a way that may pass.
    seen.add("node.retried");
    // Nor does any pin a version or produce an artifact.
    seen.add("version.pinned");
    seen.add("artifact.created");
    // Or does something else when it is executed again.
    seen.add("replay.diverged");

    assertThat(seen)
        .containsExactlyInAnyOrderElementsOf(
            enumeration("/components/schemas/RunEvent/properties/type"));
  }

  @Test
  void refusalsAreAsDescribed() throws Exception {
    new Call("getRun").on("unknown").expect(404);
    new Call("getRunEvents").on("unknown").expect(404);
    new Call("pollRunEvents").on("unknown").expect(404);
    new Call("cancelRun").on("unknown").expect(404);
    new Call("getWorkflow").on("unknown").expect(404);
    new Call("heddleGetWorkflow").on("unknown").expect(404);
    new Call("getRun").on("a%2Fb").expect(400);
    new Call("getRunEvents").on("unknown").query("streamMode=everything").expect(400);
    new Call("getRunEvents").on("unknown").query("bufferMs=5001").expect(400);
    new Call("getRunEvents").on("unknown").header("Last-Event-ID", "x").expect(400);
    new Call("pollRunEvents").on("unknown").query("timeout=61").expect(400);
    new Call("createRun").header("X-Dedup", "enforce").body(JSON.readTree(NOOP)).expect(400);
    new Call("createRun")
        .header("X-Force-Engine-Version", "1")
        .body(JSON.readTree(NOOP))
        .expect(403);
    new Call("createRun")
        .header("Content-Type", "text/plain")
        .body(JSON.readTree(NOOP))
        .expect(415);
    JsonNode large = JSON.createObjectNode().put("workflowId", "a".repeat(1 << 20));
    new Call("createRun").body(large).expect(413);
  }

  @Test
  void whatIsSaidOfAnExpiredRunIsDescribed(@Autowired RetentionStore retention) throws Exception {
    String runId = create(NOOP);
    typesOf(runId);
    assertThat(retention.expire(new Tenant("default"), runId)).isTrue();

    for (Operation operation : operations().toList()) {
      if (operation.path().startsWith("/v1/runs/{runId}")) {
        boolean takesBody = operation.node().has("requestBody");
        Call call = new Call(operation).on(runId).header("Idempotency-Key", "k-4");
        if (takesBody) {
          call.body(example(operation.node().path("operationId").asString()));
        }
        if (operation.path().endsWith(":diff")) {
          call.query("against=" + runId);
        }
        call.expect(410);
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " := ",
      quoteCharacter = '`',
      value = {
        "/unknown := 1",
        "/name := \"\"",
        "/isActive := true",
        "/isActive := false",
        "/status := \"draft\"",
        "/slug := \"Upper\"",
        "/nodes := []",
        "/nodes/0/agent := {\"agentId\":\"abc\"}",
        "/nodes/0/cardType := \"x\"",
        "/nodes/0/credentialsRef := \"x\"",
        "/nodes/0/outputSensitivity := {\"x\":false}",
        "/nodes/0/outputSensitivity := {\"x\":true}",
        "/nodes/0/position := {\"x\":0}",
        "/nodes/0/inputs/a := {\"type\":\"static\",\"value\":null}",
        "/nodes/0/inputs/a := {\"type\":\"expression\",\"expression\":\"1\"}",
        "/nodes/0/inputs/a := {\"type\":\"variable\",\"variableName\":\"b\",\"optional\":true}",
        "/nodes/0/inputs/a := {\"type\":\"variable\",\"variableName\":\"name\",\"x\":1}",
        "/edges/0/condition := {}",
        "/edges/0/sourceOutput := \"other\"",
        "/edges/0/triggerRule := \"all_complete\"",
        "/triggers/0/type := \"schedule\"",
        "/triggers/0/enabled := false",
        "/triggers := [{\"id\":\"a\",\"type\":\"schedule\",\"enabled\":false}]",
        "/variables/0/defaultValue := 1",
        "/variables/0/sensitive := true",
        "/variables/0/sensitive := 1",
        "/metadata/complianceConfig := {\"maskingMode\":\"mask\",\"other\":1}",
        "/metadata/complianceConfig := {\"maskingMode\":\"hash\"}",
        "/channels := {}",
        "/channels := {\"a\":{\"reducer\":\"append\"}}",
        "/channels := {\"a\":{\"reducer\":\"message\",\"schema\":{\"type\":\"array\"},\"default\":[]}}",
        "/channels := {\"a\":{\"reducer\":\"vendor.acme.dedupe\"}}",
        "/channels := {\"a\":{\"reducer\":\"votes\",\"maxSize\":3,\"ttlMs\":5}}",
        "/channels := {\"a\":{\"reducer\":\"merge\",\"maxSize\":3}}",
        "/channels := {\"a\":{\"reducer\":\"counter\",\"maxSize\":3}}",
        "/channels := {\"a\":{\"reducer\":\"replace\",\"ttlMs\":5}}",
        "/channels := {\"a\":{\"reducer\":\"replace\",\"sensitive\":true}}",
        "/channels := {\"a\":{\"reducer\":\"replace\",\"sensitive\":false,\"options\":{}}}",
        "/channels := {\"a\":{\"reducer\":\"replace\",\"options\":{\"x\":1}}}",
        "/channels := {\"a\":{\"reducer\":\"replace\",\"access\":\"private\"}}",
        "/channels := {\"a\":{\"reducer\":\"replace\",\"access\":{\"readers\":[\"core.*\"]}}}",
        "/channels := {\"a\":{\"reducer\":\"replace\",\"access\":{\"readers\":[\"*x\"]}}}",
        "/channels := {\"a\":{\"reducer\":\"replace\",\"schemaVersion\":2,\"compatibleWith\":[1]}}",
        "/channels := {\"a\":{\"reducer\":\"replace\",\"schemaVersion\":0}}",
        "/configurableSchema := {}",
        "/defaults := {}",
        "/defaults := {\"promptRefs\":{}}",
        "/acceptsInheritedArtifacts := [{}]",
        "/metadata/complianceClass := \"pii\"",
        "/metadata/complianceClass := \"public\"",
        "/metadata/createdAt := \"yesterday\"",
        "/metadata/other := 1",
        "/settings/timeout := -1",
        "/settings/maxRetries := 0",
        "/settings/maxRetries := 1",
        "/settings/maxLoopbackIterations := 0",
        "/groups := [{\"id\":\"g\",\"name\":\"G\",\"nodeIds\":[],\"position\":{\"x\":0,\"y\":0},\"size\":{\"width\":1}}]"
      })
  void theSchemaOfADefinitionIsTheHostsOwn(String pointer, String value) throws Exception {
    JsonNode definition = example("heddlePutWorkflow").deepCopy();
    JsonPointer place = JsonPointer.compile(pointer);
    ((ObjectNode) definition.at(place.head()))
        .set(place.last().getMatchingProperty(), JSON.readTree(value));

    boolean described =
        faults(document.at("/components/schemas/WorkflowDefinition"), definition).isEmpty();

    new Call("heddlePutWorkflow").on("greeting").body(definition).expect(described ? 200 : 400);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "[]",
        "{'workflowId':''}",
        "{'workflowId':'conformance-noop','unknown':1}",
        "{'workflowId':'conformance-noop','inputs':null}",
        "{'workflowId':'conformance-noop','tags':['','a','a']}",
        "{'workflowId':'conformance-noop','tags':[1]}",
        "{'workflowId':'conformance-noop','scopeId':'s','tenantId':'default'}",
        "{'workflowId':'conformance-noop','callbackUrl':'https://8.8.8.8/questions?a=b'}",
        "{'workflowId':'conformance-noop','callbackUrl':'questions'}",
        "{'workflowId':'conformance-noop','callbackUrl':null}",
        "{'workflowId':'conformance-noop','configurable':{'recursionLimit':0}}",
        "{'workflowId':'conformance-noop','configurable':{'recursionLimit':1.5}}",
        "{'workflowId':'conformance-noop','configurable':{'recursionLimit':2.0,'model':'x'}}",
        "{'workflowId':'conformance-noop','configurable':{'runTimeoutMs':'1'}}"
      })
  void theSchemaOfANewRunIsTheHostsOwn(String text) throws Exception {
    JsonNode body = JSON.readTree(text.replace('\'', '"'));

    boolean described = faults(document.at("/components/schemas/CreateRun"), body).isEmpty();

    new Call("createRun").body(body).expect(described ? 201 : 400);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{'runIds':[]}",
        "{'runIds':['']}",
        "{'runIds':[1]}",
        "{'runIds':['a','a'],'unknown':1}",
        "{'runIds':['a'],'reason':1}"
      })
  void theSchemaOfABulkCancelIsTheHostsOwn(String text) throws Exception {
    JsonNode body = JSON.readTree(text.replace('\'', '"'));

    boolean described = faults(document.at("/components/schemas/BulkCancelRuns"), body).isEmpty();

    new Call("bulkCancelRuns").body(body).expect(described ? 200 : 400);
  }

  private String create(String body) throws Exception {
    return new Call("createRun").body(JSON.readTree(body)).expectJson(201).path("runId").asString();
  }

  /** The types of the events of a run that is answered once. */
  private List<String> answered(String workflowId, String nodeId, String answer) throws Exception {
    String runId = create("{\"workflowId\":\"%s\"}".formatted(workflowId));
    JsonNode snapshot;
    do {
      snapshot = new Call("getRun").on(runId).expectJson(200);
    } while (!snapshot.path("status").asString().startsWith("waiting-"));
    assertThat(snapshot.path("currentNodeId").asString()).isEqualTo(nodeId);
    new Call("resolveInterrupt").on(runId).at("elsewhere").expect(404);
    new Call("resolveInterrupt").on(runId).at(nodeId).expect(400);
    new Call("resolveInterrupt").on(runId).at(nodeId).body(JSON.readTree(answer)).expect(200);
    new Call("resolveInterrupt").on(runId).at(nodeId).body(JSON.readTree(answer)).expect(409);
    return typesOf(runId);
  }

  /** The types of the events of a run that waited at a governance gate. */
  private List<String> governed(String value) throws Exception {
    ObjectNode gated =
        (ObjectNode) new Call("getWorkflow").on("conformance-approval").expectJson(200);
    gated.put("id", "gated");
    ObjectNode gate = (ObjectNode) gated.at("/nodes/0");
    gate.put("typeId", "core.openwop.governance.approvalGate");
    gate.set(
        "config",
        JSON.readTree(
            "{\"requiredRole\":\"conformance-approver\",\"override\":{\"requiredRole\":\"conformance-owner\"}}"));
    new Call("heddlePutWorkflow").on("gated").body(gated).expect(200);
    String runId = create("{\"workflowId\":\"gated\"}");
    JsonNode snapshot;
    do {
      snapshot = new Call("getRun").on(runId).expectJson(200);
    } while (!snapshot.path("status").asString().startsWith("waiting-"));
    new Call("getRun").on(runId).as(POWERLESS_KEY).expect(403);
    JsonNode answer = JSON.readTree("{\"resumeValue\":%s}".formatted(value));
    new Call("resolveInterrupt").on(runId).at("gate").body(answer).expect(200);
    return typesOf(runId);
  }

  /** The types of a run's events, once it has ended. */
  private List<String> typesOf(String runId) throws Exception {
    JsonNode page;
    do {
      page = new Call("pollRunEvents").on(runId).expectJson(200);
    } while (!page.path("isComplete").asBoolean());
    return new Call("getRunEvents")
        .on(runId)
        .header("Accept", "application/json")
        .expectJson(200)
        .path("events")
        .valueStream()
        .map(event -> event.path("type").asString())
        .toList();
  }

  private record Operation(String method, String path, JsonNode node) {

    @Override
    public String toString() {
      return method + " " + path;
    }
  }

  private static Stream<Operation> operations() {
    List<Operation> operations = new ArrayList<>();
    document
        .path("paths")
        .forEachEntry(
            (path, item) ->
                item.forEachEntry(
                    (name, operation) -> {
                      if (!name.equals("parameters")) {
                        operations.add(
                            new Operation(name.toUpperCase(Locale.ROOT), path, operation));
                      }
                    }));
    return operations.stream();
  }

  private static Operation operation(String id) {
    return operations()
        .filter(operation -> operation.node().path("operationId").asString().equals(id))
        .findFirst()
        .orElseThrow();
  }

  private static JsonNode example(String operationId) {
    return examples(operation(operationId).node().at("/requestBody/content/application~1json"))
        .get(0);
  }

  private static List<JsonNode> examples(JsonNode media) {
    Stream<JsonNode> several =
        media.path("examples").valueStream().map(example -> resolved(example).path("value"));
    return media.has("example") ? List.of(media.path("example")) : several.toList();
  }

  private static JsonNode resolved(JsonNode node) {
    return node.has("$ref") ? document.at(node.path("$ref").asString().substring(1)) : node;
  }

  private static List<String> enumeration(String pointer) {
    return document.at(pointer).path("enum").valueStream().map(JsonNode::asString).toList();
  }

  /** An open object may hold more than is described; here that would be a gap in the document. */
  private static void close(JsonNode node) {
    if (node instanceof ObjectNode object
        && object.path("type").asString("").equals("object")
        && object.has("properties")
        && !object.has("additionalProperties")) {
      object.put("additionalProperties", false);
    }
    node.forEach(OpenApiDocumentTest::close);
  }

  private static List<Error> faults(JsonNode schema, JsonNode value) {
    ObjectNode root = (ObjectNode) schema.deepCopy();
    root.set("components", exactComponents);
    return SCHEMAS.getSchema(root).validate(value);
  }

  /** A request to a described operation, whose answer has to be as described. */
  private final class Call {

    private final Operation operation;

    private final Map<String, String> headers = new LinkedHashMap<>();

    private String id = "";

    private String nodeId = "";

    private String query = "";

    private JsonNode body = JSON.createObjectNode();

    Call(String operationId) {
      this(operation(operationId));
    }

    Call(Operation operation) {
      this.operation = operation;
      headers.put("Authorization", "Bearer " + KEY);
      headers.put("Content-Type", "application/json");
    }

    Call on(String id) {
      this.id = id;
      return this;
    }

    Call at(String nodeId) {
      this.nodeId = nodeId;
      return this;
    }

    Call query(String query) {
      this.query = "?" + query;
      return this;
    }

    Call header(String name, String value) {
      headers.put(name, value);
      return this;
    }

    Call as(String key) {
      return header("Authorization", "Bearer " + key);
    }

    Call anonymous() {
      headers.remove("Authorization");
      return this;
    }

    Call body(JsonNode body) {
      this.body = body;
      return this;
    }

    JsonNode expectJson(int status) throws Exception {
      return JSON.readTree(expect(status).body());
    }

    HttpResponse<String> expect(int status) throws Exception {
      String path =
          operation
                  .path()
                  .replace("{nodeId}", nodeId.isEmpty() ? id : nodeId)
                  .replaceAll("\\{\\w+}", id)
              + query;
      HttpRequest.Builder request =
          HttpRequest.newBuilder(URI.create("http://localhost:" + port + path))
              .method(
                  operation.method(),
                  operation.node().has("requestBody")
                      ? BodyPublishers.ofString(body.toString())
                      : BodyPublishers.noBody());
      headers.forEach(request::header);
      HttpResponse<String> answer = client.send(request.build(), BodyHandlers.ofString());
      String what = operation + " " + body + ": " + answer + " " + answer.body();
      assertThat(answer.statusCode()).as(what).isEqualTo(status);
      JsonNode described = resolved(operation.node().at("/responses/" + status));
      assertThat(described.isObject()).as(what).isTrue();
      checkHeaders(answer, described.path("headers"), what);
      checkBody(answer, described.path("content"), what);
      return answer;
    }

    private void checkHeaders(HttpResponse<?> answer, JsonNode described, String what) {
      Set<String> known = new HashSet<>();
      described.forEachEntry(
          (name, reference) -> {
            known.add(name.toLowerCase(Locale.ROOT));
            JsonNode header = resolved(reference);
            boolean integer = header.at("/schema/type").asString().equals("integer");
            answer
                .headers()
                .firstValue(name)
                .map(value -> integer ? JSON.readTree(value) : JSON.valueToTree(value))
                .ifPresentOrElse(
                    value -> assertThat(faults(header.path("schema"), value)).as(what).isEmpty(),
                    () -> assertThat(header.path("required").asBoolean()).as(what).isFalse());
          });
      assertThat(answer.headers().map().keySet().stream().map(it -> it.toLowerCase(Locale.ROOT)))
          .as(what)
          .filteredOn(NOTABLE::contains)
          .isSubsetOf(known);
    }

    private void checkBody(HttpResponse<String> answer, JsonNode described, String what) {
      if (described.isMissingNode()) {
        assertThat(answer.body()).as(what).isEmpty();
        return;
      }
      String type = answer.headers().firstValue("Content-Type").orElse("").replaceAll(";.*", "");
      assertThat(described.has(type)).as(what).isTrue();
      if (type.equals("application/json")) {
        assertThat(faults(described.path(type).path("schema"), JSON.readTree(answer.body())))
            .as(what)
            .isEmpty();
      }
    }
  }
}
