-- Who decided what where several have to. The first word of a voter stands.
create table interrupt_vote (
  interrupt_id text        not null references interrupt on delete cascade,
  voter        text        not null,
  tenant_id    text        not null,
  principal    text        not null,
  action       text        not null,
  reason       text,
  voted_at     timestamptz not null default clock_timestamp(),
  primary key (interrupt_id, voter)
);
