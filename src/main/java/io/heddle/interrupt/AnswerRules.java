package io.heddle.interrupt;

import io.heddle.json.Json;
import io.heddle.schema.InvalidSchemaException;
import io.heddle.schema.JsonSchema;
import io.heddle.workflow.Fault;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Which answers each kind of question takes [interrupt.md §Resume values]. Pure. */
final class AnswerRules {

  private static final String VALUE = "/resumeValue";

  private static final List<String> SCOPES = List.of("whole", "section", "items");

  private static final Map<String, String> DEFAULT_ANSWER = Map.of("type", "string");

  private AnswerRules() {}

  static Answer judge(Interrupt question, @Nullable Object value) {
    List<Fault> misfits = misfits(question.resumeSchema(), value, VALUE);
    if (!misfits.isEmpty()) {
      return new Answer.Unacceptable(misfits);
    }
    return switch (question.kind()) {
      case APPROVAL -> approval(question, value);
      case CLARIFICATION -> clarification(question, value);
      case EXTERNAL_EVENT -> event(question, value);
      case LOW_CONFIDENCE -> ratification(value);
      case CONVERSATION -> throw new IllegalArgumentException("A conversation has several answers");
      case CUSTOM -> new Answer.Settles(value);
    };
  }

  private static Answer approval(Interrupt question, @Nullable Object value) {
    if (!(value instanceof Map<?, ?>)) {
      return Answer.unacceptable(VALUE, "must be an object");
    }
    Map<String, @Nullable Object> given = modern(Json.object(value, VALUE));
    List<?> offered = question.data().get("actions") instanceof List<?> list ? list : List.of();
    Object action = given.get("action");
    if (!(action instanceof String) || !offered.contains(action)) {
      return Answer.unacceptable(
          VALUE + "/action",
          "must be one of " + String.join(", ", offered.stream().map(String::valueOf).toList()));
    }
    List<Fault> faults = new ArrayList<>();
    Map<String, @Nullable Object> decision = new LinkedHashMap<>();
    decision.put("action", action);
    for (String member : List.of("feedback", "comment", "reason")) {
      if (given.containsKey(member)) {
        if (given.get(member) instanceof String) {
          decision.put(member, given.get(member));
        } else {
          faults.add(new Fault(VALUE + "/" + member, "must be a string"));
        }
      }
    }
    if (action.equals("refine")) {
      if (given.get("refineFeedback") instanceof Map<?, ?> feedback
          && SCOPES.contains(feedback.get("scope"))) {
        decision.put("refineFeedback", feedback);
      } else {
        faults.add(
            new Fault(
                VALUE + "/refineFeedback/scope", "must be one of " + String.join(", ", SCOPES)));
      }
    }
    if (action.equals("edit-accept")) {
      if (given.containsKey("editedArtifactData")) {
        decision.put("editedArtifactData", given.get("editedArtifactData"));
      } else {
        faults.add(new Fault(VALUE + "/editedArtifactData", "is required"));
      }
    }
    if (!faults.isEmpty()) {
      return new Answer.Unacceptable(faults);
    }
    if (action.equals("ask")) {
      Map<String, @Nullable Object> remark = new LinkedHashMap<>(given);
      remark.remove("action");
      return new Answer.Asks(remark);
    }
    return new Answer.Settles(decision);
  }

  /** Older spellings in the words of today. */
  private static Map<String, @Nullable Object> modern(Map<String, @Nullable Object> given) {
    Map<String, @Nullable Object> modern = new LinkedHashMap<>(given);
    Object feedback = given.get("feedback");
    boolean hasFeedback = feedback instanceof String text && !text.isEmpty();
    if (!given.containsKey("action")) {
      if ("approved".equals(given.get("decision"))) {
        modern.put("action", "accept");
      } else if ("rejected".equals(given.get("decision"))) {
        modern.put("action", hasFeedback ? "refine" : "reject");
      }
    }
    if ("refine".equals(modern.get("action"))
        && !modern.containsKey("refineFeedback")
        && hasFeedback) {
      modern.put("refineFeedback", Json.members("scope", "whole", "text", feedback));
    }
    return modern;
  }

