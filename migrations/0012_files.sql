-- oldest release that may run on it: 0.1.0
-- Files: imports that run in the background with the errors of their rows, and exports that wait to be fetched.

create table import_run (
  id bigint generated always as identity primary key,
  state text not null default 'waiting'
    check (state in ('waiting', 'running', 'done', 'refused', 'stopped', 'failed')),
  mode text not null check (mode in ('create', 'upsert')),
  partial boolean not null,
  dry_run boolean not null,
  -- The file's own names of columns to ours.
  mapping jsonb,
  format text not null check (format in ('csv', 'xlsx')),
  -- In the folder of files, under a name of our own; null once it was read.
  file_name text,
  file_octets bigint not null,
  file_hash bytea not null,
  -- Of file, options and author: the same again is this run.
  fingerprint bytea not null,
  -- Who began it, what they might do and how far they reached then; both are looked at again when it runs.
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
  phase text check (phase in ('check', 'write')),
  -- Rows up to this line are written, with their results.
  done_line integer not null default 0,
  rows integer not null default 0,
  created integer not null default 0,
  updated integer not null default 0,
  unchanged integer not null default 0,
  errors integer not null default 0,
  groups_made text[] not null default '{}',
  notices text[] not null default '{}',
  error text,
  stop_requested_at timestamptz,
  -- Which instance works on it; one that was not heard of for a minute has lost it.
  taken_by text,
  created_at timestamptz not null,
  started_at timestamptz,
  worked_at timestamptz,
  finished_at timestamptz
) with (fillfactor = 50);
create index import_run_open on import_run (id) where state in ('waiting', 'running');
create index import_run_fingerprint on import_run (fingerprint);
create index import_run_operator on import_run (operator_id, id desc);
create index import_run_owner on import_run (owner_id, id desc);
create index import_run_finished on import_run (finished_at) where finished_at is not null;

create table import_error (
  id bigint generated always as identity primary key,
  run_id bigint not null references import_run (id) on delete cascade,
  line integer not null,
  field text not null,
  reason text not null
);
create index import_error_run on import_error (run_id, line, id);

create table export_run (
  id bigint generated always as identity primary key,
  state text not null default 'waiting' check (state in ('waiting', 'running', 'done', 'stopped', 'failed')),
  noun text not null,
  format text not null check (format in ('csv', 'xlsx')),
  bom boolean not null,
  -- What was asked for: columns, filter, from, to.
  query jsonb not null,
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
  rows integer not null default 0,
  octets bigint not null default 0,
  -- In the folder of files; null before it is there, and once it is gone.
  file_name text,
  error text,
  stop_requested_at timestamptz,
  taken_by text,
  created_at timestamptz not null,
  started_at timestamptz,
  worked_at timestamptz,
  finished_at timestamptz
) with (fillfactor = 50);
create index export_run_open on export_run (id) where state in ('waiting', 'running');
create index export_run_operator on export_run (operator_id, id desc);
create index export_run_finished on export_run (finished_at) where finished_at is not null;
