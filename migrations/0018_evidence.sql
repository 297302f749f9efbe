-- oldest release that may run on it: 0.1.0
-- What was sent for each order and what came back, what a change brought a session to and the evidence that it took effect, and
-- what NASes cannot do.

-- One sending: a request with its retransmissions, or a removal on the router. Written with the result of its order.
create table coa_attempt (
  id bigint generated always as identity primary key,
  order_id bigint not null,
  -- Of the order, so that a reseller's fence holds here too.
  subscriber_id bigint,
  at timestamptz not null,
  kind text not null check (kind in ('change', 'disconnect', 'router')),
  sent_to inet,
  port integer,
  -- Ours; null: whichever the system chose.
  sent_from inet,
  outcome text not null
    check (outcome in ('ack', 'nak', 'timeout', 'bad-authenticator', 'error', 'removed', 'not-there', 'still-there')),
  error_cause integer,
  round_trip_ms integer,
  -- Of a change: whether it leads into the walled garden.
  garden boolean,
  detail text
);
create index coa_attempt_order on coa_attempt (order_id);

-- What an acknowledged change brought the session to (see domain/coa-evidence.ts), and the record that its byte rate is reckoned
-- from: the first one after the acknowledgement, then the last one that was looked at.
alter table coa_order
  add column granted jsonb,
  add column proof_at timestamptz,
  add column proof_session_time bigint,
  add column proof_input bigint,
  add column proof_output bigint,
  -- Looks in a row that found it faster than granted.
  add column proof_strikes smallint not null default 0;
create index coa_order_unproved on coa_order (finished_at, id) where wish = 'reapply' and state = 'done' and evidence = 'acked';
create index coa_order_proved on coa_order (nas_id, finished_at) where evidence in ('observed', 'inferred');

-- NASes that refuse to change sessions live, as their NAKs said. A day after the last one an order tries again.
create table nas_capability (
  nas_id bigint primary key references nas (id) on delete cascade,
  cannot_change_since timestamptz not null,
  error_cause integer not null,
  learnt_at timestamptz not null
);
-- None of a reseller's business.
alter table nas_capability enable row level security;
create policy of_service on nas_capability to gatehouse_service using (true) with check (true);

-- User-Name as the NAS sends it, where that is another text than the username: a session is named to its NAS in these words.
alter table session add column sent_username text;
alter table session_archive add column sent_username text;

select fence();
