-- oldest release that may run on it: 0.1.0
-- Bulk runs: one action upon many subscribers, chunk by chunk in the background.

create table bulk_run (
  id bigint generated always as identity primary key,
  -- By name; of an undo where the items say more than one, that of the run which is undone.
  action text not null,
  -- What the action is told, as it may be shown; whole and sealed where something of it may not.
  params jsonb not null,
  sealed_params bytea,
  -- What was asked for: {"ids": 12}, {"filter": {…}}, {"all": true}. Who that was stands in bulk_item.
  target jsonb not null,
  retry_of bigint,
  undo_of bigint,
  state text not null default 'waiting' check (state in ('waiting', 'running', 'done', 'stopped', 'failed')),
  stop_requested_at timestamptz,
  -- Why it failed, or why it was stopped.
  error text,
  -- Who began it, what they might do and how far they reached then; both are looked at again with every chunk.
  author_kind text not null
    check (author_kind in ('operator', 'token', 'subscriber', 'system', 'command-line', 'anonymous')),
  operator_id bigint,
  token_id bigint,
  author_name text not null,
  address inet,
  request_id text,
  permissions text[] not null,
  owner_id bigint,
  zones text[],
  nas_group_ids bigint[],
  total integer not null default 0,
  -- The items up to here have their results.
  worked_position integer not null default 0,
  done integer not null default 0,
  unchanged integer not null default 0,
  refused integer not null default 0,
  failed integer not null default 0,
  -- When what is shown once was fetched or destroyed.
  revealed_at timestamptz,
  created_at timestamptz not null,
  started_at timestamptz,
  worked_at timestamptz,
  finished_at timestamptz
) with (fillfactor = 50);
create index bulk_run_open on bulk_run (id) where state in ('waiting', 'running');
create index bulk_run_operator on bulk_run (operator_id, id desc);
create index bulk_run_owner on bulk_run (owner_id, id desc);
create index bulk_run_undo_of on bulk_run (undo_of) where undo_of is not null;
create index bulk_run_finished on bulk_run (finished_at) where finished_at is not null;

-- Whom a run concerns, frozen when it is begun, in the order of their ids, and what became of each. A result is written in
-- the transaction of the deed; the pages are left empty enough for it to stay on its own and touch no index (HOT).
create table bulk_item (
  run_id bigint not null,
  position integer not null,
  subscriber_id bigint not null,
  outcome text check (outcome in ('done', 'unchanged', 'refused', 'failed')),
  reason text,
  detail jsonb,
  -- What is shown once, sealed.
  revealed bytea,
  -- The call that would bring back what was.
  undo jsonb,
  -- The call for this one alone, in place of the run's.
  call jsonb,
  primary key (run_id, position)
) with (fillfactor = 15, autovacuum_vacuum_scale_factor = 0.05);
-- A person who is purged is forgotten here too.
create index bulk_item_subscriber on bulk_item (subscriber_id);
