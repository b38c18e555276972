package io.heddle.spi;

import java.net.InetAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Refuses calls to other systems that the host's own guard lets pass. Every bean of this type is
 * asked before each call, right before the connection; a call is made if all of them permit it. It
 * cannot permit what the guard refuses. Must be thread-safe and quick: its time is the call's.
 */
@FunctionalInterface
public interface EgressPolicy {

  /**
   * Whether the call may be made. An exception refuses it.
   *
   * @param call what is about to be called
   */
  boolean permits(Call call);

  /**
   * A call that is about to be made.
   *
   * @param purpose which part of the host calls, for example {@code webhook}
   * @param tenant on whose behalf
   * @param runId for which run; null if for none
   * @param method of the request
   * @param scheme {@code https}, or {@code http} where the operator lets it pass
   * @param host lower-case name or address
   * @param port 1 to 65535
   * @param addresses one of them will be connected to; at least one
   */
  record Call(
      String purpose,
      String tenant,
      @Nullable String runId,
      String method,
      String scheme,
      String host,
      int port,
      List<InetAddress> addresses) {}
}
