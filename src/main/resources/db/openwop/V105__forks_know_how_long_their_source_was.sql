-- What a source appends after it was forked is nothing to a replay of it.
alter table run add column fork_source_length bigint;
update run set fork_source_length = fork_from_sequence where source_run_id is not null;
