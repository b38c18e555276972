-- What nodes produced. Written in the transaction that appends artifact.created.
create table artifact (
  run_id      text        not null references run on delete cascade,
  artifact_id text        not null,
  tenant_id   text        not null,
  node_id     text        not null,
  type        text        not null,
  media_type  text        not null,
  content     json,
  bytes       bytea,
  created_at  timestamptz not null default now(),
  primary key (run_id, artifact_id),
  constraint artifact_has_one_content check ((content is null) <> (bytes is null))
);
