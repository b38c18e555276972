-- The runs of a tenant in the order in which they are listed.
create index run_by_creation on run (tenant_id, created_at, run_id);
