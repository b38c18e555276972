package io.heddle.audit;

import java.util.List;

/**
 * What a verification found.
 *
 * @param from the first sequence
 * @param to the last sequence, which may be far behind the end
 * @param checkpoints those within, in their order
 * @param anomalies by sequence, the first {@value Verifier#MOST_ANOMALIES} of them; empty if all is
 *     as it was sealed
 */
public record AuditReport(
    long from, long to, List<Checkpoint> checkpoints, List<Anomaly> anomalies) {

  public AuditReport {
    checkpoints = List.copyOf(checkpoints);
    anomalies = List.copyOf(anomalies);
  }

  /** Whether every signature of the checkpoints is the host's. */
  public boolean checkpointsValid() {
    return anomalies.stream().noneMatch(Anomaly.SignatureInvalid.class::isInstance);
  }
}
