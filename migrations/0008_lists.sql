-- oldest release that may run on it: 0.1.0
-- Lists of subscribers: what they are searched, sorted and filtered by, and the views that operators save.

create extension if not exists pg_trgm;

-- What the search box looks through: each field behind a line feed, in lower case, so that one trigram index serves them all
-- and a text never matches across two of them.
alter table subscriber add column search_text text not null generated always as (
  lower((e'\n' || username || e'\n' || coalesce(full_name, '') || e'\n' || coalesce(phone, '') || e'\n'
    || coalesce(email, '') || e'\n' || coalesce(address, '')) collate "und-x-icu")
) stored;
create index subscriber_search on subscriber using gin (search_text gin_trgm_ops);

-- One for each stable column that lists are sorted by; the id makes the order total, and a page begins where the last ended.
create index subscriber_by_username on subscriber (username collate "und-x-icu", id);
create index subscriber_by_full_name on subscriber (full_name collate "und-x-icu", id);
create index subscriber_by_phone on subscriber (phone collate "C", id);
create index subscriber_by_expiry on subscriber (expires_at, id);
create index subscriber_by_creation on subscriber (created_at, id);
create index subscriber_by_plan on subscriber (plan_id, id);
create index subscriber_by_owner on subscriber (owner_id, id);
create index subscriber_by_group on subscriber (group_id, id);
drop index subscriber_plan;
drop index subscriber_members;
-- By balance: payers in this order, then their subscribers. Amounts of different currencies have no order.
create index payer_by_balance on payer (currency, balance_minor, id);

-- Facts that few have.
create index subscriber_disabled on subscriber (id) where not enabled;
create index subscriber_blocked on subscriber (id) where blocked_at is not null;
create index subscriber_archived on subscriber (id) where archived_at is not null;
create index subscriber_new on subscriber (id) where activated_at is null;
create index subscriber_grace on subscriber (grace_until) where grace_until is not null;
create index subscriber_auto_renew on subscriber (id) where auto_renew;
create index subscriber_without_email on subscriber (id) where email is null;
create index subscriber_zone on subscriber (zone) where zone is not null;
create index subscriber_language on subscriber (language) where language is not null;
create index subscriber_account_type on subscriber (account_type);
create index subscriber_bound_nas_group on subscriber (bound_nas_group_id) where bound_nas_group_id is not null;
create index subscriber_bound_port on subscriber (bound_port) where bound_port is not null;
create index subscriber_bound_s_vlan on subscriber (bound_s_vlan) where bound_s_vlan is not null;

-- Who is online and where, or was last: a row for every subscriber, brought up to date behind the accounting statement
-- (src/domain/subscriber-list/live.ts), which must not pay for the indexes of lists.
create table subscriber_live (
  subscriber_id bigint primary key,
  online boolean not null default false,
  -- Infinity while online; null: never was.
  last_seen_at timestamptz,
  session_id bigint,
  nas_id bigint,
  nas_group_id bigint,
  framed_ip inet,
  mac macaddr,
  interface text,
  port text,
  s_vlan integer,
  c_vlan integer
) with (fillfactor = 90);
create index subscriber_live_online on subscriber_live (online, subscriber_id);
create index subscriber_live_last_seen on subscriber_live (last_seen_at, subscriber_id);
create index subscriber_live_address on subscriber_live (framed_ip, subscriber_id);
create index subscriber_live_nas on subscriber_live (nas_id) where nas_id is not null;
create index subscriber_live_nas_group on subscriber_live (nas_group_id) where nas_group_id is not null;
create index subscriber_live_mac on subscriber_live (mac) where mac is not null;
create index subscriber_live_interface on subscriber_live (interface text_pattern_ops) where interface is not null;
create index subscriber_live_port on subscriber_live (port text_pattern_ops) where port is not null;
create index subscriber_live_s_vlan on subscriber_live (s_vlan) where s_vlan is not null;
create index subscriber_live_c_vlan on subscriber_live (c_vlan) where c_vlan is not null;

-- Octets of the service period and the share of the quota, both directions together: apart, because they change with every
-- interim and the rest does not.
create table subscriber_usage (
  subscriber_id bigint primary key,
  -- Null: nothing was used, which lists show last whichever way they are sorted.
  octets bigint,
  -- Null: no quota.
  quota_percent double precision
) with (fillfactor = 70);
create index subscriber_usage_octets on subscriber_usage (octets, subscriber_id);
create index subscriber_usage_quota on subscriber_usage (quota_percent) where quota_percent is not null;

-- How far both have followed: sessions by the time of their last record, changes by transaction.
create table subscriber_live_state (
  id boolean primary key default true check (id),
  sessions_until timestamptz not null,
  changes_until xid8 not null,
  refreshed_at timestamptz
);
insert into subscriber_live_state (sessions_until, changes_until) values ('-infinity', '0');

create function add_subscriber_live() returns trigger language plpgsql as $$
begin
  insert into subscriber_live (subscriber_id) select added.id from added;
  insert into subscriber_usage (subscriber_id) select added.id from added;
  return null;
end $$;
create function remove_subscriber_live() returns trigger language plpgsql as $$
begin
  delete from subscriber_live using removed where subscriber_live.subscriber_id = removed.id;
  delete from subscriber_usage using removed where subscriber_usage.subscriber_id = removed.id;
  return null;
end $$;
create trigger add_live after insert on subscriber referencing new table as added
  for each statement execute function add_subscriber_live();
create trigger remove_live after delete on subscriber referencing old table as removed
  for each statement execute function remove_subscriber_live();

insert into subscriber_live (subscriber_id, last_seen_at, nas_id, nas_group_id, framed_ip, mac, interface, port, s_vlan, c_vlan)
select subscriber.id, last.ended_at, last.nas_id, last.nas_group_id, last.framed_ip, last.mac, last.interface, last.port,
  last.s_vlan, last.c_vlan
from subscriber
left join (
  select distinct on (subscriber_id) * from session_archive
  where subscriber_id is not null and service is null
  order by subscriber_id, ended_at desc
) as last on last.subscriber_id = subscriber.id;
insert into subscriber_usage (subscriber_id) select id from subscriber;

-- A list as somebody likes to see it.
create table saved_view (
  id bigint generated always as identity primary key,
  operator_id bigint not null references operator (id),
  -- Of which list.
  noun text not null check (noun in ('subscriber', 'operator')),
  name text not null,
  filter jsonb not null,
  columns text[] not null,
  sort text,
  -- Shown when the list is opened.
  is_default boolean not null default false,
  -- Who else may use it; only its operator changes it.
  shared_with text not null default 'nobody' check (shared_with in ('nobody', 'team', 'organisation')),
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique (operator_id, noun, name)
);
create unique index saved_view_default on saved_view (operator_id, noun) where is_default;