  private static Answer clarification(Interrupt question, @Nullable Object value) {
    Map<String, @Nullable Object> answers = answers(value);
    if (answers == null) {
      return Answer.unacceptable(
          VALUE + "/answers", "must be an object of answers by question id, or a list of them");
    }
    List<Fault> faults = new ArrayList<>();
    Map<String, @Nullable Object> remaining = new LinkedHashMap<>(answers);
    if (question.data().get("questions") instanceof List<?> questions) {
      for (Object asked : questions) {
        Map<String, @Nullable Object> one = Json.object(asked, "");
        String id = String.valueOf(one.get("id"));
        String place = Json.pointer(VALUE + "/answers", id);
        if (!answers.containsKey(id)) {
          faults.add(new Fault(place, "is required"));
        } else {
          Object schema = one.get("schema");
          faults.addAll(
              misfits(
                  Json.object(schema == null ? DEFAULT_ANSWER : schema, ""),
                  answers.get(id),
                  place));
        }
        remaining.remove(id);
      }
    }
    if (!remaining.isEmpty()) {
      faults.add(new Fault(VALUE + "/answers", "answers a question that was not asked"));
    }
    return faults.isEmpty()
        ? new Answer.Settles(Json.members("answers", answers))
        : new Answer.Unacceptable(faults);
  }

  private static @Nullable Map<String, @Nullable Object> answers(@Nullable Object value) {
    Object given = value instanceof Map<?, ?> members ? members.get("answers") : null;
    if (given instanceof Map<?, ?>) {
      return Json.object(given, "");
    }
    if (!(given instanceof List<?> list)) {
      return null;
    }
    Map<String, @Nullable Object> answers = new LinkedHashMap<>();
    for (Object item : list) {
      if (!(item instanceof Map<?, ?> one)
          || !(one.get("id") instanceof String id)
          || answers.containsKey(id)) {
        return null;
      }
      answers.put(id, one.get("answer"));
    }
    return answers;
  }

  private static Answer event(Interrupt question, @Nullable Object value) {
    if (!(value instanceof Map<?, ?>)) {
      return Answer.unacceptable(VALUE, "must be an object");
    }
    Map<String, @Nullable Object> event = Json.object(value, VALUE);
    Map<String, @Nullable Object> expected =
        Json.object(Objects.requireNonNull(question.data().get("correlation")), "");
    if (!correlates(expected, event)
        && event.size() == 1
        && event.get("eventPayload") instanceof Map<?, ?> wrapped) {
      event = Json.object(wrapped, VALUE);
    }
    return correlates(expected, event) ? new Answer.Settles(event) : new Answer.Unrelated();
  }

  private static boolean correlates(
      Map<String, @Nullable Object> expected, Map<String, @Nullable Object> event) {
    return expected.entrySet().stream()
        .allMatch(
            key ->
                event.containsKey(key.getKey())
                    && Json.same(key.getValue(), event.get(key.getKey())));
  }

  private static Answer ratification(@Nullable Object value) {
    if (!(value instanceof Map<?, ?> given)
        || !(given.get("action") instanceof String action)
        || !List.of("accept", "reject").contains(action)) {
      return Answer.unacceptable(VALUE + "/action", "must be one of accept, reject");
    }
    return new Answer.Settles(value);
  }

  /** Where a value does not fit a schema. */
  static List<Fault> misfits(
      @Nullable Map<String, @Nullable Object> schema, @Nullable Object value, String place) {
    if (schema == null) {
      return List.of();
    }
    try {
      return JsonSchema.compile(schema).validate(value).stream()
          .map(it -> new Fault(place + it.pointer(), it.problem()))
          .toList();
    } catch (InvalidSchemaException e) {
      throw new IllegalStateException("A stored question has an invalid schema", e);
    }
  }
}
