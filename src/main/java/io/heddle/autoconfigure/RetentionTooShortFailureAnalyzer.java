package io.heddle.autoconfigure;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Says in one sentence what to configure. */
final class RetentionTooShortFailureAnalyzer
    extends AbstractFailureAnalyzer<RetentionTooShortException> {

  @Override
  protected FailureAnalysis analyze(Throwable rootFailure, RetentionTooShortException cause) {
    return new FailureAnalysis(
        cause.getMessage(),
        "Set it higher, or set openwop.retention.development=true on a host for development only.",
        cause);
  }
}
