-- One row per live process of the host. A process that misses expires_at is fenced by any other.
create table host_node (
  node_id      text        primary key,
  started_at   timestamptz not null default now(),
  heartbeat_at timestamptz not null default now(),
  expires_at   timestamptz not null
);

-- Immutable. A null definition means that the workflow was deleted at this revision.
-- Scope is a tenant, or '*' for the definitions the host offers to every tenant.
create table workflow_revision (
  scope       text        not null,
  workflow_id text        not null,
  revision    integer     not null check (revision > 0),
  definition  json,
  digest      bytea       not null,
  created_by  text,
  created_at  timestamptz not null default now(),
  primary key (scope, workflow_id, revision)
);

create table run (
  run_id                   text        primary key check (run_id ~ '^[A-Za-z0-9._-]{16,128}$'),
  tenant_id                text        not null,
  workspace_id             text,
  owner_principal          text        not null,
  owner_issuer             text        not null,
  owner_lane               text        not null,
  owner_kind               text        not null,
  workflow_scope           text        not null,
  workflow_id              text        not null,
  workflow_revision        integer     not null,
  status                   text        not null check (status in (
                             'PENDING', 'RUNNING', 'PAUSED', 'WAITING_APPROVAL', 'WAITING_INPUT', 'WAITING_EXTERNAL',
                             'CANCELLING', 'COMPLETED', 'FAILED', 'CANCELLED')),
  -- When somebody should look at this run; null while it is leased, waits for a person, or is terminal.
  wake_at                  timestamptz,
  lease_owner              text,
  lease_epoch              bigint      not null default 0,
  next_sequence            bigint      not null default 0,
  -- The engine's account, and below it what the caller gave, verbatim: json keeps order and spelling.
  state                    json        not null,
  inputs                   json        not null,
  configurable             json        not null,
  tags                     json,
  metadata                 json,
  error                    json,
  scope_id                 text,
  callback_url             text,
  parent_run_id            text,
  parent_node_id           text,
  source_run_id            text,
  fork_from_sequence       bigint,
  replay_mode              text,
  engine_version           integer     not null,
  event_log_schema_version integer,
  created_at               timestamptz not null default now(),
  started_at               timestamptz,
  ended_at                 timestamptz,
  constraint run_terminal_is_at_rest check (
    status not in ('COMPLETED', 'FAILED', 'CANCELLED')
    or (ended_at is not null and wake_at is null and lease_owner is null)),
  constraint run_lease_or_wake check (lease_owner is null or wake_at is null)
);

create index run_due on run (wake_at) where wake_at is not null;
create index run_leased on run (lease_owner) where lease_owner is not null;

-- The log. Sequences run from 0 without gaps, assigned under the lock of the run's row.
create table event (
  run_id         text        not null,
  sequence       bigint      not null check (sequence >= 0),
  tenant_id      text        not null,
  event_id       text        not null,
  type           text        not null,
  node_id        text,
  payload        json        not null,
  occurred_at    timestamptz not null,
  schema_version integer     not null,
  engine_version integer     not null,
  causation_id   text,
  primary key (run_id, sequence)
);

-- What a mutation answered, kept for callers that repeat it. The key itself is hostile text: only its hash is kept.
create table idempotency_record (
  tenant_id      text        not null,
  operation      text        not null,
  key_hash       bytea       not null,
  request_digest bytea       not null,
  status         integer,
  body           text,
  created_at     timestamptz not null default now(),
  expires_at     timestamptz not null,
  primary key (tenant_id, operation, key_hash)
);

create index idempotency_record_expiry on idempotency_record (expires_at);
