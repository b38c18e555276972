-- What made a voter one of those who decide, as it was when they did: groups and roles change.
alter table interrupt_vote add column eligible_by text not null default '';
