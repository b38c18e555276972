package io.heddle.run;

import io.heddle.spi.InterruptKind;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A question about to be put to somebody outside.
 *
 * @param key unique within the run; the same when the same question is looked at again
 * @param ordinal how many questions the node asked before
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
    @Nullable Map<String, @Nullable Object> resumeSchema,
    @Nullable Long timeoutMs,
    Instant requestedAt,
    @Nullable Instant deadline) {

  /** This question with other data. */
  public NewInterrupt withData(Map<String, @Nullable Object> other) {
    return new NewInterrupt(
        interruptId,
        nodeId,
        ordinal,
        kind,
        key,
        other,
        resumeSchema,
        timeoutMs,
        requestedAt,
        deadline);
  }
}
