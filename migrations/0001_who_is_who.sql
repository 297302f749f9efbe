-- oldest release that may run on it: 0.1.0
-- Who is who: organisations, payers, clients and NASes, plans, subscribers with their credentials, devices and addresses.

create extension if not exists btree_gist;

-- Policy that operators change at run time: zone, currency, limits. Sockets and files are environment, never here.
create table setting (
  name text primary key,
  value jsonb not null,
  updated_at timestamptz not null default now()
);

-- Data keys, each wrapped by the key file outside this database. `key_fingerprint` names the key file that opens the row.
create table data_key (
  id smallint generated always as identity primary key,
  wrapped bytea not null,
  key_fingerprint bytea not null,
  created_at timestamptz not null,
  retired_at timestamptz
);

create table organisation (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('isp', 'reseller')),
  name text not null unique,
  parent_id bigint references organisation (id),
  created_at timestamptz not null default now()
);
create unique index organisation_one_isp on organisation (kind) where kind = 'isp';
insert into organisation (kind, name) values ('isp', 'ISP');

-- Addresses are unique inside a space: ISPs reuse 10/8 and 100.64/10 on every router.
create table address_space (
  id bigint generated always as identity primary key,
  name text not null unique
);
insert into address_space (name) values ('default');

-- NASes that back each other up: a line is the same line on any of them.
create table nas_group (
  id bigint generated always as identity primary key,
  name text not null unique,
  address_space_id bigint not null references address_space (id),
  created_at timestamptz not null default now()
);
insert into nas_group (name, address_space_id) select 'default', address_space.id from address_space;

create table nas_group_owner (
  nas_group_id bigint not null references nas_group (id),
  owner_id bigint not null references organisation (id),
  primary key (nas_group_id, owner_id)
);

-- A client is who may send to us: a source prefix with secrets and policies. Which device speaks is the NAS.
create table radius_client (
  id bigint generated always as identity primary key,
  name text not null unique,
  prefix cidr not null unique check (masklen(prefix) > 0),
  default_vendor text not null default 'standard',
  new_nas text not null default 'allow' check (new_nas in ('allow', 'refuse')),
  message_authenticator text not null default 'auto' check (message_authenticator in ('require', 'auto', 'off')),
  message_authenticator_seen_at timestamptz,
  limit_proxy_state boolean not null default true,
  trusted_proxy boolean not null default false,
  -- How long a NAS of this client waits in all (timeout times tries); RouterOS: 300 ms, three tries.
  patience_ms integer not null default 900 check (patience_ms between 100 and 60000),
  nas_group_id bigint not null references nas_group (id),
  created_at timestamptz not null default now()
);

create table client_secret (
  id bigint generated always as identity primary key,
  client_id bigint not null references radius_client (id) on delete cascade,
  secret bytea not null,
  created_at timestamptz not null default now(),
  valid_until timestamptz
);
create index client_secret_client on client_secret (client_id);

create table nas (
  id bigint generated always as identity primary key,
  client_id bigint not null references radius_client (id),
  name text not null unique,
  vendor text not null default 'standard',
  identifier text,
  address inet,
  nas_group_id bigint not null references nas_group (id),
  coa_address inet,
  coa_port integer not null default 3799 check (coa_port between 1 and 65535),
  coa_secret bytea,
  last_reboot_at timestamptz,
  observed_interval_s integer,
  -- Per-device settings that differ from the vendor's habit, each checked by the code that reads it.
  settings jsonb not null default '{}',
  attributes text[] not null default '{}',
  created_at timestamptz not null default now()
);
create unique index nas_identifier on nas (client_id, identifier) where identifier is not null;
create unique index nas_address on nas (client_id, address) where identifier is null and address is not null;

