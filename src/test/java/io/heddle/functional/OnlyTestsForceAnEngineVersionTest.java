package io.heddle.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.testkit.WebCaller;
import io.heddle.testkit.WebCaller.Answer;
import io.heddle.testkit.WebHost;
import io.heddle.testkit.WebHost.Key;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.web.server.LocalServerPort;

@WebHost
class OnlyTestsForceAnEngineVersionTest {

  private static final Map<String, Object> RANGE =
      Map.of("forceEngineVersionRange", Map.of("min", 1, "max", 1));

  private static final Map<String, Object> BODY = Map.of("workflowId", "conformance-version-fold");

  @LocalServerPort private int port;

  @Test
  void theRangeAndTheWorkflowAreAdvertised() {
    Map<String, Object> document =
        WebCaller.anonymous(port).get("/.well-known/openwop").is(200).json();

    assertThat(document).containsEntry("testing", RANGE);
    assertThat((List<?>) document.get("fixtures")).asList().contains("conformance-version-fold");
  }

  @Test
  void aTestGetsTheVersionItForces() {
    WebCaller tester = WebCaller.of(port, Key.TESTER);

    Answer created = tester.with("X-Force-Engine-Version", "1").post("/v1/runs", BODY).is(201);

    String runId = (String) created.json().get("runId");
    tester.awaitEnd(runId);
    assertThat(tester.get("/v1/runs/" + runId).is(200).json())
        .containsEntry("status", "completed")
        .containsEntry("engineVersion", 1);
    assertThat(tester.log(runId))
        .isNotEmpty()
        .allSatisfy(event -> assertThat(((Map<?, ?>) event).get("engineVersion")).isEqualTo("1"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "2", "-1", "1.0", "one", "", "99999999999", "1,1"})
  void aTestHearsOfTheRangeWhenItLeavesIt(String version) {
    Answer refused =
        WebCaller.of(port, Key.TESTER)
            .with("X-Force-Engine-Version", version)
            .post("/v1/runs", BODY)
            .refuses(400, "unsupported_force_engine_version");

    assertThat(refused.details()).isEqualTo(RANGE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "2", "nonsense"})
  void aProductionKeyForcesNothing(String version) {
    WebCaller.of(port, Key.OPERATOR)
        .with("X-Force-Engine-Version", version)
        .post("/v1/runs", BODY)
        .refuses(403, "force_engine_version_forbidden");
  }
}
