package io.heddle.telemetry;

import io.heddle.redaction.Redactor;
import io.heddle.run.EventType;
import io.heddle.run.RunStatus;
import io.heddle.run.RunTrace;
import io.heddle.run.TraceContext;
import io.heddle.telemetry.TracedRun.Event;
import io.heddle.telemetry.TracedRun.Source;
import io.heddle.tenancy.Tenant;
import io.heddle.workflow.NodeDefinition;
import io.heddle.workflow.WorkflowDefinition;
import io.heddle.workflow.WorkflowRegistry;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The spans of runs [observability §Span naming, §Span attributes]. They follow from what is
 * stored: asked twice, or by two nodes, the same come out. Thread-safe.
 */
public final class RunSpans {

  private final TraceStore store;

  private final WorkflowRegistry workflows;

  private final Redactor redactor;

  private final String protocolVersion;

  private final double share;

  /**
   * @param protocolVersion as it is advertised
   * @param share of the traces that this host begins itself, from 0 to 1; whether others are
   *     recorded is what their headers say
   */
  public RunSpans(
      TraceStore store,
      WorkflowRegistry workflows,
      Redactor redactor,
      String protocolVersion,
      double share) {
    this.store = store;
    this.workflows = workflows;
    this.redactor = redactor;
    this.protocolVersion = protocolVersion;
    this.share = share;
  }

  /** The spans of a run that are over, its own last; empty if the tenant has no such run. */
  public Optional<List<Span>> of(Tenant tenant, String runId) {
    return store
        .find(tenant, runId)
        .map(
            run ->
                new Reading(
                        run,
                        workflows.definition(
                            run.workflow().scope(),
                            run.workflow().workflowId(),
                            run.workflow().revision()))
                    .spans());
  }

  /**
   * Whether a run is recorded. All runs of one trace are, or none.
   *
   * @param trace that the run was created in, or null
   */
  public boolean isSampled(String runId, @Nullable TraceContext trace) {
    if (trace != null && !trace.isOwn()) {
      return trace.isSampled();
    }
    // As the ratio sampler of OpenTelemetry does, by the last 56 bits.
    long random = Long.parseLong(RunTrace.traceId(runId, trace).substring(18), 16);
    return random >= (1 - share) * (1L << 56);
  }

  /** One run being read. Used by one thread. */
  private final class Reading {

    private final TracedRun run;

    private final WorkflowDefinition definition;

    private final String traceId;

    private final List<Span> spans = new ArrayList<>();

    private final Map<String, Visit> open = new HashMap<>();

    // How often each node was reached and left.
    private final Map<String, Integer> visits = new HashMap<>();

    private final Map<String, Integer> asked = new HashMap<>();

    private final Map<String, Question> questions = new LinkedHashMap<>();

    private @Nullable Event breach;

    Reading(TracedRun run, WorkflowDefinition definition) {
      this.run = run;
      this.definition = definition;
      this.traceId = RunTrace.traceId(run.runId(), run.trace());
    }

    /** A node from its start to its end. */
    private static final class Visit {

      private final int number;

      private final Instant start;

      private Instant attemptStart;

      private int attempt;

      private boolean retried;

      Visit(int number, Event started) {
        this.number = number;
        this.start = started.at();
        this.attemptStart = started.at();
        this.attempt = started.attempt() == null ? 0 : started.attempt();
      }
    }

    private record Question(Event asked, Instant start, int ordinal, int visit) {}

    List<Span> spans() {
      run.events().forEach(this::read);
      if (run.status().isTerminal()) {
        List.copyOf(questions.keySet()).forEach(id -> answered(id, run.until()));
        spans.add(whole());
      }
      return spans;
    }

