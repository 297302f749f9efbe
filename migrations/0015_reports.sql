-- oldest release that may run on it: 0.1.0
-- Reports: what was counted day by day, so that no report reads packets or walks all subscribers, and reports sent by e-mail.
-- Days are of the ISP's zone. 0 and '' stand for none, so that every row has a key.

-- How many subscribers of a kind there were at the last look on a day.
create table subscriber_day (
  day date not null,
  owner_id bigint not null,
  plan_id bigint not null,
  group_id bigint not null,
  zone text not null,
  label text not null,
  count bigint not null,
  primary key (day, owner_id, plan_id, group_id, zone, label)
);

-- What happened to subscribers on a day.
create table event_day (
  day date not null,
  kind text not null check (kind in ('signup', 'activation', 'renewal', 'churn')),
  owner_id bigint not null,
  plan_id bigint not null,
  group_id bigint not null,
  zone text not null,
  currency text not null,
  count bigint not null,
  amount_minor bigint not null,
  primary key (day, kind, owner_id, plan_id, group_id, zone, currency)
);

create table decision_day (
  day date not null,
  owner_id bigint not null,
  nas_id bigint not null,
  accepted boolean not null,
  reason text not null,
  count bigint not null,
  primary key (day, owner_id, nas_id, accepted, reason)
);

-- By the day of their start.
create table session_day (
  day date not null,
  owner_id bigint not null,
  nas_id bigint not null,
  interface text not null,
  sessions bigint not null,
  input_octets bigint not null,
  output_octets bigint not null,
  primary key (day, owner_id, nas_id, interface)
);

create table usage_total_day (
  day date not null,
  owner_id bigint not null,
  plan_id bigint not null,
  input_octets bigint not null,
  output_octets bigint not null,
  primary key (day, owner_id, plan_id)
);
-- Top usage of some days.
create index usage_day_by_day on usage_day (day);

create table report_schedule (
  id bigint generated always as identity primary key,
  -- What the report may show is what this operator may see when it is made.
  operator_id bigint not null references operator (id),
  owner_id bigint references organisation (id),
  name text not null,
  report text not null,
  parameters jsonb not null,
  format text not null check (format in ('csv', 'xlsx')),
  recipients text[] not null,
  every text not null check (every in ('day', 'week', 'month')),
  -- Local hour.
  hour integer not null check (hour between 0 and 23),
  enabled boolean not null default true,
  -- The last local day it was sent for.
  sent_for date,
  last_error text,
  created_at timestamptz not null
);
