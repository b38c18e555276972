-- Where the request that created a run, or the run above it, stands in its caller's trace (W3C Trace Context).
alter table run add column trace_parent text;
