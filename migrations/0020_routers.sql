-- oldest release that may run on it: 0.1.0
-- The management side of routers: how we get in, and what we were asked to read or end there.

-- How the router of a NAS is reached. The password is sealed; without a pin or a CA nothing is believed, so that only the API
-- can be spoken in the clear, where somebody chose that, and with a host that somebody named.
create table nas_router (
  nas_id bigint primary key references nas (id) on delete cascade,
  backend text not null check (backend in ('api', 'rest')),
  -- Null: where the NAS is.
  host text check (length(host) between 1 and 253),
  port integer not null check (port between 1 and 65535),
  user_name text not null check (length(user_name) between 1 and 100),
  password bytea not null,
  -- Of the certificate's DER.
  pin_sha256 bytea check (length(pin_sha256) = 32),
  ca_pem text check (length(ca_pem) <= 65536),
  -- The name in a certificate of the CA, where it is not the host.
  server_name text check (length(server_name) between 1 and 253),
  timeout_ms integer not null check (timeout_ms between 100 and 60000),
  created_at timestamptz not null,
  updated_at timestamptz not null,
  check (pin_sha256 is null or ca_pem is null),
  check (server_name is null or ca_pem is not null),
  check (backend = 'api' or pin_sha256 is not null or ca_pem is not null),
  check (host is not null or pin_sha256 is not null or ca_pem is not null)
);

-- What is to be read or done on a router: asked here, carried out by the jobs process, and the result is in the row.
create table router_run (
  id bigint generated always as identity primary key,
  nas_id bigint not null references nas (id) on delete cascade,
  kind text not null check (kind ~ '^[a-z][a-z-]{1,30}$'),
  params jsonb not null default '{}',
  author_kind text not null
    check (author_kind in ('operator', 'token', 'subscriber', 'system', 'command-line', 'anonymous')),
  operator_id bigint,
  author_name text not null,
  state text not null default 'waiting' check (state in ('waiting', 'running', 'done', 'failed')),
  result jsonb,
  -- Of whom something is said in the result: what a purge goes by.
  person_ids bigint[] not null default '{}',
  error text,
  attempts integer not null default 0,
  created_at timestamptz not null,
  -- Not before; spreads what is asked for many routers at once.
  due_at timestamptz not null,
  started_at timestamptz,
  finished_at timestamptz,
  claimed_by text,
  -- Later than this a run whose carrier died is due again.
  lease_until timestamptz
);
create index router_run_nas on router_run (nas_id, id desc);
create index router_run_due on router_run (due_at) where state in ('waiting', 'running');
create index router_run_created on router_run (created_at);

create function announce_router_runs() returns trigger language plpgsql as $$
begin
  perform pg_notify('router_run', '');
  return null;
end $$;
create trigger announce after insert on router_run for each statement execute function announce_router_runs();

-- Never a reseller's business: under row level security without a policy for them there is nothing to be seen.
alter table nas_router enable row level security;
create policy of_service on nas_router to gatehouse_service using (true) with check (true);

select fence();
