package io.heddle.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.json.Json;
import io.heddle.testkit.WebCaller;
import io.heddle.testkit.WebCaller.Answer;
import io.heddle.testkit.WebHost;
import io.heddle.testkit.WebHost.Key;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.web.server.LocalServerPort;

@WebHost
class RunsAreListedPageByPageTest {

  private static final String PATH = "/v1/host/heddle/runs";

  @LocalServerPort private int port;

  // Other tests create runs in this tenant, too.
  private final String tag = "tag " + UUID.randomUUID() + " & ünïcode";

  private WebCaller caller;

  @BeforeEach
  void call() {
    caller = WebCaller.of(port, Key.OPERATOR);
  }

  @Test
  void aRunIsToldInBrief() {
    List<String> tags = List.of(tag, "b", tag);
    String failed =
        caller.finished("conformance-failure", "tags", tags, "metadata", Map.of("not", "listed"));
    String waiting = caller.waiting("tags", List.of(tag));
    Map<String, Object> snapshot = caller.get("/v1/runs/" + failed).json();

    List<Map<String, Object>> rows = rows(list("tag", tag));

    assertThat(rows).hasSize(2);
    assertThat(rows.get(1))
        .isEqualTo(
            Json.members(
                "runId",
                failed,
                "workflowId",
                "conformance-failure",
                "status",
                "failed",
                "createdAt",
                snapshot.get("createdAt"),
                "startedAt",
                snapshot.get("startedAt"),
                "endedAt",
                snapshot.get("endedAt"),
                "tags",
                tags,
                "errorCode",
                ((Map<?, ?>) snapshot.get("error")).get("code")));
    assertThat(rows.get(0))
        .containsOnlyKeys("runId", "workflowId", "status", "createdAt", "startedAt", "tags")
        .containsEntry("runId", waiting)
        .containsEntry("status", "running");
    caller.cancel(waiting);
  }

  @Test
  void pagesFollowEachOtherWithoutGapOrDouble() {
    List<String> created = new ArrayList<>();
    for (int i = 0; i < 7; i++) {
      created.add(caller.finished("conformance-noop", "tags", List.of(tag)));
    }
    Collections.reverse(created);

    for (int limit : List.of(1, 2, 3, 6, 7, 8, 200)) {
      List<String> listed = new ArrayList<>();
      Map<String, Object> page = list("tag", tag, "limit", String.valueOf(limit));
      while (true) {
        assertThat(rows(page)).hasSizeLessThanOrEqualTo(limit);
        listed.addAll(ids(page));
        if (!page.containsKey("nextCursor")) {
          break;
        }
        page =
            list(
                "tag",
                tag,
                "limit",
                String.valueOf(limit),
                "cursor",
                (String) page.get("nextCursor"));
      }
      assertThat(listed).as("by %d", limit).isEqualTo(created);
    }
  }

  @Test
  void aPageHoldsWhatItPromisesWhenNothingIsFiltered() {
    for (int i = 0; i < 3; i++) {
      caller.finished("conformance-noop");
    }

    Map<String, Object> page = list("limit", "2");

    assertThat(rows(page)).hasSize(2);
    assertThat(page).containsOnlyKeys("runs", "nextCursor");
    assertThat(ids(list("limit", "2", "cursor", (String) page.get("nextCursor"))))
        .isNotEmpty()
        .doesNotContainAnyElementsOf(ids(page));
  }

  @Test
  void whatIsCreatedMeanwhileDisturbsNobody() {
    String first = caller.finished("conformance-noop", "tags", List.of(tag));
    String second = caller.finished("conformance-noop", "tags", List.of(tag));
    Map<String, Object> page = list("tag", tag, "limit", "1");
    assertThat(ids(page)).containsExactly(second);

    caller.finished("conformance-noop", "tags", List.of(tag));

    assertThat(ids(list("tag", tag, "cursor", (String) page.get("nextCursor"))))
        .containsExactly(first);
  }

  @Test
  void filtersHaveToFitAllTogether() {
    String noop = caller.finished("conformance-noop", "tags", List.of(tag, "other " + tag));
    String failed = caller.finished("conformance-failure", "tags", List.of(tag));
    String cancelled = caller.waiting("tags", List.of(tag));
    caller.cancel(cancelled);
    String untagged = caller.finished("conformance-noop");

    assertThat(ids(list("tag", tag))).containsExactly(cancelled, failed, noop);
    assertThat(ids(list("tag", "other " + tag))).containsExactly(noop);
    assertThat(ids(list("tag", tag.substring(1)))).isEmpty();
    assertThat(ids(list("tag", tag, "status", "cancelled"))).containsExactly(cancelled);
    assertThat(ids(list("tag", tag, "workflowId", "conformance-failure"))).containsExactly(failed);
    assertThat(ids(list("tag", tag, "workflowId", "conformance-noop", "status", "failed")))
        .isEmpty();
    assertThat(ids(list("tag", tag, "status", "waiting-approval"))).isEmpty();
    assertThat(ids(list("status", "completed", "limit", "200"))).contains(noop, untagged);
  }

