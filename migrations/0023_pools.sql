-- oldest release that may run on it: 0.1.0
-- Addresses that we hand out ourselves: pools of an address space, the ranges of each, and one row for each address.

create table ip_pool (
  id bigint generated always as identity primary key,
  -- The name that plans and gardens use; the NAS's own pool of that name is the way out.
  name text not null,
  address_space_id bigint not null references address_space (id),
  -- Null: for every NAS group of the space that has no pool of this name of its own.
  nas_group_id bigint references nas_group (id),
  kind text not null check (kind in ('ipv4', 'ipv6-prefix', 'delegated-ipv6-prefix')),
  -- Of what is handed out.
  prefix_length integer not null check (case kind when 'ipv4' then prefix_length = 32 else prefix_length between 16 and 64 end),
  -- `nas-pool`: accepted without an address, so that the NAS takes one of its own pool.
  on_exhausted text not null default 'reject' check (on_exhausted in ('reject', 'nas-pool')),
  -- Whether a line gets the address again that it had last.
  sticky boolean not null default true,
  -- What is online when a pool or its NAS is added holds addresses that we do not know yet: until then we only look.
  learns boolean not null default true,
  learn_until timestamptz,
  created_at timestamptz not null default now()
);
create unique index ip_pool_name on ip_pool (address_space_id, kind, name, coalesce(nas_group_id, 0));

create table ip_pool_range (
  id bigint generated always as identity primary key,
  pool_id bigint not null references ip_pool (id) on delete cascade,
  address_space_id bigint not null references address_space (id),
  first inet not null,
  last inet not null,
  excluded boolean not null default false,
  check (family(first) = family(last) and first <= last),
  -- An address belongs to one pool.
  constraint ip_pool_range_apart exclude using gist (inetrange(first, last, '[]') with &&, address_space_id with =)
    where (not excluded)
);
create index ip_pool_range_pool on ip_pool_range (pool_id);

-- The key is the address: whoever gets the row has it, and nobody else. Hot, so without foreign keys.
create table ip_lease (
  address_space_id bigint not null,
  -- Of a prefix with its length.
  address inet not null,
  pool_id bigint not null,
  -- Whose line it is, or was last.
  subscriber_id bigint,
  line text,
  nas_group_id bigint,
  class_id bigint,
  claimed_at timestamptz,
  -- Nobody else gets it before: the end of the hold of a login, of the quiet time after a session, or infinity while a session
  -- or a subscriber's static address has it.
  leased_until timestamptz not null default '-infinity',
  is_static boolean not null default false,
  primary key (address_space_id, address)
) with (fillfactor = 70);
create index ip_lease_free on ip_lease (pool_id, leased_until);
create index ip_lease_subscriber on ip_lease (subscriber_id, pool_id) where subscriber_id is not null;
create index ip_lease_static on ip_lease (pool_id) where is_static;

create trigger log_insert after insert on ip_pool referencing new table as new_rows
  for each statement execute function log_change('ip_pool', 'id');
create trigger log_update after update on ip_pool referencing new table as new_rows
  for each statement execute function log_change('ip_pool', 'id');
create trigger log_delete after delete on ip_pool referencing old table as old_rows
  for each statement execute function log_change('ip_pool', 'id');

-- Read by everybody and changed by the ISP alone; as policies, since fence() gives the rights of every table anew.
do $$
declare
  shared text;
begin
  foreach shared in array array['ip_pool', 'ip_pool_range'] loop
    execute format('alter table %I enable row level security', shared);
    execute format('create policy of_service on %I to gatehouse_service using (true) with check (true)', shared);
    execute format('create policy of_reseller on %I for select to gatehouse_reseller using (true)', shared);
  end loop;
end $$;

select fence();
