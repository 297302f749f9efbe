-- oldest release that may run on it: 0.1.0
-- Plans in full: periods of hours, days and months, minimum rates, quotas by direction and window and what follows them, fair
-- use steps, speeds by time of day, gardens by reason, pools and permission by NAS group.

alter table plan rename column validity_days to validity;
-- `calendar-month`: to the end of the month that the period begins in, or of a later one.
alter table plan add column validity_unit text not null default 'days'
  check (validity_unit in ('hours', 'days', 'months', 'calendar-month'));
alter table plan add column setup_price_minor bigint not null default 0 check (setup_price_minor >= 0);
-- Whether subscribers who are put on this plan renew by themselves.
alter table plan add column auto_renew boolean not null default false;
alter table plan add column min_down_bps bigint check (min_down_bps > 0);
alter table plan add column min_up_bps bigint check (min_up_bps > 0);

-- `free`: any device, none is learnt. `learn`: as many as the device limit says. `bound`: only those that an operator bound.
alter table plan add column mac_rule text not null default 'learn' check (mac_rule in ('free', 'learn', 'bound'));
-- Where subscribers of this plan may come in; empty: everywhere.
alter table plan add column allowed_nas_group_ids bigint[] not null default '{}';

-- quota_octets counts both directions together; down is to the subscriber.
alter table plan add column quota_down_octets bigint check (quota_down_octets > 0);
alter table plan add column quota_up_octets bigint check (quota_up_octets > 0);
-- The window that quotas and fair use steps count in; `period`: the service period.
alter table plan add column quota_period text not null default 'period'
  check (quota_period in ('day', 'week', 'month', 'period'));
-- The plan whose rates hold once the quota is used up, with on_quota `slower`.
alter table plan add column quota_plan_id bigint references plan (id);
alter table plan drop constraint plan_on_quota_check;
alter table plan add constraint plan_on_quota_check check (on_quota in ('reject', 'garden', 'slower'));
alter table plan add constraint plan_quota_plan check ((on_quota = 'slower') = (quota_plan_id is not null));

-- Read whole, written whole, checked by src/domain/plan: [{after_octets, down_bps, up_bps}, …] by rising octets;
-- [{weekdays, from, to, down_bps, up_bps} or {…, percent}, …]; {reason: {address_list, pool}}.
alter table plan add column fup_steps jsonb not null default '[]';
alter table plan add column schedule jsonb not null default '[]';
alter table plan add column gardens jsonb not null default '{}';
-- Raised by every change: the version that an edit names, and another row for who keeps plans by the version of their row.
alter table plan add column version integer not null default 1;

-- Pools of a plan on the NASes of a group, in place of its own.
create table plan_pool (
  plan_id bigint not null references plan (id) on delete cascade,
  nas_group_id bigint not null references nas_group (id) on delete cascade,
  pool text,
  ipv6_pool text,
  delegated_ipv6_pool text,
  primary key (plan_id, nas_group_id)
);
create index plan_pool_nas_group on plan_pool (nas_group_id);

-- What is read of a plan is kept by the version of its row: other pools make another version.
create function renew_plan_version() returns trigger language plpgsql as $$
begin
  update plan set version = version + 1
  where id = any (array[case when tg_op <> 'INSERT' then old.plan_id end, case when tg_op <> 'DELETE' then new.plan_id end]);
  return null;
end $$;
create trigger plan_pool_version after insert or update or delete on plan_pool
  for each row execute function renew_plan_version();

-- Who waits for a plan to begin: a plan is not archived under them.
create index subscriber_next_plan on subscriber (next_plan_id) where next_plan_id is not null;
