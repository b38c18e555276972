-- The questions of a tenant that stand, in the order in which they are listed.
create index interrupt_inbox on interrupt (tenant_id, requested_at, interrupt_id) where state = 'PENDING';
