package io.heddle.autoconfigure;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Says in one sentence which methods can be node types. */
final class WorkflowMethodFailureAnalyzer extends AbstractFailureAnalyzer<WorkflowMethodException> {

  @Override
  protected FailureAnalysis analyze(Throwable rootFailure, WorkflowMethodException cause) {
    return new FailureAnalysis(
        cause.getMessage(),
        "Let it take the inputs (a record or a Map), a NodeContext, both or neither, and return a"
            + " record, a Map, a NodeResult or nothing.",
        cause);
  }
}
