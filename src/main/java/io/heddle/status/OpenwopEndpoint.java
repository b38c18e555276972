package io.heddle.status;

import io.heddle.audit.Sealer;
import io.heddle.claim.Claimer;
import io.heddle.retention.Sweeper;
import io.heddle.status.ClusterStore.Figures;
import io.heddle.status.ClusterStore.Node;
import io.heddle.webhook.Dispatcher;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.Access;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;

/** How this node and the cluster are, in two queries and without anything of a tenant's. */
@Endpoint(id = "openwop", defaultAccess = Access.READ_ONLY)
public final class OpenwopEndpoint {

  private final ClusterStore cluster;

  private final Claimer claimer;

  private final @Nullable Sweeper sweeper;

  private final @Nullable Dispatcher dispatcher;

  private final @Nullable Sealer sealer;

  private final InstantSource clock;

  /**
   * @param sweeper null if nothing is swept here
   * @param dispatcher null if nothing is delivered here
   * @param sealer null if there is no audit log
   * @param clock tells the database's time
   */
  public OpenwopEndpoint(
      ClusterStore cluster,
      Claimer claimer,
      @Nullable Sweeper sweeper,
      @Nullable Dispatcher dispatcher,
      @Nullable Sealer sealer,
      InstantSource clock) {
    this.cluster = cluster;
    this.claimer = claimer;
    this.sweeper = sweeper;
    this.dispatcher = dispatcher;
    this.sealer = sealer;
    this.clock = clock;
  }

  /** How it is now. */
  @ReadOperation
  public Status status() {
    List<Node> nodes = cluster.nodes();
    Figures figures = cluster.figures();
    return new Status(
        thisNode(nodes),
        nodes,
        new Runs(figures.waiting(), figures.executing()),
        sweeper == null ? null : new Sweeps(lastPass(sweeper)),
        dispatcher == null
            ? null
            : new Deliveries(
                figures.pending(),
                dispatcher.oldestDue().toMillis() / 1_000.0,
                figures.deadLetters()),
        sealer == null ? null : new Audit(sealer.backlog().unsealed()));
  }

  private ThisNode thisNode(List<Node> nodes) {
    Optional<String> id = claimer.nodeId();
    Instant since =
        nodes.stream()
            .filter(node -> id.isPresent() && node.id().equals(id.get()))
            .findFirst()
            .map(Node::since)
            .orElse(null);
    State state =
        claimer.isLeaving() ? State.LEAVING : id.isPresent() ? State.CLAIMING : State.FENCED;
    return new ThisNode(id.orElse(null), since, state, claimer.slots(), claimer.executing());
  }

  private @Nullable Instant lastPass(Sweeper sweeping) {
    return sweeping.sinceLastSweep().map(clock.instant()::minus).orElse(null);
  }

  /** What a node does about due runs. */
  public enum State {
    /** It takes them. */
    CLAIMING,
    /** It is about to stop: what it executes may end, and nothing new begins. */
    LEAVING,
    /** It is not live, because others took it for dead or its database is away; it joins again. */
    FENCED
  }

  /**
   * A node and its cluster.
   *
   * @param node the one that answers
   * @param nodes all that live
   * @param runs of all nodes
   * @param sweeper of this node; null if nothing is swept here
   * @param deliveries of all nodes; null if nothing is delivered here
   * @param audit of all nodes; null if there is no audit log
   */
  public record Status(
      ThisNode node,
      List<Node> nodes,
      Runs runs,
      @Nullable Sweeps sweeper,
      @Nullable Deliveries deliveries,
      @Nullable Audit audit) {}

  /**
   * The node that answers.
   *
   * @param id under which it holds its leases; null while it is not live
   * @param since when it joined under that id; null while it is not live
   * @param slots how many runs it can execute at the same time
   * @param slotsUsed how many it executes
   */
  public record ThisNode(
      @Nullable String id, @Nullable Instant since, State state, int slots, int slotsUsed) {}

  /**
   * Runs. Counted up to 100,000.
   *
   * @param waiting are due and wait for a slot
   * @param executing are held by a node
   */
  public record Runs(long waiting, long executing) {}

  /**
   * Deletion of what is no longer kept.
   *
   * @param lastPass when this node last came to its end with it; null before the first time
   */
  public record Sweeps(@Nullable Instant lastPass) {}

  /**
   * Deliveries of webhooks. Counted up to 100,000.
   *
   * @param pending still to be made
   * @param oldestDueSeconds how long the one that is due the longest has waited, a few seconds ago
   * @param deadLetters given up, and kept
   */
  public record Deliveries(long pending, double oldestDueSeconds, long deadLetters) {}

  /**
   * The audit log.
   *
   * @param unsealed recorded entries that are in no chain yet, a moment ago, 100,000 at most
   */
  public record Audit(long unsealed) {}
}
