package io.heddle.spi;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Gives the secrets that nodes ask for by {@link NodeContext#secret}. All Spring beans of this type
 * are asked in order until one has the secret; the host's own directory and properties come last.
 * Implementations must be thread-safe and must never log a secret.
 */
public interface SecretSource {

  /** Whose a secret is. */
  enum Scope {
    /** All runs of a tenant have it. */
    TENANT,
    /** The runs of one principal have it. */
    USER,
    /** One run has it. */
    RUN
  }

  /**
   * Who wants which secret.
   *
   * @param secretId 1 to 128 characters of {@code [A-Za-z0-9._-]}, the first one neither a dot nor
   *     a dash
   * @param tenantId the tenant of the run; never null
   * @param principalId who created the run, as its {@code Authenticator} names them; never null
   * @param runId the run; null when it is looked at whether a run can be created
   */
  record Request(String secretId, String tenantId, String principalId, @Nullable String runId) {}

  /** Which of the request this source looks at; what the host advertises. */
  Set<Scope> scopes();

  /**
   * Finds a secret. Called on threads of nodes each time a node asks, and on threads of requests
   * before a run is created that needs it, so sources that are far away should remember for a
   * while.
   *
   * @return the secret, at least 4 characters; null if there is none here for this request, which
   *     includes those of other tenants
   * @throws Exception if that cannot be told now; nodes may then be tried again
   */
  @Nullable String resolve(Request request) throws Exception;
}
