-- Secrets that the host made for itself, sealed with its master key if it has one.
create table host_secret (
  purpose    text        not null,
  position   integer     not null check (position >= 0),
  key_id     text        not null,
  sealed     bytea       not null,
  created_at timestamptz not null default now(),
  primary key (purpose, position),
  unique (purpose, key_id)
);
