-- Who is told of a tenant's events. A subscription is also a queue: whoever delivers for it leases this row.
create table webhook_subscription (
  webhook_id      text        primary key check (webhook_id ~ '^[A-Za-z0-9._-]{16,128}$'),
  tenant_id       text        not null,
  url             text        not null,
  events          text[]      not null,
  -- Null: runs with any tags, or none.
  tags            text[],
  algorithms      text[]      not null,
  -- Sealed with the host's master key.
  secret          bytea       not null,
  -- The one before, which counts until then.
  previous_secret bytea,
  previous_until  timestamptz,
  principal       text        not null,
  status          text        not null default 'ACTIVE' check (status in ('ACTIVE', 'FAILED')),
  -- Failed attempts since the last that succeeded.
  failures        integer     not null default 0,
  -- Nothing is queued until then.
  open_until      timestamptz,
  -- The head of the queue is not tried before.
  due_at          timestamptz not null default clock_timestamp(),
  lease_owner     text,
  lease_epoch     bigint      not null default 0,
  lease_until     timestamptz,
  created_at      timestamptz not null default clock_timestamp()
) with (fillfactor = 50);

create index webhook_subscription_of_tenant on webhook_subscription (tenant_id);

-- The outbox: one row for each event and subscription that is to be told of it. No foreign key: it would
-- lock the subscription whenever an event is appended.
create table webhook_delivery (
  position     bigint      generated always as identity primary key,
  -- The same on every attempt.
  message_id   text        not null,
  webhook_id   text        not null,
  tenant_id    text        not null,
  run_id       text        not null,
  sequence     bigint      not null,
  type         text        not null,
  status       text        not null default 'PENDING' check (status in (
                 'PENDING', 'DELIVERED', 'FAILED', 'SKIPPED', 'DEAD')),
  -- What is sent, to the byte; written once, before the first attempt, and dropped once it arrived.
  body         bytea,
  attempts     integer     not null default 0,
  last_status  integer,
  last_error   text,
  attempted_at timestamptz,
  queued_at    timestamptz not null default clock_timestamp(),
  ended_at     timestamptz
);

create index webhook_delivery_queue on webhook_delivery (webhook_id, position) where status = 'PENDING';
create index webhook_delivery_ended on webhook_delivery (status, ended_at) where ended_at is not null;
create index webhook_delivery_failed on webhook_delivery (webhook_id, ended_at) where status = 'FAILED';
create index webhook_delivery_dead on webhook_delivery (tenant_id, ended_at, message_id) where status = 'DEAD';
create unique index webhook_dead_letter on webhook_delivery (message_id) where status = 'DEAD';
