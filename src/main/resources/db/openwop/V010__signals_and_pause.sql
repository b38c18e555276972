-- Raised by whoever changes something a run's worker must look at before it commits its next step.
alter table run add column signals bigint not null default 0;

-- How the run is to be paused once the nodes in progress have ended; null when nobody asked.
alter table run add column pause_request json;

alter table run add column paused_at timestamptz;

create index run_children on run (parent_run_id) where parent_run_id is not null;
