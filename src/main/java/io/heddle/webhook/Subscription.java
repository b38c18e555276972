package io.heddle.webhook;

import io.heddle.run.EventType;
import io.heddle.tenancy.Tenant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who is told of a tenant's events, or of one question of a run.
 *
 * @param webhookId opaque, unique among all tenants
 * @param url where to; judged when it was registered, and again with each attempt
 * @param events of which types it is told; at least one
 * @param tags it is told of runs with one of these only; null for all runs
 * @param algorithms by which its deliveries are signed
 * @param secrets what they are signed with, sealed; null for a question, whose receiver has been
 *     told none
 */
public record Subscription(
    Tenant tenant,
    String webhookId,
    String url,
    Set<EventType> events,
    @Nullable List<String> tags,
    List<String> algorithms,
    @Nullable Secrets secrets) {

  /**
   * The sealed secrets of a subscription.
   *
   * @param current the one it was registered with, or the latest it was given since
   * @param previous the one before, while it still counts; or null
   */
  public record Secrets(byte[] current, byte @Nullable [] previous) {

    // Never what is in it.
    @Override
    public String toString() {
      return "Secrets[]";
    }
  }

  /** Whether this is for one question of a run. */
  public boolean isCallback() {
    return secrets == null;
  }

  // The address may hold a credential.
  @Override
  public String toString() {
    return "Subscription[" + webhookId + "]";
  }
}