    private void read(Event event) {
      String nodeId = event.nodeId();
      if (event.type() == EventType.CAP_BREACHED) {
        breach = event;
      }
      if (nodeId == null) {
        return;
      }
      switch (event.type()) {
        case NODE_STARTED -> start(nodeId, event);
        case NODE_RETRIED -> retry(nodeId, event);
        case NODE_COMPLETED -> end(nodeId, event, false);
        case NODE_FAILED -> end(nodeId, event, true);
        case NODE_CANCELLED -> end(nodeId, event, false);
        // It took no time and did nothing; that it was passed is all there is to know.
        case NODE_SKIPPED -> visits.merge(nodeId, 1, Integer::sum);
        case INTERRUPT_REQUESTED -> ask(nodeId, event);
        case INTERRUPT_RESOLVED -> {
          if (event.interruptId() != null) {
            answered(event.interruptId(), event.at());
          }
        }
        default -> {
          // Tells of no span's beginning or end.
        }
      }
    }

    private void start(String nodeId, Event event) {
      Visit visit = open.get(nodeId);
      if (visit == null) {
        open.put(nodeId, new Visit(visits.getOrDefault(nodeId, 0), event));
      } else {
        visit.attempt = event.attempt() == null ? 0 : event.attempt();
        visit.attemptStart = event.at();
      }
    }

    private void retry(String nodeId, Event event) {
      Visit visit = open.get(nodeId);
      if (visit != null) {
        visit.retried = true;
        attempt(nodeId, visit, event, true);
      }
    }

    private void end(String nodeId, Event event, boolean failed) {
      Visit visit = open.remove(nodeId);
      if (visit == null) {
        visit = new Visit(visits.getOrDefault(nodeId, 0), event);
      } else if (visit.retried) {
        attempt(nodeId, visit, event, failed);
      }
      visits.merge(nodeId, 1, Integer::sum);
      if (isHistory(event)) {
        return;
      }
      Map<String, Object> attributes = ofNode(nodeId, visit.attempt, event);
      if (breach != null && nodeId.equals(breach.nodeId())) {
        limit(attributes, breach);
      }
      spans.add(
          span(
              RunTrace.nodeSpan(run.runId(), nodeId, visit.number),
              RunTrace.runSpan(run.runId()),
              "openwop.node." + type(nodeId),
              visit.start,
              event.at(),
              attributes,
              failed));
    }

    private void attempt(String nodeId, Visit visit, Event event, boolean failed) {
      if (isHistory(event)) {
        return;
      }
      spans.add(
          span(
              RunTrace.span(
                  "attempt",
                  run.runId(),
                  nodeId,
                  Integer.toString(visit.number),
                  Integer.toString(visit.attempt)),
              RunTrace.nodeSpan(run.runId(), nodeId, visit.number),
              "openwop.node." + type(nodeId) + ".attempt",
              visit.attemptStart,
              event.at(),
              ofNode(nodeId, visit.attempt, event),
              failed));
    }

    private void ask(String nodeId, Event event) {
      int ordinal = asked.merge(nodeId, 1, Integer::sum) - 1;
      Visit visit = open.get(nodeId);
      if (event.interruptId() != null && !isHistory(event)) {
        questions.put(
            event.interruptId(),
            new Question(
                event,
                event.at(),
                ordinal,
                visit == null ? visits.getOrDefault(nodeId, 0) : visit.number));
      }
    }

    private void answered(String interruptId, Instant at) {
      Question question = questions.remove(interruptId);
      if (question == null || question.asked().nodeId() == null) {
        return;
      }
      String nodeId = question.asked().nodeId();
      Map<String, Object> attributes = common();
      attributes.put("openwop.node_id", safe(nodeId));
      attributes.put("openwop.interrupt_kind", kind(question.asked().kind()));
      attributes.put("openwop.interrupt_id", interruptId);
      attributes.put("openwop.interrupt_count", (long) question.ordinal());
      spans.add(
          span(
              RunTrace.span("interrupt", run.runId(), interruptId),
              RunTrace.nodeSpan(run.runId(), nodeId, question.visit()),
              "openwop.interrupt",
              question.start(),
              at,
              attributes,
              false));
    }