  @Test
  void timesAreLimitsThatAreNotIncluded() {
    List<Instant> times = new ArrayList<>();
    List<String> created = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      String runId = caller.finished("conformance-noop", "tags", List.of(tag));
      created.add(runId);
      times.add(Instant.parse((String) caller.get("/v1/runs/" + runId).json().get("createdAt")));
    }
    Instant middle = times.get(1);

    assertThat(ids(list("tag", tag, "createdAfter", middle.toString())))
        .containsExactly(created.get(2));
    assertThat(ids(list("tag", tag, "createdBefore", middle.toString())))
        .containsExactly(created.get(0));
    // The database could not tell these from the time itself.
    assertThat(ids(list("tag", tag, "createdAfter", middle.minusNanos(1).toString())))
        .containsExactly(created.get(2), created.get(1));
    assertThat(ids(list("tag", tag, "createdAfter", middle.plusNanos(1).toString())))
        .containsExactly(created.get(2));
    assertThat(ids(list("tag", tag, "createdBefore", middle.plusNanos(1).toString())))
        .containsExactly(created.get(1), created.get(0));
    assertThat(ids(list("tag", tag, "createdBefore", middle.minusNanos(1).toString())))
        .containsExactly(created.get(0));
    Map<String, Object> page =
        list("tag", tag, "createdBefore", times.get(2).toString(), "limit", "1");
    assertThat(ids(page)).containsExactly(created.get(1));
    assertThat(
            ids(
                list(
                    "tag",
                    tag,
                    "createdBefore",
                    times.get(2).toString(),
                    "cursor",
                    (String) page.get("nextCursor"))))
        .containsExactly(created.get(0));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "limit=0",
        "limit=201",
        "limit=-1",
        "limit=ten",
        "limit=",
        "limit=1&limit=2",
        "status=RUNNING",
        "status=",
        "status=done",
        "tag=%00",
        "workflowId=a%00b",
        "createdAfter=yesterday",
        "createdAfter=2026-01-01",
        "createdBefore=2026-01-01T00:00:00",
        "createdBefore=%2B100000-01-01T00:00:00Z",
        "createdAfter=",
        "cursor=",
        "cursor=!",
        "cursor=abc",
        "cursor=a&cursor=b",
      })
  void whatIsNotUnderstoodIsRefused(String query) {
    caller.get(PATH + "?" + query).refuses(400, "validation_error");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1/",
        "/run-1",
        "1",
        "-1/run-1",
        "1/run 1",
        "1/run\u00001",
        "1/ran'; drop table openwop.run; --",
        "999999999999999999/run-1",
        "9999999999999999999999/run-1",
        "1/run-1\n",
      })
  void aCursorThatThisListDidNotMakeIsRefused(String forged) {
    String cursor =
        Base64.getUrlEncoder()
            .withoutPadding()
            .encodeToString(forged.getBytes(StandardCharsets.UTF_8));

    caller.get(PATH + "?cursor=" + cursor).refuses(400, "validation_error");
    caller.get(PATH + "?cursor=" + "A".repeat(5_000)).refuses(400, "validation_error");
  }

  @Test
  void aCursorOfOthersShowsNothingOfTheirs() {
    String own = caller.finished("conformance-noop", "tags", List.of(tag));
    WebCaller stranger = WebCaller.of(port, Key.STRANGER);
    String foreign = stranger.finished("conformance-noop", "tags", List.of(tag));
    String foreignToo = stranger.finished("conformance-noop", "tags", List.of(tag));
    Map<String, Object> page = stranger.get(PATH + "?limit=1&tag=" + encoded(tag)).is(200).json();
    assertThat(ids(page)).containsExactly(foreignToo);

    Map<String, Object> listed = list("cursor", (String) page.get("nextCursor"), "limit", "200");

    assertThat(ids(listed)).doesNotContain(foreign, foreignToo);
    assertThat(ids(list("tag", tag))).containsExactly(own);
  }

  @Test
  void itTakesTheRightToReadRuns() {
    WebCaller.of(port, Key.READER).get(PATH).is(200);
    assertThat(WebCaller.of(port, Key.CREATOR).get(PATH).refuses(403, "forbidden").details())
        .containsEntry("scopeRequired", "runs:read");
    WebCaller.anonymous(port).get(PATH).refuses(401, "unauthenticated");
    Answer refused = caller.post(PATH, "{}").refuses(405, "method_not_allowed");
    assertThat(refused.header("Allow")).contains("GET");
  }

  private Map<String, Object> list(String... namesAndValues) {
    StringBuilder query = new StringBuilder(PATH).append('?');
    for (int i = 0; i < namesAndValues.length; i += 2) {
      query
          .append(namesAndValues[i])
          .append('=')
          .append(encoded(namesAndValues[i + 1]))
          .append('&');
    }
    return caller.get(query.toString()).is(200).json();
  }

  private static String encoded(String value) {
    return URLEncoder.encode(value, StandardCharsets.UTF_8);
  }

  @SuppressWarnings("unchecked")
  private static List<Map<String, Object>> rows(Map<String, Object> page) {
    return (List<Map<String, Object>>) page.get("runs");
  }

  private static List<String> ids(Map<String, Object> page) {
    return rows(page).stream().map(row -> (String) row.get("runId")).toList();
  }
}
