-- Since when the time of a run is counted, if that is not its start: later by the time it was paused.
alter table run add column timed_from timestamptz;
