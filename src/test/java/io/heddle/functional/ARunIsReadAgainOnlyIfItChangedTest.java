package io.heddle.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.testkit.WebCaller;
import io.heddle.testkit.WebCaller.Answer;
import io.heddle.testkit.WebHost;
import io.heddle.testkit.WebHost.Key;
import java.util.Map;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;

@WebHost
class ARunIsReadAgainOnlyIfItChangedTest {

  @LocalServerPort private int port;

  @Autowired private DataSource dataSource;

  private WebCaller caller;

  private JdbcClient database;

  @BeforeEach
  void call() {
    caller = WebCaller.of(port, Key.OPERATOR);
    database = JdbcClient.create(dataSource);
  }

  @Test
  void itIsAdvertised() {
    assertThat(WebCaller.anonymous(port).get("/.well-known/openwop").is(200).json())
        .extractingByKey("restTransport")
        .satisfies(
            family -> assertThat(((Map<?, ?>) family).get("conditionalRunGet")).isEqualTo(true));
  }

  @Test
  void theTagIsStableWhileNothingHappensAndChangesWithTheRun() {
    String runId = caller.waiting();

    Answer waiting = caller.get("/v1/runs/" + runId).is(200);
    String tag = waiting.header("ETag");
    assertThat(tag).startsWith("\"").endsWith("\"");
    assertThat(caller.get("/v1/runs/" + runId).header("ETag")).isEqualTo(tag);
    Answer unchanged = caller.with("If-None-Match", tag).get("/v1/runs/" + runId).is(304);
    assertThat(unchanged.raw()).isEmpty();
    assertThat(unchanged.header("ETag")).isEqualTo(tag);
    assertThat(unchanged.header("Cache-Control"))
        .isEqualTo(waiting.header("Cache-Control"))
        .contains("no-cache")
        .doesNotContain("no-store");

    caller.cancel(runId);

    Answer cancelled = caller.with("If-None-Match", tag).get("/v1/runs/" + runId).is(200);
    String last = cancelled.header("ETag");
    assertThat(last).isNotEqualTo(tag);
    assertThat(cancelled.json()).containsEntry("status", "cancelled");
    caller.with("If-None-Match", last).get("/v1/runs/" + runId).is(304);
    caller.with("If-None-Match", "\"other\", W/" + last).get("/v1/runs/" + runId).is(304);
    caller.with("If-None-Match", "*").get("/v1/runs/" + runId).is(304);
  }

  @Test
  void whatTheSnapshotTellsChangesTheTagEvenIfTheLogDoesNotTellIt() {
    String runId = caller.waiting();
    String tag = caller.get("/v1/runs/" + runId).is(200).header("ETag");

    // A node that begins to wait is stored without an event.
    database
        .sql(
            "update openwop.run set state = replace(state::text, 'PARKED', 'STARTED')::json where run_id = ?")
        .param(runId)
        .update();

    caller.with("If-None-Match", tag).get("/v1/runs/" + runId).is(200);
    caller.cancel(runId);
  }

  @Test
  void aTagOpensNothingToOthers() {
    String runId = caller.finished("conformance-noop");
    String tag = caller.get("/v1/runs/" + runId).is(200).header("ETag");

    WebCaller.of(port, Key.STRANGER)
        .with("If-None-Match", tag)
        .get("/v1/runs/" + runId)
        .refuses(404, "not_found");
    WebCaller.of(port, Key.STRANGER)
        .with("If-None-Match", "*")
        .get("/v1/runs/" + runId)
        .refuses(404, "not_found");
    WebCaller.of(port, Key.CREATOR)
        .with("If-None-Match", tag)
        .get("/v1/runs/" + runId)
        .refuses(403, "forbidden");
    WebCaller.anonymous(port)
        .with("If-None-Match", tag)
        .get("/v1/runs/" + runId)
        .refuses(401, "unauthenticated");
    caller.with("If-None-Match", tag).get("/v1/runs/run-unknown").refuses(404, "not_found");
  }
}
