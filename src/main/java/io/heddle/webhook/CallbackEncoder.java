package io.heddle.webhook;

import io.heddle.run.RunEvent;
import io.heddle.tenancy.Tenant;
import java.util.Optional;

/** How a major of the protocol writes what the callback address of a run is told. Thread-safe. */
public interface CallbackEncoder {

  /**
   * The body that tells of a question. It may hold a credential, which has to be new at each
   * attempt and must be kept nowhere.
   *
   * @param asked the event of the question
   * @return empty if the question takes no answer any more
   */
  Optional<byte[]> encode(Tenant tenant, RunEvent asked);
}
