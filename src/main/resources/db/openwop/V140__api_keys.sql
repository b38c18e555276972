-- API keys that the host gave out. The key itself is nowhere; only its keyed hash is. A row stays
-- when its key has ended, so that whoever presents the key is told so.
create table api_key (
  key_id       text        not null primary key,
  tenant_id    text        not null,
  principal    text        not null,
  label        text,
  scopes       text[]      not null,
  member_of    text[]      not null,
  roles        text[]      not null,
  for_tests    boolean     not null,
  pepper_id    text        not null,
  hash         bytea       not null,
  created_by   text        not null,
  created_at   timestamptz not null default now(),
  expires_at   timestamptz,
  -- May lie ahead: then another key has replaced this one, and both are good until then.
  revoked_at   timestamptz,
  replaced_by  text,
  last_used_at timestamptz
);

create index api_key_by_creation on api_key (tenant_id, created_at desc, key_id desc);
