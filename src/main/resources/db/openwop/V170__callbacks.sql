-- A subscription may be for one question of one run, whose address came with the run. Whoever is there shares
-- no secret with this host, and one question waits for no other.
alter table webhook_subscription
  add column run_id text references run on delete cascade,
  alter column secret drop not null,
  add constraint webhook_subscription_has_secret check ((secret is null) = (run_id is not null));

create index webhook_subscription_of_run on webhook_subscription (run_id) where run_id is not null;

-- However many questions are asked, the events of other runs are looked up beside them.
drop index webhook_subscription_of_tenant;
create index webhook_subscription_of_tenant on webhook_subscription (tenant_id) where run_id is null;
