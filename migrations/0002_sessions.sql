-- oldest release that may run on it: 0.1.0
-- What happens: sessions, usage, the access log, CoA orders and job runs. The hot tables hold no foreign keys.

-- Open and just-closed sessions. Interims touch no indexed column, so that updates stay on their page (HOT).
create table session (
  id bigint generated always as identity primary key,
  nas_id bigint not null,
  acct_session_id text not null,
  -- Acct-Session-Ids repeat after a reboot: (nas, id, epoch) is one session.
  epoch integer not null,
  -- A service session (child) never adds to usage.
  parent_id bigint,
  subscriber_id bigint,
  username text not null,
  class_id bigint,
  nas_group_id bigint not null,
  address_space_id bigint not null,
  line text,
  leg text,
  multi_session_id text,
  mac macaddr,
  circuit_id bytea,
  remote_id bytea,
  duid bytea,
  -- As sent, and in parts.
  interface text,
  port text,
  s_vlan integer,
  c_vlan integer,
  framed_ip inet,
  framed_ipv6_prefix inet,
  delegated_ipv6_prefix inet,
  framed_ipv6_address inet,
  framed_interface_id text,
  started_at timestamptz not null,
  start_seen boolean not null default false,
  event_at timestamptz not null,
  updated_at timestamptz not null,
  ended_at timestamptz,
  ended_by text check (ended_by in ('stop', 'nas-reboot', 'replaced', 'stale', 'operator')),
  terminate_cause integer,
  session_time bigint not null default 0,
  -- Totals; base + segment, where the segment is what the NAS counts since its last reset or wrap.
  input_octets bigint not null default 0,
  output_octets bigint not null default 0,
  base_input bigint not null default 0,
  base_output bigint not null default 0,
  segment_input bigint not null default 0,
  segment_output bigint not null default 0,
  -- The totals before the last write: the delta that usage gets, exact on every Postgres version.
  prev_input bigint not null default 0,
  prev_output bigint not null default 0,
  input_packets bigint not null default 0,
  output_packets bigint not null default 0,
  gigawords boolean not null default false,
  -- Records that no order explains: shown, never charged.
  anomalies integer not null default 0,
  last_anomaly text,
  interim_interval_s integer
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
create unique index session_identity on session (nas_id, acct_session_id, epoch);
create index session_open_subscriber on session (subscriber_id) where ended_at is null;
create index session_ended on session (ended_at) where ended_at is not null;
create index session_framed_ip on session (framed_ip) where framed_ip is not null;

create table session_archive (
  like session including defaults
) partition by range (started_at);
create index session_archive_identity on session_archive (nas_id, acct_session_id);
create index session_archive_subscriber on session_archive (subscriber_id, started_at desc);
create index session_archive_framed_ip on session_archive (framed_ip) where framed_ip is not null;
create table session_archive_default partition of session_archive default;

-- A login that was accepted and whose Start has not come yet, where the plan limits sessions.
-- The slot makes two simultaneous logins meet on one key. Unlogged: a crash or a promotion empties it, and what was claimed
-- can be claimed again.
create unlogged table session_claim (
  subscriber_id bigint not null,
  slot integer not null,
  line text not null,
  nas_group_id bigint not null,
  class_id bigint not null,
  claimed_at timestamptz not null,
  primary key (subscriber_id, slot)
) with (fillfactor = 50);

create table usage_hour (
  subscriber_id bigint not null,
  hour timestamptz not null,
  input_octets bigint not null,
  output_octets bigint not null,
  primary key (subscriber_id, hour)
) partition by range (hour);
create table usage_hour_default partition of usage_hour default with (fillfactor = 70);

create table usage_day (
  subscriber_id bigint not null,
  day date not null,
  input_octets bigint not null,
  output_octets bigint not null,
  primary key (subscriber_id, day)
);

create table usage_period (
  subscriber_id bigint not null,
  period_started_at timestamptz not null,
  input_octets bigint not null,
  output_octets bigint not null,
  primary key (subscriber_id, period_started_at)
) with (fillfactor = 70);

-- Access decisions; the same outcome of the same line on the same day is one row with a count.
create table access_log (
  day date not null,
  outcome_key bigint not null,
  subscriber_id bigint,
  username text not null,
  nas_id bigint,
  line text,
  interface text,
  method text not null,
  reason text not null,
  accepted boolean not null,
  detail text,
  reply jsonb,
  count bigint not null default 1,
  first_at timestamptz not null,
  last_at timestamptz not null,
  primary key (day, outcome_key)
) partition by range (day);
-- Not by time too: a repeated outcome moves last_at, and would no longer stay on its page (HOT).
create index access_log_username on access_log (username);
create table access_log_default partition of access_log default with (fillfactor = 80);

-- A wish about a session: reapply what the subscriber is entitled to now, or disconnect. Rendered at delivery.
create table coa_order (
  id bigint generated always as identity primary key,
  session_id bigint not null,
  subscriber_id bigint,
  nas_id bigint not null,
  wish text not null check (wish in ('reapply', 'disconnect')),
  reason text not null,
  state text not null default 'waiting'
    check (state in ('waiting', 'claimed', 'acked', 'nacked', 'timeout', 'done', 'failed', 'replaced', 'expired')),
  evidence text check (evidence in ('acked', 'observed', 'inferred')),
  attempts integer not null default 0,
  next_at timestamptz not null,
  deadline timestamptz not null,
  claimed_by text,
  error_cause integer,
  round_trip_ms integer,
  created_at timestamptz not null,
  finished_at timestamptz
);
create index coa_order_due on coa_order (next_at) where state in ('waiting', 'timeout');
create index coa_order_session on coa_order (session_id);

-- One row per job and planned local time: the key that lets exactly one instance run it, and a missed night be seen.
create table job_run (
  job text not null,
  planned_local timestamp not null,
  instance text not null,
  started_at timestamptz not null,
  finished_at timestamptz,
  result jsonb,
  error text,
  primary key (job, planned_local)
);

-- Partitions for `ahead` days: usage by day, access log by day, archive by month. Safe to call at any time.
create function ensure_partitions(today date, ahead integer) returns void language plpgsql as $$
declare
  d date;
  m date;
  name text;
begin
  perform pg_advisory_xact_lock(hashtext('gatehouse ensure_partitions'));
  for d in select generate_series(today, today + ahead, interval '1 day')::date loop
    name := 'usage_hour_' || to_char(d, 'YYYYMMDD');
    if to_regclass(name) is null then
      execute format('create table %I partition of usage_hour for values from (%L) to (%L) with (fillfactor = 70)',
        name, d::text || ' 00:00:00+00', (d + 1)::text || ' 00:00:00+00');
    end if;
    name := 'access_log_' || to_char(d, 'YYYYMMDD');
    if to_regclass(name) is null then
      execute format('create table %I partition of access_log for values from (%L) to (%L) with (fillfactor = 80)',
        name, d, d + 1);
    end if;
  end loop;
  for m in select generate_series(date_trunc('month', (today - 62)::timestamp), today + ahead, interval '1 month')::date loop
    name := 'session_archive_' || to_char(m, 'YYYYMM');
    if to_regclass(name) is null then
      execute format('create table %I partition of session_archive for values from (%L) to (%L)',
        name, m::text || ' 00:00:00+00', (m + interval '1 month')::date::text || ' 00:00:00+00');
    end if;
  end loop;
end $$;
select ensure_partitions((now() at time zone 'utc')::date, 7);