create table plan (
  id bigint generated always as identity primary key,
  -- Null: shared by all organisations.
  owner_id bigint references organisation (id),
  name text not null,
  down_bps bigint not null check (down_bps > 0),
  up_bps bigint not null check (up_bps > 0),
  burst_down_bps bigint,
  burst_up_bps bigint,
  burst_threshold_down_bps bigint,
  burst_threshold_up_bps bigint,
  burst_seconds integer,
  priority integer check (priority between 1 and 8),
  -- 0: never ends.
  validity_days integer not null check (validity_days >= 0),
  price_minor bigint not null default 0 check (price_minor >= 0),
  currency char(3) not null default 'EUR',
  session_limit integer check (session_limit > 0),
  device_limit integer check (device_limit > 0),
  quota_octets bigint check (quota_octets > 0),
  pool text,
  ipv6_pool text,
  delegated_ipv6_pool text,
  address_list text,
  idle_timeout_s integer check (idle_timeout_s > 0),
  interim_interval_s integer check (interim_interval_s >= 60),
  grace_hours integer not null default 0 check (grace_hours >= 0),
  expiry_rule text not null default 'instant' check (expiry_rule in ('instant', 'end-of-day', 'local-hour')),
  expiry_hour integer check (expiry_hour between 0 and 23),
  -- ISO weekdays (1 = Monday) on which nobody is cut off.
  no_cut_days integer[] not null default '{}',
  on_expiry text not null default 'reject' check (on_expiry in ('reject', 'garden')),
  on_block text not null default 'reject' check (on_block in ('reject', 'garden')),
  on_quota text not null default 'reject' check (on_quota in ('reject', 'garden')),
  garden_address_list text,
  garden_pool text,
  attributes text[] not null default '{}',
  created_at timestamptz not null default now(),
  archived_at timestamptz,
  check ((expiry_rule = 'local-hour') = (expiry_hour is not null))
);
create unique index plan_name on plan (coalesce(owner_id, 0), name) where archived_at is null;

-- Who pays. One invisible payer per subscriber unless somebody else pays.
create table payer (
  id bigint generated always as identity primary key,
  owner_id bigint not null references organisation (id),
  name text not null,
  currency char(3) not null default 'EUR',
  balance_minor bigint not null default 0,
  created_at timestamptz not null default now()
);

create table subscriber_group (
  id bigint generated always as identity primary key,
  owner_id bigint not null references organisation (id),
  name text not null,
  unique (owner_id, name)
);

-- Facts, never one status column: enabled, block, service period (activated_at, expires_at, grace_until), archived.
create table subscriber (
  id bigint generated always as identity primary key,
  owner_id bigint not null references organisation (id),
  payer_id bigint not null references payer (id),
  plan_id bigint not null references plan (id),
  next_plan_id bigint references plan (id),
  group_id bigint references subscriber_group (id),
  -- In canonical form (src/domain/username.ts); reserved until purge unless an operator freed it.
  username text not null,
  username_reserved boolean not null default true,
  account_type text not null default 'pppoe' check (account_type in ('pppoe', 'ipoe')),
  full_name text,
  email text,
  phone text,
  phone_extension text,
  address text,
  latitude double precision,
  longitude double precision,
  zone text,
  language text,
  enabled boolean not null default true,
  block_reason text,
  blocked_at timestamptz,
  activated_at timestamptz,
  -- Start of the service period that usage is counted in; set at activation and renewal.
  period_started_at timestamptz not null default now(),
  -- Null: never ends. The instant already follows the plan's expiry rule and no-cut days.
  expires_at timestamptz,
  grace_until timestamptz,
  auto_renew boolean not null default false,
  session_limit integer check (session_limit > 0),
  device_limit integer check (device_limit > 0),
  -- Interface binding on chosen parts; null parts are not looked at.
  bound_interface text,
  bound_port text,
  bound_s_vlan integer check (bound_s_vlan between 0 and 4095),
  bound_c_vlan integer check (bound_c_vlan between 0 and 4095),
  bound_nas_group_id bigint references nas_group (id),
  circuit_id bytea,
  remote_id bytea,
  duid bytea,
  attributes text[] not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  archived_at timestamptz
) with (fillfactor = 90);
create unique index subscriber_username on subscriber (username) where username_reserved;
create index subscriber_plan on subscriber (plan_id);
create index subscriber_payer on subscriber (payer_id);

