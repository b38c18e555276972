package io.heddle.run;

import io.heddle.tenancy.Tenant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A run about to be created.
 *
 * @param parent the run and node that start it, or null
 * @param depth how many runs are above it
 * @param trace of whoever wants it, or null
 */
public record NewRun(
    Tenant tenant,
    String runId,
    Run.Owner owner,
    Run.WorkflowRef workflow,
    RunState state,
    Map<String, @Nullable Object> inputs,
    Map<String, @Nullable Object> configurable,
    @Nullable List<String> tags,
    @Nullable Map<String, @Nullable Object> metadata,
    Run.@Nullable Scope scope,
    @Nullable String callbackUrl,
    Run.@Nullable Parent parent,
    int depth,
    @Nullable TraceContext trace) {}
