-- How many runs are above this one; bounds workflows that start themselves.
alter table run add column depth integer not null default 0;
