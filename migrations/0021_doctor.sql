-- oldest release that may run on it: 0.1.0
-- What the RADIUS processes count of the NASes, kept for the NAS doctor, which runs elsewhere.

-- By hour. Written in batches of some seconds, and bounded: what is told apart by source is so for the first sources only.
create table nas_tally (
  hour timestamptz not null,
  kind text not null check (kind ~ '^[a-z][a-z-]{1,40}$'),
  -- Without foreign keys: a client that is deleted meanwhile must not lose the batch of the others.
  client_id bigint,
  nas_id bigint,
  source inet,
  count bigint not null,
  -- Of what is measured (clock-skew: by how many milliseconds the clock of the NAS is ahead) the farthest from zero.
  worst bigint,
  first_at timestamptz not null,
  last_at timestamptz not null,
  unique nulls not distinct (hour, kind, client_id, nas_id, source)
);

-- How long our answers took, by process, port and minute.
create table answer_time (
  minute timestamptz not null,
  instance text not null,
  kind text not null check (kind in ('authentication', 'accounting')),
  answers bigint not null,
  p99_ms double precision not null,
  primary key (minute, instance, kind)
);

-- Orders of the last day, whatever came of them.
create index coa_order_created on coa_order using brin (created_at);

-- Never a reseller's business: under row level security without a policy for them there is nothing to be seen.
alter table nas_tally enable row level security;
create policy of_service on nas_tally to gatehouse_service using (true) with check (true);
alter table answer_time enable row level security;
create policy of_service on answer_time to gatehouse_service using (true) with check (true);

select fence();
