-- oldest release that may run on it: 0.1.0
-- Quotas are foreseen between two interims: how fast sessions count, and when that would bring something else.

alter table entitlement_watch
  -- How fast its sessions count, and when their routers were last asked (domain/enforcement/foresight.ts); null: nothing is
  -- foreseen.
  add column foresight jsonb,
  -- When their routers are to be asked; null: the next interim will do.
  add column foreseen_at timestamptz;
create index entitlement_watch_foreseen on entitlement_watch (foreseen_at) where foreseen_at is not null;

select fence();
