package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.web.TestHost.Key;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Secrets that the host keeps, as callers see them: not at all. */
@ExtendWith(TestHost.Shared.class)
class SecretsOverHttpTest {

  private static final String ROUND_TRIP = "openwop-smoke-byok-roundtrip";

  private static final String ECHO = "conformance.secret.echo";

  private final TestHost host;

  private final Caller acme;

  SecretsOverHttpTest(TestHost host) {
    this.host = host;
    this.acme = host.as(Key.ACME);
  }

  @Test
  void theFixtureTellsAHashAndALength() {
    for (Key key : List.of(Key.ACME, Key.GLOBEX)) {
      Caller caller = host.as(key);
      String run = caller.startRun(ROUND_TRIP);

      List<JsonNode> completed =
          caller.log(run).stream()
              .filter(event -> event.get("type").asString().equals("node.completed"))
              .toList();

      assertThat(caller.status(run)).isEqualTo("completed");
      assertThat(completed).singleElement();
      JsonNode outputs = completed.get(0).at("/payload/outputs");
      assertThat(outputs.propertyNames()).containsExactlyInAnyOrder("secretSha256", "secretLength");
      assertThat(outputs.get("secretSha256").asString()).matches("[0-9a-f]{64}");
      assertThat(outputs.get("secretLength").asInt()).isGreaterThan(3);
    }
  }

  @Test
  void aRunThatWouldLackASecretIsNotCreated() {
    String id = "lacks-secrets";
    acme.register(
        id,
        Definitions.chain(
            id, echo("a", "not-provisioned"), echo("b", "nor-this"), Definitions.noop("c")));
    long before = host.runs();

    Answer answer = acme.post("/v1/runs", "{\"workflowId\": \"%s\"}".formatted(id));

    Envelope.assertRefused(answer, 422, "credential_required");
    assertThat(answer.json().at("/details/secretIds").toString())
        .isEqualTo("[\"nor-this\",\"not-provisioned\"]");
    assertThat(host.runs()).isEqualTo(before);
    for (String wrong : List.of("", "../x", "a b")) {
      Envelope.assertRefused(
          acme.put("/v1/host/heddle/workflows/" + id, Definitions.chain(id, echo("a", wrong))),
          400,
          "validation_error");
    }
  }

  @Test
  void theHostSaysWhoseSecretsThereCanBe() {
    assertThat(host.anonymous().get("/.well-known/openwop").json().get("secrets").toString())
        .isEqualTo("{\"resolution\":\"host-managed\",\"scopes\":[\"tenant\"],\"supported\":true}");
  }

  @Test
  void secretsComeFromFilesAndProperties(@TempDir Path directory) throws Exception {
    String id = "has-secrets";
    String workflow = Definitions.chain(id, echo("a", "in-file"), echo("b", "in-property"));
    Path file = Files.createDirectories(directory.resolve("acme")).resolve("in-file");
    String database = host.createDatabase("secrets_" + Math.abs(directory.hashCode()));
    String key = UUID.randomUUID().toString();
    String body = "{\"workflowId\": \"%s\"}".formatted(id);
    try (TestHost other =
        TestHost.start(
            "--spring.datasource.url=" + database,
            "--openwop.secrets.directory=" + directory,
            "--openwop.secrets.tenants.acme.in-property=property-of-acme",
            "--OPENWOP_SECRET_IN_FILE=of-the-default-tenant",
            "--OPENWOP_CANARY_SECRET_VALUE=agreed-with-the-suite")) {
      Caller caller = other.as(Key.ACME);
      caller.register(id, workflow);
      other.as(Key.GLOBEX).register(id, workflow);
      Answer early = caller.post("/v1/runs", body, "Idempotency-Key", key);
      Envelope.assertRefused(early, 422, "credential_required");
      assertThat(early.json().at("/details/secretIds").toString()).isEqualTo("[\"in-file\"]");
      Files.writeString(file, "file-of-acme\n");

      Answer created = caller.post("/v1/runs", body, "Idempotency-Key", key);

      assertThat(created.status()).as("%s", created).isEqualTo(201);
      String run = created.json().get("runId").asString();
      assertThat(hashes(caller.log(run)))
          .containsExactly(sha256("file-of-acme"), sha256("property-of-acme"));
      Path own = Files.createDirectories(file.resolveSibling("users").resolve("acme-controller"));
      Files.writeString(own.resolve("in-file"), "file-of-controller");
      Caller controller = other.as(Key.CONTROLLER);
      assertThat(hashes(controller.log(controller.startRun(id))))
          .containsExactly(sha256("file-of-controller"), sha256("property-of-acme"));
      Answer foreign = other.as(Key.GLOBEX).post("/v1/runs", body);
      Envelope.assertRefused(foreign, 422, "credential_required");
      assertThat(foreign.json().at("/details/secretIds").toString())
          .isEqualTo("[\"in-file\",\"in-property\"]");
      assertThat(hashes(caller.log(caller.startRun(ROUND_TRIP))))
          .containsExactly(sha256("agreed-with-the-suite"));
      assertThat(
              other.anonymous().get("/.well-known/openwop").json().at("/secrets/scopes").toString())
          .isEqualTo("[\"tenant\",\"user\"]");
      Files.write(file, new byte[] {'a', (byte) 0xff});
      Answer away = caller.post("/v1/runs", body);
      Envelope.assertRefused(away, 503, "service_unavailable");
      assertThat(away.header("retry-after")).isNotNull();
    }
  }

  private static List<String> hashes(List<JsonNode> log) {
    return log.stream()
        .filter(event -> event.get("type").asString().equals("node.completed"))
        .map(event -> event.at("/payload/outputs/secretSha256").asString())
        .toList();
  }

  private static String echo(String nodeId, String secretId) {
    return Definitions.node(nodeId, ECHO, "{\"secretId\": \"%s\"}".formatted(secretId), "{}");
  }

  private static String sha256(String text) throws Exception {
    return HexFormat.of()
        .formatHex(
            MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
  }
}
