package io.heddle.webhook;

import io.heddle.run.EventType;
import io.heddle.run.RunEvent;
import io.heddle.tenancy.Tenant;

/** How a major of the protocol writes what subscribers are sent. Thread-safe. */
public interface DeliveryEncoder {

  /** The body that tells of an event: the same members and values as any reader of the log sees. */
  byte[] encode(Tenant tenant, RunEvent event);

  /** The spelling of a type of event. */
  String spell(EventType type);

  /** The body that asks an address whether it wants what is to be sent to it. */
  byte[] verification(String challenge);

  /**
   * Whether an answer to {@link #verification} gives the challenge back.
   *
   * @param contentType the media type it came with; empty if none
   */
  boolean verifies(String challenge, String contentType, byte[] answer);
}
