-- The side effects of nodes, by their logical invocation id. An effect is claimed before it is
-- performed: the insert of this row is what only one executor can win.
create table effect (
  tenant_id     text        not null,
  invocation_id text        not null check (length(invocation_id) = 43),
  run_id        text        not null references run on delete cascade,
  node_id       text        not null,
  visit         integer     not null,
  suspensions   integer     not null,
  wakeups       integer     not null,
  ordinal       integer     not null check (ordinal >= 0),
  provider_key  text        not null,
  -- UNKNOWN: performed, perhaps; the executor could not tell.
  status        text        not null check (status in ('CLAIMED', 'UNKNOWN', 'DONE', 'FAILED')),
  claim_id      text        not null,
  lease_epoch   bigint      not null,
  outcome       json,
  created_at    timestamptz not null default clock_timestamp(),
  -- Kept until then, and in any case as long as the run can ask for it.
  expires_at    timestamptz not null,
  primary key (tenant_id, invocation_id),
  constraint effect_has_outcome check ((status in ('DONE', 'FAILED')) = (outcome is not null))
);

create index effect_of_node on effect (run_id, node_id);
create index effect_expiry on effect (expires_at);
