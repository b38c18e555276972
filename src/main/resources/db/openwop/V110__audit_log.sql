-- What was recorded and has no place in its tenant's chain yet. Written in the transaction of what
-- it tells of, without waiting for anybody; sealed a moment later.
create table audit_pending (
  pending_id  bigint      generated always as identity primary key,
  tenant_id   text        not null,
  action      text        not null,
  actor       text        not null,
  target      text        not null,
  details     json        not null,
  occurred_at timestamptz not null default clock_timestamp()
);

-- The chains, one for each tenant. The entry is stored in the spelling that is hashed.
create table audit_entry (
  tenant_id  text   not null,
  sequence   bigint not null check (sequence > 0),
  entry      text   not null,
  hash       text   not null,
  pending_id bigint,
  primary key (tenant_id, sequence)
);

create unique index audit_entry_pending on audit_entry (pending_id);

create table audit_checkpoint (
  tenant_id      text        not null,
  number         bigint      not null check (number > 0),
  checkpoint_id  text        not null unique,
  after_sequence bigint      not null,
  at_sequence    bigint      not null,
  merkle_root    text        not null,
  signature      text        not null,
  key_id         text        not null,
  signed_at      timestamptz not null,
  primary key (tenant_id, number)
);

create index audit_checkpoint_place on audit_checkpoint (tenant_id, at_sequence, number);

-- Where each chain ends, signed, so that cutting off its end shows.
create table audit_chain_end (
  tenant_id        text        primary key,
  sequence         bigint      not null,
  hash             text,
  anchored         bigint      not null,
  checkpoints      bigint      not null,
  checkpoint_id    text,
  peaks            text        not null,
  unanchored_since timestamptz,
  signature        text        not null,
  key_id           text        not null
);

create index audit_chain_unanchored on audit_chain_end (unanchored_since) where unanchored_since is not null;

create function audit_is_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'The audit log is append-only: % of % is refused', tg_op, tg_table_name
    using errcode = 'restrict_violation';
end
$$;

create trigger audit_entry_is_append_only
  before update or delete or truncate on audit_entry
  for each statement execute function audit_is_append_only();

create trigger audit_checkpoint_is_append_only
  before update or delete or truncate on audit_checkpoint
  for each statement execute function audit_is_append_only();

create trigger audit_chain_end_stays
  before delete or truncate on audit_chain_end
  for each statement execute function audit_is_append_only();

create trigger audit_pending_is_not_changed
  before update or truncate on audit_pending
  for each statement execute function audit_is_append_only();

create function audit_chain_end_goes_on() returns trigger language plpgsql as $$
begin
  if new.tenant_id <> old.tenant_id or new.sequence < old.sequence or new.checkpoints < old.checkpoints then
    raise exception 'The audit log is append-only: it does not go back' using errcode = 'restrict_violation';
  end if;
  return new;
end
$$;

create trigger audit_chain_end_goes_on
  before update on audit_chain_end
  for each row execute function audit_chain_end_goes_on();

-- What waits leaves only by being sealed.
create function audit_pending_is_sealed() returns trigger language plpgsql as $$
begin
  if exists (
    select 1 from gone
    where not exists (select 1 from openwop.audit_entry e where e.pending_id = gone.pending_id)) then
    raise exception 'The audit log is append-only: what is not sealed yet stays' using errcode = 'restrict_violation';
  end if;
  return null;
end
$$;

create trigger audit_pending_is_sealed
  after delete on audit_pending referencing old table as gone
  for each statement execute function audit_pending_is_sealed();
