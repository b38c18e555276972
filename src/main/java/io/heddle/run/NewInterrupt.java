package io.heddle.run;

import io.heddle.spi.InterruptKind;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A question about to be put to somebody outside.
 *
 * @param key unique within the run; the same when the same question is looked at again
 * @param ordinal how many questions the node asked before
 * @param data as the node asked; answers are judged by it
 * @param shown the data as people see it, without what only nodes may see
 * @param timeoutMs as the node asked, or null for no end
 * @param deadline when it ends by the database's clock, or null
 */
public record NewInterrupt(
    String interruptId,
    String nodeId,
    int ordinal,
    InterruptKind kind,
    String key,
    Map<String, @Nullable Object> data,
    Map<String, @Nullable Object> shown,
    @Nullable Map<String, @Nullable Object> resumeSchema,
    @Nullable Long timeoutMs,
    Instant requestedAt,
    @Nullable Instant deadline) {

  /** This question by another id. */
  public NewInterrupt knownAs(String otherId) {
    return new NewInterrupt(
        otherId,
        nodeId,
        ordinal,
        kind,
        key,
        data,
        shown,
        resumeSchema,
        timeoutMs,
        requestedAt,
        deadline);
  }

  /** This question with one more thing said of it, which everybody may see. */
  public NewInterrupt with(String member, String value) {
    return new NewInterrupt(
        interruptId,
        nodeId,
        ordinal,
        kind,
        key,
        with(data, member, value),
        with(shown, member, value),
        resumeSchema,
        timeoutMs,
        requestedAt,
        deadline);
  }

  private static Map<String, @Nullable Object> with(
      Map<String, @Nullable Object> members, String member, String value) {
    Map<String, @Nullable Object> more = new LinkedHashMap<>();
    more.put(member, value);
    members.forEach(more::putIfAbsent);
    return more;
  }

  /** This question as people see it. */
  public NewInterrupt asShown() {
    return new NewInterrupt(
        interruptId,
        nodeId,
        ordinal,
        kind,
        key,
        shown,
        shown,
        resumeSchema,
        timeoutMs,
        requestedAt,
        deadline);
  }
}
