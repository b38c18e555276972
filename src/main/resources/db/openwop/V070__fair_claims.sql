-- What waits, tenant by tenant, so that a claim can serve them in turn.
create index run_due_by_tenant on run (tenant_id, wake_at) where wake_at is not null;

-- What is being executed, with whose it is.
drop index run_leased;
create index run_leased on run (lease_owner, tenant_id) where lease_owner is not null;
