-- oldest release that may run on it: 0.1.0
-- What changes by itself is enforced: whose plan may give something else by now, and what it gave when that was last looked at.

-- Somebody's entitlement is to be looked at. Rows are only appended, one of them more than once: a key would make accounting
-- wait for whoever takes the rows away, or take a mark for done that was read before its usage was committed. Unlogged: after a
-- crash all who are online are looked at anyway.
create unlogged table entitlement_check (
  subscriber_id bigint not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_insert_threshold = -1);

-- Of subscribers that are online with a plan that counts usage or has a schedule.
create table entitlement_watch (
  subscriber_id bigint primary key,
  -- What only deeds change, which order by themselves: the version of the plan, the service period, the zone of the ISP.
  terms text not null,
  -- What the plan gave at the last look (domain/enforcement/entitlement-state.ts).
  state text not null,
  -- Since when, as far as a change was seen.
  since timestamptz,
  -- The newest session of that look.
  session_id bigint not null,
  -- When this row was written.
  looked_at timestamptz not null,
  -- When it will give something else, if nothing more is used.
  next_at timestamptz
);
create index entitlement_watch_next on entitlement_watch (next_at) where next_at is not null;

-- Orders that were given up, whose session is ordered about again at its next sign of life.
create index coa_order_given_up on coa_order (finished_at) where state in ('expired', 'failed');
-- What is not proved, whether it is still tried or not.
create index coa_order_not_enforced on coa_order (id)
  where state in ('waiting', 'claimed', 'timeout', 'acked', 'nacked', 'failed', 'expired');

-- By their owner's rights, whoever edits.
create function check_entitlements_of_plan() returns trigger language plpgsql security definer
  set search_path = public, pg_temp as $$
begin
  insert into entitlement_check (subscriber_id)
  select distinct session.subscriber_id from session join subscriber on subscriber.id = session.subscriber_id
  where session.ended_at is null and session.service is null
    and subscriber.plan_id in (select plan.id from plan where plan.id = new.id or plan.quota_plan_id = new.id);
  return null;
end $$;
create trigger check_entitlements after update on plan for each row
  when (old.version is distinct from new.version) execute function check_entitlements_of_plan();

create function check_entitlement_of_subscriber() returns trigger language plpgsql security definer
  set search_path = public, pg_temp as $$
begin
  insert into entitlement_check (subscriber_id)
  select new.id where exists (select from session where session.subscriber_id = new.id and session.ended_at is null);
  return null;
end $$;
create trigger check_entitlement after update of plan_id on subscriber for each row
  when (old.plan_id is distinct from new.plan_id) execute function check_entitlement_of_subscriber();

select fence();
