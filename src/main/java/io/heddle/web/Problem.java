package io.heddle.web;

import java.io.Serial;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A request that is refused. The message is for people and repeats nothing the caller sent; the
 * details are part of the answer.
 */
public final class Problem extends RuntimeException {

  @Serial private static final long serialVersionUID = 1L;

  private final ErrorCode code;

  private final transient Map<String, Object> details;

  private final @Nullable Integer retryAfterSeconds;

  private final @Nullable String scope;

  public Problem(ErrorCode code, String message) {
    this(code, message, Map.of(), null, null);
  }

  public Problem(ErrorCode code, String message, Map<String, Object> details) {
    this(code, message, details, null, null);
  }

  private Problem(
      ErrorCode code,
      String message,
      Map<String, Object> details,
      @Nullable Integer retryAfterSeconds,
      @Nullable String scope) {
    super(message, null, false, false);
    this.code = code;
    this.details = details;
    this.retryAfterSeconds = retryAfterSeconds;
    this.scope = scope;
  }

  /**
   * A request that a scope would permit. What is refused for any other reason, above all because of
   * what it is about, is no such problem: its answer must not tell what would cure it.
   */
  static Problem lacksScope(String scope) {
    return new Problem(
        ErrorCode.FORBIDDEN,
        "The credential lacks the scope " + scope,
        Map.of("scopeRequired", scope),
        null,
        scope);
  }

  /** A request that may succeed later; header and details tell the same time. */
  public static Problem retryLater(ErrorCode code, String message, int seconds) {
    return retryLater(code, message, seconds, Map.of());
  }

  /** A request that may succeed later, with more details than the time. */
  public static Problem retryLater(
      ErrorCode code, String message, int seconds, Map<String, Object> details) {
    Map<String, Object> all = new LinkedHashMap<>(details);
    all.put("retryAfter", seconds);
    return new Problem(code, message, all, seconds, null);
  }

  /**
   * One request too many.
   *
   * @param scope what was counted: {@code key} or {@code tenant}
   * @param limit how many there may be
   * @param millis how long to wait; the header says the same in whole seconds, rounded up
   */
  static Problem rateLimited(String scope, long limit, long millis) {
    Map<String, Object> details = new LinkedHashMap<>();
    details.put("retryAfterMs", millis);
    details.put("scope", scope);
    details.put("limit", limit);
    int seconds = Math.toIntExact((millis + 999) / 1000);
    return new Problem(
        ErrorCode.RATE_LIMITED,
        "There are too many requests of this " + scope,
        details,
        seconds,
        null);
  }

  /** A value of the request that is not acceptable. */
  public static Problem invalid(String pointer, String problem) {
    return invalid(List.of(new Place(pointer, problem)));
  }

  /** Values of the request that are not acceptable. */
  public static Problem invalid(List<Place> places) {
    return invalid(ErrorCode.VALIDATION_ERROR, places);
  }

  /** Values of the request that are not acceptable, by a code of their own. */
  public static Problem invalid(ErrorCode code, List<Place> places) {
    Place first = places.get(0);
    String message =
        (first.pointer().isEmpty() ? "The request body" : first.pointer()) + " " + first.problem();
    if (places.size() > 1) {
      message += " (and %d more)".formatted(places.size() - 1);
    }
    return new Problem(
        code, message, Map.of("errors", places.stream().map(Place::describe).toList()));
  }

  /** What was asked for is not there, or not visible to the caller. */
  public static Problem notFound(String what) {
    return new Problem(ErrorCode.NOT_FOUND, "There is no such " + what);
  }

  /**
   * One faulty value.
   *
   * @param pointer JSON pointer into the body; empty for the whole of it
   * @param problem what is wrong there, without the value
   */
  public record Place(String pointer, String problem) {

    private Map<String, Object> describe() {
      Map<String, Object> described = new LinkedHashMap<>();
      described.put("pointer", pointer);
      described.put("message", problem);
      return described;
    }
  }

  ErrorCode code() {
    return code;
  }

  Map<String, Object> details() {
    return details;
  }

  @Nullable Integer retryAfterSeconds() {
    return retryAfterSeconds;
  }

  /** The scope that would cure it; null if none would. */
  @Nullable String scope() {
    return scope;
  }
}
