package io.heddle.autoconfigure;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Says in one sentence what is wrong with the database, and in another what to do. */
final class HostDatabaseFailureAnalyzer extends AbstractFailureAnalyzer<HostDatabaseException> {

  @Override
  protected FailureAnalysis analyze(Throwable rootFailure, HostDatabaseException cause) {
    return new FailureAnalysis(cause.getMessage(), cause.action(), cause);
  }
}
