-- What has ended, in the order in which its time is over.
create index run_ended on run (ended_at, run_id) where ended_at is not null;

-- A run is kept for as long as a fork of it is.
create index run_forks on run (source_run_id) where source_run_id is not null;

-- That there was a run. Kept for longer than the run, so that whoever asks for it hears that it is gone.
create table expired_run (
  run_id     text        primary key,
  tenant_id  text        not null,
  expired_at timestamptz not null default now()
);

create index expired_run_by_age on expired_run (expired_at);
