package io.heddle.run;

import io.heddle.json.Json;
import io.heddle.run.RunState.EdgeOutcome;
import io.heddle.run.RunState.NodeState;
import io.heddle.run.RunState.Orchestration;
import io.heddle.run.RunState.Progress;
import io.heddle.run.RunState.Question;
import io.heddle.run.RunState.Repetition;
import io.heddle.spi.InterruptKind;
import io.heddle.spi.Resumption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How a {@link RunState} is stored. What is empty is left out, for this is written with every step;
 * what is missing is read as empty, so that states of older versions can be read.
 */
final class RunStateJson {

  private RunStateJson() {}

  static String write(RunState state) {
    Map<String, Object> nodes = new LinkedHashMap<>();
    state.nodes().forEach((id, node) -> nodes.put(id, written(node)));
    Map<String, @Nullable Object> written =
        Json.members("variables", state.variables(), "nodes", nodes);
    if (!state.channels().isEmpty()) {
      written.put("channels", state.channels());
    }
    if (!state.visits().isEmpty()) {
      written.put("visits", state.visits());
    }
    if (!state.loops().isEmpty()) {
      written.put("loops", state.loops());
    }
    if (!state.edges().isEmpty()) {
      written.put("edges", state.edges());
    }
    if (!state.suspensions().isEmpty()) {
      written.put("suspensions", state.suspensions());
    }
    if (!state.versions().isEmpty()) {
      written.put("versions", state.versions());
    }
    if (state.agent() != null) {
      written.put("agent", state.agent());
    }
    Repetition repetition = state.repetition();
    if (repetition != null) {
      written.put(
          "repetition", Json.members("next", repetition.next(), "astray", repetition.astray()));
    }
    written.put("starts", state.starts());
    Orchestration orchestration = state.orchestration();
    if (orchestration != null) {
      written.put(
          "orchestration",
          Json.members(
              "agent",
              orchestration.agent(),
              "decisions",
              orchestration.decisions(),
              "decision",
              orchestration.decision(),
              "eventId",
              orchestration.eventId(),
              "dispatched",
              orchestration.dispatched()));
    }
    Secrets secrets = state.secrets();
    if (!secrets.isEmpty()) {
      written.put(
          "secrets", Json.members("variables", secrets.variables(), "values", secrets.values()));
    }
    return Json.write(written);
  }

  static RunState read(String json) {
    Map<String, @Nullable Object> read = Json.storedObject(json);
    Map<String, NodeState> nodes = new LinkedHashMap<>();
    object(read, "nodes").forEach((id, node) -> nodes.put(id, read(Json.object(node, id))));
    return new RunState(
        object(read, "variables"),
        object(read, "channels"),
        nodes,
        counts(read, "visits"),
        counts(read, "loops"),
        edges(read),
        counts(read, "suspensions"),
        counts(read, "versions"),
        integer(read, "starts"),
        orchestration(object(read, "orchestration")),
        secrets(object(read, "secrets")),
        read.containsKey("agent") ? object(read, "agent") : null,
        repetition(object(read, "repetition")));
  }

  private static @Nullable Repetition repetition(Map<String, @Nullable Object> read) {
    return read.isEmpty()
        ? null
        : new Repetition(
            ((Number) Objects.requireNonNull(read.get("next"))).longValue(),
            Boolean.TRUE.equals(read.get("astray")));
  }

  private static @Nullable Orchestration orchestration(Map<String, @Nullable Object> read) {
    return read.isEmpty()
        ? null
        : new Orchestration(
            object(read, "agent"),
            integer(read, "decisions"),
            object(read, "decision"),
            String.valueOf(read.get("eventId")),
            integer(read, "dispatched"));
  }

