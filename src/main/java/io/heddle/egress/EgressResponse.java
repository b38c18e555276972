package io.heddle.egress;

import java.util.Map;

/**
 * The answer to a call; redirections are answers like any other.
 *
 * @param status 200 to 599
 * @param headers by lower-case name; values of one name are joined by a comma and a space
 * @param body as it was sent, decoded from nothing; never null
 * @param truncated whether the body went on beyond the limit
 */
public record EgressResponse(
    int status, Map<String, String> headers, byte[] body, boolean truncated) {

  public EgressResponse {
    headers = Map.copyOf(headers);
  }

  @Override
  public String toString() {
    return "EgressResponse[%d, %d bytes%s]"
        .formatted(status, body.length, truncated ? ", truncated" : "");
  }
}
