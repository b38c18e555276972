alter table interrupt drop constraint interrupt_kind_check;

alter table interrupt add constraint interrupt_kind_check check (kind in (
  'APPROVAL', 'CLARIFICATION', 'EXTERNAL_EVENT', 'LOW_CONFIDENCE', 'CONVERSATION', 'CUSTOM'));