    private Span whole() {
      Map<String, Object> attributes = common();
      attributes.put("openwop.run_status", run.status().name().toLowerCase(Locale.ROOT));
      attributes.put("openwop.pii_present", isSensitive());
      if (run.errorCode() != null) {
        attributes.put("error.type", safe(run.errorCode()));
      }
      if (breach != null) {
        limit(attributes, breach);
      }
      if (run.parent() != null) {
        attributes.put("openwop.parent.run_id", run.parent().runId());
        attributes.put("openwop.parent.node_id", safe(run.parent().nodeId()));
        if (run.parentWorkflowId() != null) {
          attributes.put("openwop.parent.workflow_id", safe(run.parentWorkflowId()));
        }
      }
      List<Span.Link> links = List.of();
      Source source = run.source();
      if (source != null) {
        attributes.put("openwop.replay.source_run_id", source.runId());
        attributes.put("openwop.replay.from_seq", source.fromSequence());
        attributes.put("openwop.replay.mode", source.mode());
        if (source.isKept()) {
          links =
              List.of(
                  new Span.Link(
                      RunTrace.traceId(source.runId(), source.trace()),
                      RunTrace.runSpan(source.runId())));
        }
      }
      TraceContext trace = run.trace();
      // A trace of this host's own begins with the run, unless another run has begun it.
      boolean isFirst = trace == null || trace.isOwn() && run.parent() == null;
      return new Span(
          traceId,
          RunTrace.runSpan(run.runId()),
          isFirst || trace == null ? null : trace.spanId(),
          state(),
          "openwop.run",
          run.createdAt(),
          run.until(),
          attributes,
          run.status() == RunStatus.FAILED,
          links);
    }

    private Span span(
        String spanId,
        String parentSpanId,
        String name,
        Instant start,
        Instant end,
        Map<String, Object> attributes,
        boolean failed) {
      // A fork goes on with what had begun in its source, before it was there itself.
      Instant begun = start.isBefore(run.createdAt()) ? run.createdAt() : start;
      return new Span(
          traceId,
          spanId,
          parentSpanId,
          state(),
          name,
          begun,
          end.isBefore(begun) ? begun : end,
          attributes,
          failed,
          List.of());
    }

    private @Nullable String state() {
      return run.trace() == null || run.trace().isOwn() ? null : run.trace().traceState();
    }

    /** What stands on every span of the run. */
    private Map<String, Object> common() {
      Map<String, Object> attributes = new LinkedHashMap<>();
      attributes.put("openwop.run_id", run.runId());
      attributes.put("openwop.workflow_id", safe(run.workflow().workflowId()));
      attributes.put("openwop.protocol_version", protocolVersion);
      attributes.put("openwop.tenant_id", run.tenant().id());
      // Definitions of any other class are refused.
      attributes.put("openwop.compliance_class", "public");
      return attributes;
    }

    private Map<String, Object> ofNode(String nodeId, int attempt, Event last) {
      Map<String, Object> attributes = common();
      attributes.put("openwop.node_id", safe(nodeId));
      attributes.put("openwop.node_type", type(nodeId));
      attributes.put("openwop.node_attempt", (long) attempt);
      attributes.put("openwop.event_seq", last.sequence());
      return attributes;
    }

    private void limit(Map<String, Object> attributes, Event breached) {
      attributes.put("openwop.cap_kind", String.valueOf(breached.kind()));
      attributes.put("openwop.cap_limit", breached.limit() == null ? 0L : breached.limit());
      attributes.put(
          "openwop.cap_observed", breached.observed() == null ? 0L : breached.observed());
    }

    private String type(String nodeId) {
      return definition.node(nodeId).map(NodeDefinition::typeId).orElse("unknown");
    }

    private boolean isSensitive() {
      return !definition.sensitiveVariables().isEmpty()
          || definition.nodes().stream()
              .anyMatch(node -> node.outputSensitivity().containsValue(true));
    }

    /** What is copied of another log was told with it. */
    private boolean isHistory(Event event) {
      return run.source() != null && event.sequence() < run.source().fromSequence();
    }

    /** One of the four kinds that the protocol knows on spans. */
    private String kind(@Nullable String kind) {
      return Set.of("approval", "clarification", "external-event").contains(String.valueOf(kind))
          ? String.valueOf(kind)
          : "custom";
    }

    private String safe(String text) {
      return redactor.redact(text);
    }
  }
}
