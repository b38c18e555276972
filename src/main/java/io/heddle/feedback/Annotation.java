package io.heddle.feedback;

import java.time.Instant;

/** A remark as it is kept. */
public record Annotation(String annotationId, String runId, Remark remark, Instant createdAt) {}
