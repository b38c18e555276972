-- What the vendors of a trace keep with it, as it came with the header in trace_parent.
alter table run add column trace_state text;
