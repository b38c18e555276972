package io.heddle.workflow;

import io.heddle.json.Json;
import io.heddle.json.JsonFault;
import io.heddle.spi.WorkflowSource;
import io.heddle.tenancy.Tenant;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Finds workflow definitions: what the host offers to everybody, and what a tenant registered for
 * itself. A revision never changes, so parsed revisions are cached for ever; which revision is the
 * newest is cached too, and whoever relies on it lets the database check it. Thread-safe.
 */
public final class WorkflowRegistry {

  private static final int CACHED = 1_000;

  /**
   * A definition with the revision it is stored under.
   *
   * @param scope the tenant that registered it, or {@link WorkflowStore#HOST}
   */
  public record Registered(String scope, int revision, WorkflowDefinition definition) {}

  private record RevisionKey(String scope, String workflowId, int revision) {}

  private record IdKey(String scope, String workflowId) {}

  private final WorkflowStore store;

  private final WorkflowParser parser;

  private final Map<RevisionKey, WorkflowDefinition> parsed = cache();

  private final Map<IdKey, Registered> newest = cache();

  private volatile Map<String, Registered> offered = Map.of();

  public WorkflowRegistry(WorkflowStore store, WorkflowParser parser) {
    this.store = store;
    this.parser = parser;
  }

  /**
   * Stores what the host's sources offer and makes it visible to every tenant. Called once, before
   * the host serves anything.
   *
   * @throws InvalidWorkflowException naming the origin of the first definition that is not valid
   */
  public void offer(Collection<WorkflowSource> sources) {
    Map<String, Registered> found = new TreeMap<>();
    Map<String, String> origins = new TreeMap<>();
    for (WorkflowSource source : sources) {
      for (WorkflowSource.Document document : source.workflows()) {
        WorkflowDefinition definition = parse(document);
        String other = origins.put(definition.id(), document.origin());
        if (other != null) {
          throw new IllegalStateException(
              "The workflow '%s' is defined twice: in %s and in %s"
                  .formatted(definition.id(), other, document.origin()));
        }
        found.put(
            definition.id(), stored(WorkflowStore.HOST, definition, null, /* onTop= */ false));
      }
    }
    offered = Collections.unmodifiableMap(found);
  }

  /** The ids that the host offers to every tenant, sorted. */
  public SortedSet<String> offered() {
    return new TreeSet<>(offered.keySet());
  }

  /** The newest revision as the database has it; empty if there is none or it was deleted. */
  public Optional<Registered> newest(Tenant tenant, String workflowId) {
    Registered own = offered.get(workflowId);
    if (own != null) {
      return Optional.of(own);
    }
    IdKey key = new IdKey(tenant.id(), workflowId);
    Optional<Registered> found =
        store
            .newest(tenant.id(), workflowId)
            .filter(revision -> revision.definition() != null)
            .map(revision -> registered(tenant.id(), workflowId, revision));
    found.ifPresentOrElse(registered -> newest.put(key, registered), () -> newest.remove(key));
    return found;
  }

  /**
   * The newest revision as this node last saw it, which the database must confirm; like {@link
   * #newest} if this node never saw one.
   */
  public Optional<Registered> newestSeen(Tenant tenant, String workflowId) {
    Registered seen = newest.get(new IdKey(tenant.id(), workflowId));
    return seen != null && !offered.containsKey(workflowId)
        ? Optional.of(seen)
        : newest(tenant, workflowId);
  }

  /**
   * The definition of one revision.
   *
   * @throws IllegalStateException if there is no such revision, or it was a deletion
   */
  public WorkflowDefinition definition(String scope, String workflowId, int revision) {
    WorkflowDefinition cached = parsed.get(new RevisionKey(scope, workflowId, revision));
    if (cached != null) {
      return cached;
    }
    return store
        .find(scope, workflowId, revision)
        .filter(found -> found.definition() != null)
        .map(found -> registered(scope, workflowId, found).definition())
        .orElseThrow(
            () ->
                new IllegalStateException(
                    "Revision %d of the workflow %s is not stored"
                        .formatted(revision, workflowId)));
  }

  /**
   * Registers a tenant's definition; the same content again changes nothing.
   *
   * @param document the definition as JSON values
   * @throws InvalidWorkflowException listing every fault
   * @throws OfferedWorkflowException if the host itself offers a workflow of this id
   */
  public Registered register(
      Tenant tenant, String workflowId, @Nullable Object document, String createdBy) {
    WorkflowDefinition definition = parser.parse(document);
    if (!definition.id().equals(workflowId)) {
      throw new InvalidWorkflowException(
          List.of(new Fault("/id", "must be the id in the request's path")));
    }
    refuseOffered(workflowId);
    // Cached when it is read back: the caller's transaction may still be rolled back.
    newest.remove(new IdKey(tenant.id(), workflowId));
    return stored(tenant.id(), definition, createdBy, /* onTop= */ true);
  }

  /**
   * Deletes a tenant's definition. Runs that were started with it go on.
   *
   * @return whether there was one
   * @throws OfferedWorkflowException if the host itself offers a workflow of this id
   */
  public boolean delete(Tenant tenant, String workflowId, String deletedBy) {
    refuseOffered(workflowId);
    if (newest(tenant, workflowId).isEmpty()) {
      return false;
    }
    store.put(tenant.id(), workflowId, null, digest(null), deletedBy, /* onTop= */ true);
    newest.remove(new IdKey(tenant.id(), workflowId));
    return true;
  }

  private void refuseOffered(String workflowId) {
    if (offered.containsKey(workflowId)) {
      throw new OfferedWorkflowException(workflowId);
    }
  }

  private WorkflowDefinition parse(WorkflowSource.Document document) {
    try {
      return parser.parse(Json.parse(document.json()));
    } catch (JsonFault fault) {
      throw new IllegalStateException(
          "The workflow in %s is not readable: %s".formatted(document.origin(), fault.getMessage()),
          fault);
    } catch (InvalidWorkflowException e) {
      throw new IllegalStateException(
          "The workflow in %s is not valid: %s".formatted(document.origin(), e.getMessage()), e);
    }
  }

  private Registered stored(
      String scope, WorkflowDefinition definition, @Nullable String createdBy, boolean onTop) {
    WorkflowStore.Revision revision =
        store.put(
            scope,
            definition.id(),
            Json.write(definition.document()),
            digest(definition.document()),
            createdBy,
            onTop);
    return new Registered(scope, revision.number(), definition);
  }

  private Registered registered(String scope, String workflowId, WorkflowStore.Revision revision) {
    RevisionKey key = new RevisionKey(scope, workflowId, revision.number());
    WorkflowDefinition definition = parsed.get(key);
    if (definition == null) {
      definition = parser.parse(Json.parse(String.valueOf(revision.definition())));
      parsed.put(key, definition);
    }
    return new Registered(scope, revision.number(), definition);
  }

  private static byte[] digest(@Nullable Object document) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(Json.canonical(document));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static <K, V> Map<K, V> cache() {
    return Collections.synchronizedMap(
        new LinkedHashMap<>(16, 0.75f, /* accessOrder= */ true) {

          private static final long serialVersionUID = 1L;

          @Override
          protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
            return size() > CACHED;
          }
        });
  }
}
