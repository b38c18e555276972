-- What people and agents think of a run. Beside the log: a run that has ended can still be judged.
create table annotation (
  annotation_id text        primary key,
  run_id        text        not null references run on delete cascade,
  tenant_id     text        not null,
  -- The order of the list, and the bound of it.
  position      integer     not null check (position between 0 and 999),
  event_id      text,
  node_id       text,
  kind          text        not null check (kind in ('RATING', 'CORRECTION', 'LABEL', 'FLAG')),
  rating        integer     check (rating between 1 and 5),
  label         text,
  correction    text,
  note          text,
  principal     text        not null,
  created_at    timestamptz not null default clock_timestamp(),
  unique (run_id, position)
);
