package io.heddle.autoconfigure;

import java.io.Serial;
import java.lang.reflect.Method;

/** A method cannot be a node type. */
final class WorkflowMethodException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1L;

  WorkflowMethodException(Method method, String fault) {
    super(
        "The method %s.%s with @WorkflowNode %s."
            .formatted(method.getDeclaringClass().getName(), method.getName(), fault));
  }
}
