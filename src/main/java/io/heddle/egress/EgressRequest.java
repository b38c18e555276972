package io.heddle.egress;

import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A call to another system. The body is not copied and must not change until the answer is there.
 *
 * @param method upper-case letters; {@code CONNECT} and {@code TRACE} are refused
 * @param url absolute, with an ASCII host, without user-info and fragment
 * @param headers by name; those of the connection and of framing (such as {@code Host}, {@code
 *     Connection} and {@code Content-Length}) are refused
 * @param body the bytes to send, as they are; empty for none
 * @param timeout for the whole exchange: resolving, connecting, sending and reading; positive
 * @param purpose which part of the host calls, for example {@code webhook}
 * @param tenant on whose behalf
 * @param runId for which run; null if for none
 * @param replay whether what calls repeats what a run did before; then the call is refused
 */
public record EgressRequest(
    String method,
    String url,
    Map<String, String> headers,
    byte[] body,
    Duration timeout,
    String purpose,
    String tenant,
    @Nullable String runId,
    boolean replay) {

  public EgressRequest {
    headers = Map.copyOf(headers);
    if (timeout.isNegative() || timeout.isZero()) {
      throw new IllegalArgumentException("A call needs time");
    }
    if (purpose.isBlank()) {
      throw new IllegalArgumentException("A call needs a purpose");
    }
  }

  // URLs, headers and bodies hold credentials.
  @Override
  public String toString() {
    return "EgressRequest[" + method + " for " + purpose + "]";
  }
}
