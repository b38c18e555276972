package io.heddle.run;

import io.heddle.spi.InterruptKind;
import io.heddle.tenancy.Tenant;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Listeners that hear everything one after the other. */
record CommitListeners(List<CommitListener> listeners) implements CommitListener {

  @Override
  public void committed(String runId) {
    listeners.forEach(listener -> listener.committed(runId));
  }

  @Override
  public void created(Tenant tenant, String runId, String workflowId) {
    listeners.forEach(listener -> listener.created(tenant, runId, workflowId));
  }

  @Override
  public void appended(Run run, List<NewEvent> events) {
    listeners.forEach(listener -> listener.appended(run, events));
  }

  @Override
  public void answered(InterruptKind kind, Duration waited) {
    listeners.forEach(listener -> listener.answered(kind, waited));
  }

  @Override
  public void conflicted(Tenant tenant, String activeRunId) {
    listeners.forEach(listener -> listener.conflicted(tenant, activeRunId));
  }

  @Override
  public void ended(Run run, RunStatus status, @Nullable RunError error) {
    listeners.forEach(listener -> listener.ended(run, status, error));
  }
}