-- One kind of credential per subscriber: what it can never prove is refused when it is written (RFC 2865 §5.3, RFC 2759).
create table credential (
  subscriber_id bigint primary key references subscriber (id) on delete cascade,
  kind text not null check (kind in ('clear', 'nt-hash', 'verifier')),
  secret bytea not null,
  updated_at timestamptz not null default now()
);

-- MACs of a subscriber. `bound` ones restrict who may come online.
create table device (
  subscriber_id bigint not null references subscriber (id) on delete cascade,
  mac macaddr not null,
  bound boolean not null default false,
  learnt_at timestamptz not null default now(),
  primary key (subscriber_id, mac)
);
create index device_mac on device (mac);

-- Static addresses exclude each other as ranges: gist keeps plain inet so badly apart that an import of 100,000 addresses
-- spent twenty seconds in the constraint; as ranges it spends three.
create type inetrange as range (subtype = inet);

-- The first to the last address of a prefix, host addresses both.
create function address_range(prefix inet) returns inetrange language sql immutable strict parallel safe
return inetrange(
  set_masklen(network(prefix)::inet, case family(prefix) when 4 then 32 else 128 end),
  set_masklen(broadcast(prefix), case family(prefix) when 4 then 32 else 128 end),
  '[]'
);

create table subscriber_address (
  id bigint generated always as identity primary key,
  subscriber_id bigint not null references subscriber (id) on delete cascade,
  address_space_id bigint not null references address_space (id),
  kind text not null check (kind in ('framed-ip', 'framed-ipv6-prefix', 'delegated-ipv6-prefix', 'framed-ipv6-address')),
  prefix inet not null,
  -- Two owners of one address, or of an address inside the other's prefix, cannot be.
  constraint subscriber_address_apart exclude using gist (address_range(prefix) with &&, address_space_id with =)
);
create index subscriber_address_subscriber on subscriber_address (subscriber_id);

create table subscriber_route (
  id bigint generated always as identity primary key,
  subscriber_id bigint not null references subscriber (id) on delete cascade,
  route text not null
);
create index subscriber_route_subscriber on subscriber_route (subscriber_id);

-- What changed, in commit-safe order: a reader follows `changed_by` up to pg_snapshot_xmin and misses no commit.
create table change_log (
  id bigint generated always as identity primary key,
  table_name text not null,
  row_id bigint not null,
  deleted boolean not null default false,
  changed_by xid8 not null default pg_current_xact_id(),
  changed_at timestamptz not null default now()
);
create index change_log_changed_by on change_log (changed_by);

create function log_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    execute format('insert into change_log (table_name, row_id, deleted) select %L, changed.%I, true from old_rows changed',
      tg_argv[0], tg_argv[1]);
  else
    execute format('insert into change_log (table_name, row_id) select %L, changed.%I from new_rows changed',
      tg_argv[0], tg_argv[1]);
  end if;
  perform pg_notify('gatehouse_change', tg_argv[0]);
  return null;
end $$;

-- Statement triggers: one insert into the log for a bulk import, not one per row.
do $$
declare
  followed record;
begin
  for followed in
    select * from (values
      ('radius_client', 'radius_client', 'id'), ('client_secret', 'radius_client', 'client_id'), ('nas', 'nas', 'id'),
      ('nas_group', 'nas_group', 'id'), ('plan', 'plan', 'id'), ('setting', 'setting', null),
      ('subscriber', 'subscriber', 'id'), ('credential', 'subscriber', 'subscriber_id'),
      ('device', 'subscriber', 'subscriber_id'), ('subscriber_address', 'subscriber', 'subscriber_id'),
      ('subscriber_route', 'subscriber', 'subscriber_id')
    ) as t (table_name, noun, id_column)
    where t.id_column is not null
  loop
    execute format('create trigger log_insert after insert on %I referencing new table as new_rows
      for each statement execute function log_change(%L, %L)', followed.table_name, followed.noun, followed.id_column);
    execute format('create trigger log_update after update on %I referencing new table as new_rows
      for each statement execute function log_change(%L, %L)', followed.table_name, followed.noun, followed.id_column);
    execute format('create trigger log_delete after delete on %I referencing old table as old_rows
      for each statement execute function log_change(%L, %L)', followed.table_name, followed.noun, followed.id_column);
  end loop;
end $$;