  private static Map<String, Object> written(NodeState node) {
    Map<String, Object> written = new LinkedHashMap<>();
    written.put("progress", node.progress().name());
    if (node.attempt() > 0) {
      written.put("attempt", node.attempt());
    }
    if (!node.outputs().isEmpty()) {
      written.put("outputs", node.outputs());
    }
    if (node.until() != null) {
      written.put("until", node.until().toString());
    }
    if (node.wakeups() > 0) {
      written.put("wakeups", node.wakeups());
    }
    if (!node.memo().isEmpty()) {
      written.put("memo", node.memo());
    }
    if (node.question() != null) {
      written.put("question", written(node.question()));
    }
    if (node.losses() > 0) {
      written.put("losses", node.losses());
    }
    return written;
  }

  private static NodeState read(Map<String, @Nullable Object> node) {
    Object until = node.get("until");
    return new NodeState(
        Progress.valueOf((String) Objects.requireNonNull(node.get("progress"))),
        integer(node, "attempt"),
        object(node, "outputs"),
        until == null ? null : Instant.parse((String) until),
        integer(node, "wakeups"),
        object(node, "memo"),
        node.containsKey("question") ? question(object(node, "question")) : null,
        integer(node, "losses"));
  }

  private static Map<String, @Nullable Object> written(Question question) {
    Map<String, @Nullable Object> written =
        Json.members("interruptId", question.interruptId(), "kind", question.kind().name());
    if (!question.turns().isEmpty()) {
      written.put("turns", question.turns());
      written.put("latest", question.latest());
    }
    Resumption answer = question.answer();
    if (answer != null) {
      written.put(
          "answer",
          Json.members(
              "value",
              answer.value(),
              "resolvedBy",
              answer.resolvedBy(),
              "timedOut",
              answer.timedOut()));
    }
    return written;
  }

  private static Question question(Map<String, @Nullable Object> read) {
    Map<String, @Nullable Object> answer = object(read, "answer");
    List<Map<String, @Nullable Object>> turns = new ArrayList<>();
    if (read.containsKey("turns")) {
      list(read, "turns").forEach(turn -> turns.add(Json.object(turn, "/turns")));
    }
    return new Question(
        (String) Objects.requireNonNull(read.get("interruptId")),
        InterruptKind.valueOf((String) Objects.requireNonNull(read.get("kind"))),
        answer.isEmpty()
            ? null
            : new Resumption(
                answer.get("value"),
                (String) answer.get("resolvedBy"),
                Boolean.TRUE.equals(answer.get("timedOut")),
                turns),
        turns,
        (String) read.get("latest"));
  }

  private static Map<String, EdgeOutcome> edges(Map<String, @Nullable Object> from) {
    Map<String, EdgeOutcome> edges = new LinkedHashMap<>();
    object(from, "edges")
        .forEach((id, outcome) -> edges.put(id, EdgeOutcome.valueOf(String.valueOf(outcome))));
    return edges;
  }

  private static Secrets secrets(Map<String, @Nullable Object> from) {
    if (from.isEmpty()) {
      return Secrets.NONE;
    }
    Set<String> variables = new LinkedHashSet<>();
    list(from, "variables").forEach(name -> variables.add(String.valueOf(name)));
    return new Secrets(variables, list(from, "values"));
  }

  @SuppressWarnings("unchecked")
  private static List<@Nullable Object> list(Map<String, @Nullable Object> from, String member) {
    return (List<@Nullable Object>) Objects.requireNonNull(from.get(member));
  }

  private static Map<String, Integer> counts(Map<String, @Nullable Object> from, String member) {
    Map<String, Integer> counts = new LinkedHashMap<>();
    object(from, member)
        .forEach(
            (name, count) -> counts.put(name, ((Number) Objects.requireNonNull(count)).intValue()));
    return counts;
  }

  private static int integer(Map<String, @Nullable Object> node, String member) {
    Object value = node.get(member);
    return value == null ? 0 : ((Number) value).intValue();
  }

  private static Map<String, @Nullable Object> object(
      Map<String, @Nullable Object> from, String member) {
    Object value = from.get(member);
    return value == null ? Json.members() : Json.object(value, "/" + member);
  }
}
