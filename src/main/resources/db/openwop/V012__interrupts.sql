-- What runs ask of people and other systems. Kept after it ended, for answers that come late.
create table interrupt (
  interrupt_id  text        primary key,
  tenant_id     text        not null,
  run_id        text        not null references run on delete cascade,
  node_id       text        not null,
  -- How many questions the node asked before in this run.
  ordinal       integer     not null check (ordinal >= 0),
  kind          text        not null check (kind in (
                  'APPROVAL', 'CLARIFICATION', 'EXTERNAL_EVENT', 'LOW_CONFIDENCE', 'CUSTOM')),
  key           text        not null,
  data          json        not null,
  resume_schema json,
  timeout_ms    bigint,
  requested_at  timestamptz not null,
  deadline      timestamptz,
  state         text        not null default 'PENDING' check (state in (
                  'PENDING', 'RESOLVED', 'TIMED_OUT', 'INVALIDATED')),
  resume_value  json,
  resolved_by   text,
  closed_at     timestamptz,
  -- What people asked back, in the order in which it came.
  remarks       json        not null default '[]',
  unique (run_id, node_id, ordinal),
  unique (run_id, key)
);

create unique index interrupt_pending on interrupt (run_id, node_id) where state = 'PENDING';
