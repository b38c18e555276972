package io.heddle.autoconfigure;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Says in one sentence what to configure. */
final class NoApiKeyFailureAnalyzer extends AbstractFailureAnalyzer<NoApiKeyException> {

  @Override
  protected FailureAnalysis analyze(Throwable rootFailure, NoApiKeyException cause) {
    return new FailureAnalysis(
        cause.getMessage(),
        "Set OPENWOP_API_KEY, or openwop.api-keys.<key-id>.sha256 to the SHA-256 of a key.",
        cause);
  }
}
