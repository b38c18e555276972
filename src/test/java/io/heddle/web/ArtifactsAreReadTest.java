package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.web.TestHost.Key;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;

/** The node types of this host produce none, so they are laid into its store. */
@ExtendWith(TestHost.Shared.class)
class ArtifactsAreReadTest {

  private final TestHost host;

  private final Caller acme;

  ArtifactsAreReadTest(TestHost host) {
    this.host = host;
    this.acme = host.as(Key.ACME);
  }

  @Test
  void byTheTenantOfTheirRun() {
    String run = acme.startRun("conformance-noop");
    store(run, "art-json-0123456789", "{\"z\":1,\"a\":[null]}", null);
    store(run, "art-byte-0123456789", null, new byte[] {0, 1, (byte) 0xff});

    Answer json = acme.get("/v1/runs/%s/artifacts/art-json-0123456789".formatted(run));
    assertThat(json.status()).isEqualTo(200);
    assertThat(json.json().propertyNames())
        .containsExactly(
            "artifactId", "artifactType", "runId", "nodeId", "mediaType", "createdAt", "content");
    assertThat(json.json().get("content").toString()).isEqualTo("{\"z\":1,\"a\":[null]}");
    assertThat(json.json().get("runId").asString()).isEqualTo(run);
    JsonNode bytes =
        host.as(Key.ACME_SECOND)
            .get("/v1/runs/%s/artifacts/art-byte-0123456789".formatted(run))
            .json();
    assertThat(bytes.get("contentBase64").asString()).isEqualTo("AAH/");
    assertThat(bytes.has("content")).isFalse();
  }

  @Test
  void byNobodyElse() {
    String run = acme.startRun("conformance-noop");
    String other = acme.startRun("conformance-noop");
    store(run, "art-own-0123456789", "1", null);
    String path = "/v1/runs/%s/artifacts/art-own-0123456789";

    Envelope.assertRefused(host.anonymous().get(path.formatted(run)), 401, "unauthenticated");
    Envelope.assertRefused(
        host.anonymous().get("/v1/runs/no-such-run/artifacts/none"), 401, "unauthenticated");
    Envelope.assertRefused(host.as(Key.POWERLESS).get(path.formatted(run)), 403, "forbidden");
    Answer foreign = host.as(Key.GLOBEX).get(path.formatted(run));
    Envelope.assertRefused(foreign, 404, "not_found");
    for (String unknown :
        new String[] {
          path.formatted(other),
          path.formatted("no-such-run"),
          "/v1/runs/" + run + "/artifacts/art-none",
          "/v1/runs/" + run + "/artifacts/~",
          "/v1/runs/" + run + "/artifacts/" + "x".repeat(200)
        }) {
      assertThat(acme.get(unknown).comparable()).isEqualTo(foreign.comparable());
    }
  }

  private void store(String run, String artifactId, String json, byte[] bytes) {
    JdbcClient database = host.database();
    database
        .sql(
            """
            insert into openwop.artifact (
              run_id, artifact_id, tenant_id, node_id, type, media_type, content, bytes)
            values (:run, :artifact, 'acme', 'noop', 'acme.plan', 'application/json', :json::json,
              :bytes::bytea)
            """)
        .param("run", run)
        .param("artifact", artifactId)
        .param("json", json)
        .param("bytes", bytes)
        .update();
  }
}
