-- oldest release that may run on it: 0.1.0
-- Lines of every kind: how a NAS group tells them, services on a session, legs, realms and the servers of other ISPs, requests
-- that matched nobody, and when we were listening at all.

-- In which order a line is told by what a request carries; the first that is there and known decides (IPoE).
alter table nas_group add column identity_order text[] not null default '{mac,circuit-id,remote-id,duid,interface}';

-- A service on a session (Juniper, Cisco ISG): a child row that never adds to usage.
alter table session add column service text;
alter table session_archive add column service text;
create index session_services on session (parent_id) where parent_id is not null and ended_at is null;
-- Interims that moved session time: session_time / interims is the interval that the NAS keeps.
alter table session add column interims integer not null default 0;
alter table session_archive add column interims integer not null default 0;
-- Who had this address: an address inside a prefix is found by looking for each of its possible prefixes.
create index session_framed_ipv6_prefix on session (framed_ipv6_prefix) where framed_ipv6_prefix is not null;
create index session_delegated_ipv6_prefix on session (delegated_ipv6_prefix) where delegated_ipv6_prefix is not null;
create index session_framed_ipv6_address on session (framed_ipv6_address) where framed_ipv6_address is not null;
create index session_archive_framed_ipv6_prefix on session_archive (framed_ipv6_prefix)
  where framed_ipv6_prefix is not null;
create index session_archive_delegated_ipv6_prefix on session_archive (delegated_ipv6_prefix)
  where delegated_ipv6_prefix is not null;
create index session_archive_framed_ipv6_address on session_archive (framed_ipv6_address)
  where framed_ipv6_address is not null;

-- Until then the next unknown MAC on the line of this subscriber is taken as its own.
alter table subscriber add column learn_mac_until timestamptz;
create index subscriber_circuit_id on subscriber (circuit_id) where circuit_id is not null;
create index subscriber_remote_id on subscriber (remote_id) where remote_id is not null;
create index subscriber_duid on subscriber (duid) where duid is not null;
create index subscriber_bound_vlans on subscriber (bound_c_vlan, bound_s_vlan) where bound_c_vlan is not null;
create index subscriber_bound_interface on subscriber (bound_interface) where bound_interface is not null;
create index subscriber_learning on subscriber (learn_mac_until) where learn_mac_until is not null;

-- Servers of others: wholesale partners, or the server that an ISP moves away from.
create table home_server_pool (
  id bigint generated always as identity primary key,
  name text not null unique,
  created_at timestamptz not null default now()
);
create table home_server (
  id bigint generated always as identity primary key,
  pool_id bigint not null references home_server_pool (id),
  name text not null unique,
  -- Lower is asked first.
  priority integer not null default 0,
  address inet not null,
  auth_port integer not null default 1812 check (auth_port between 1 and 65535),
  acct_port integer not null default 1813 check (acct_port between 1 and 65535),
  secret bytea not null,
  message_authenticator text not null default 'auto' check (message_authenticator in ('require', 'auto', 'off')),
  -- Since when `auto` requires it of the answers.
  message_authenticator_seen_at timestamptz,
  timeout_ms integer not null default 1000 check (timeout_ms between 100 and 30000),
  tries integer not null default 2 check (tries between 1 and 10),
  created_at timestamptz not null default now()
);
create table realm (
  id bigint generated always as identity primary key,
  -- In canonical form; '' is a username without a realm.
  name text not null unique,
  action text not null check (action in ('strip', 'keep', 'refuse', 'forward')),
  pool_id bigint references home_server_pool (id),
  created_at timestamptz not null default now(),
  check ((action = 'forward') = (pool_id is not null))
);
-- Subscribers that nobody knows here are asked of these servers: the way to move over step by step.
alter table radius_client add column unknown_pool_id bigint references home_server_pool (id);

-- Requests that matched nobody, grouped by where they came from.
create table unmatched_request (
  id bigint generated always as identity primary key,
  nas_id bigint not null,
  -- MAC, line and username as one text: one row each.
  fingerprint text not null,
  username text not null,
  mac macaddr,
  interface text,
  port text,
  s_vlan integer,
  c_vlan integer,
  circuit_id bytea,
  remote_id bytea,
  duid bytea,
  reason text not null,
  -- What the request carried, as JSON; secrets are never in it.
  sent text not null,
  count bigint not null default 1,
  first_at timestamptz not null,
  last_at timestamptz not null,
  unique (nas_id, fingerprint)
);
create index unmatched_request_last on unmatched_request (last_at desc);

-- When a RADIUS process was listening and could write: time outside of it tells nothing about a session.
create table listening (
  instance text not null,
  started_at timestamptz not null,
  until timestamptz not null,
  primary key (instance, started_at)
);
create index listening_until on listening (until);

-- What a person has to look at; the same trouble is one row with a count.
create table alarm (
  kind text not null,
  subject text not null,
  text text not null,
  count bigint not null default 1,
  first_at timestamptz not null,
  last_at timestamptz not null,
  cleared_at timestamptz,
  primary key (kind, subject)
);

do $$
declare
  followed text;
begin
  foreach followed in array array['realm', 'home_server_pool', 'home_server'] loop
    execute format('create trigger log_insert after insert on %I referencing new table as new_rows
      for each statement execute function log_change(%L, ''id'')', followed, followed);
    execute format('create trigger log_update after update on %I referencing new table as new_rows
      for each statement execute function log_change(%L, ''id'')', followed, followed);
    execute format('create trigger log_delete after delete on %I referencing old table as old_rows
      for each statement execute function log_change(%L, ''id'')', followed, followed);
  end loop;
end $$;
