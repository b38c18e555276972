-- A run whose creator asked that no other one like it be live in the same scope.
alter table run add column exclusive_in_scope boolean not null default false;

alter table run add constraint run_exclusive_has_scope check (not exclusive_in_scope or scope_id is not null);

-- By the end, not by the status: a column that an index knows makes each of its changes dearer.
create unique index run_live_in_scope on run (tenant_id, scope_id) where exclusive_in_scope and ended_at is null;
