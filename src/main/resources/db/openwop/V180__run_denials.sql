-- Whom the log of a run tells that something was denied to, each for each action once: whoever asks again and again must
-- not make it grow.
create table run_denial (
  run_id    text        not null references run on delete cascade,
  principal text        not null,
  action    text        not null,
  resource  text        not null,
  tenant_id text        not null,
  denied_at timestamptz not null default clock_timestamp(),
  primary key (run_id, principal, action, resource)
);
