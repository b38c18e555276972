package io.heddle.autoconfigure;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Shows the cause and the remedy instead of a tower of bean creation exceptions. */
final class EmbeddedPostgresFailureAnalyzer
    extends AbstractFailureAnalyzer<EmbeddedPostgresException> {

  @Override
  protected FailureAnalysis analyze(Throwable rootFailure, EmbeddedPostgresException cause) {
    return new FailureAnalysis(cause.description(), EmbeddedPostgresException.REMEDY, cause);
  }
}
