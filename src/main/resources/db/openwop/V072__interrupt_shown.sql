-- The question as people see it, without what only nodes may see; null where that is the same.
alter table interrupt add column shown json;
