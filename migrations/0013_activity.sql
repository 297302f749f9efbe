-- oldest release that may run on it: 0.1.0
-- What happened, to be shown and proved: the hash chain over the audit trail, disclosures of who had an address, and the
-- indexes that a subscriber's timeline, lists of sessions and the live feed are read by.

-- One row for each audit entry, in the order in which the sequencer found it committed (src/domain/audit/chain.ts).
create table audit_chain (
  sequence bigint primary key,
  entry_id bigint not null unique,
  -- SHA-256 of the hash before, the sequence, and the entry's columns.
  hash bytea not null,
  chained_at timestamptz not null
);
create trigger append_only before update or delete or truncate on audit_chain
  for each statement execute function refuse_change();

-- From where the sequencer reads on: every transaction before it has ended, and all that it wrote is chained.
create table audit_chain_position (
  only_row boolean primary key default true check (only_row),
  changed_by xid8 not null default '0',
  -- Entries up to this id are chained, whatever transaction a restored database says they are of.
  floor_id bigint not null default 0
);
insert into audit_chain_position default values;
create index audit_entry_changed_by on audit_entry (changed_by);
create index audit_entry_person on audit_entry (person_id, id desc) where person_id is not null;

-- Who asked who had an address, why, and how many answers there were. The answers themselves are not kept twice.
create table disclosure (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  author_kind text not null,
  operator_id bigint,
  author_name text not null,
  address inet,
  request_id text,
  -- The organisation of who asked, where it is a reseller's.
  owner_id bigint,
  reason text not null,
  case_number text,
  sought text not null,
  sought_kind text not null check (sought_kind in ('address', 'mac', 'circuit-id')),
  sought_at timestamptz,
  address_space_id bigint,
  port integer check (port between 0 and 65535),
  answers integer not null
);
create trigger append_only before update or delete or truncate on disclosure
  for each statement execute function refuse_change();

-- Lists of sessions, newest first. Interims touch none of these columns (HOT).
create index session_started on session (started_at, id);
create index session_mac on session (mac) where mac is not null;
create index session_closed_subscriber on session (subscriber_id, ended_at) where ended_at is not null;
create index session_archive_id on session_archive (id);
create index session_archive_started on session_archive (started_at, id);
create index session_archive_mac on session_archive (mac) where mac is not null;
create index session_archive_subscriber_ended on session_archive (subscriber_id, ended_at);

-- Rows are only appended since 0003: with the time in it one look-up gives a name's decisions in their order.
drop index access_log_username;
create index access_log_username on access_log (username, last_at);
create index access_log_last on access_log using brin (last_at) with (pages_per_range = 16, autosummarize = on);

create index coa_order_subscriber on coa_order (subscriber_id, created_at) where subscriber_id is not null;

-- The whole number of the transaction that wrote a row version (`xmin` has its lower 32 bits only), for pg_visible_in_snapshot.
create function whole_xid(lower xid, snapshot pg_snapshot) returns xid8 language sql immutable strict parallel safe
return (
  (pg_snapshot_xmax(snapshot)::text::bigint
    - ((pg_snapshot_xmax(snapshot)::text::bigint - lower::text::bigint) & 4294967295))::text::xid8
);
