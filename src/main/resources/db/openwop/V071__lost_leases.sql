-- How often in a row a process was lost while it held the run, with nothing committed in between; and the epoch and the
-- length of the log that this was last counted at.
alter table run add column losses integer not null default 0;
alter table run add column lost_epoch bigint;
alter table run add column lost_sequence bigint;
