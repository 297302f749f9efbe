-- oldest release that may run on it: 0.1.0
-- Who works here, what they may do, and what they did: operators, roles, teams, panel sessions, API tokens, the audit trail.

-- What a built-in role may do stands in src/domain/operator/permission.ts; a custom one keeps its permissions here.
create table role (
  id bigint generated always as identity primary key,
  name text not null unique,
  built_in boolean not null default false,
  permissions text[] not null default '{}',
  created_at timestamptz not null default now()
);
insert into role (name, built_in)
values ('super-administrator', true), ('administrator', true), ('support', true), ('billing', true), ('reseller', true),
  ('viewer', true);

-- A team narrows what its operators see: subscribers of these zones, NASes of these groups. Null: all.
create table team (
  id bigint generated always as identity primary key,
  name text not null unique,
  zones text[],
  nas_group_ids bigint[],
  created_at timestamptz not null default now()
);

create table operator (
  id bigint generated always as identity primary key,
  organisation_id bigint not null references organisation (id),
  role_id bigint not null references role (id),
  team_id bigint references team (id),
  name text not null,
  -- The login; in lower case.
  email text not null,
  phone text,
  phone_extension text,
  language text,
  enabled boolean not null default true,
  -- argon2id as a PHC string; null: none was ever set.
  password_hash text,
  password_changed_at timestamptz,
  must_change_password boolean not null default false,
  -- Sealed; in force once enabled.
  totp_secret bytea,
  totp_enabled_at timestamptz,
  -- The step of the last code that was taken: a code is good once (RFC 6238 §5.2).
  totp_last_step bigint,
  created_at timestamptz not null,
  created_by text,
  updated_at timestamptz not null,
  last_login_at timestamptz,
  archived_at timestamptz
);
create unique index operator_email on operator (email) where archived_at is null;
create index operator_organisation on operator (organisation_id);

-- A panel session: only the hash of its random id is kept.
create table panel_session (
  id bigint generated always as identity primary key,
  token_hash bytea not null unique,
  operator_id bigint not null references operator (id),
  -- `password`: the second factor is still owed, it has no rights; `change`: the password must be changed first.
  state text not null check (state in ('password', 'change', 'full')),
  -- A super-administrator who looks through another operator's eyes.
  viewed_by_id bigint references operator (id),
  address inet,
  user_agent text,
  created_at timestamptz not null,
  last_seen_at timestamptz not null,
  -- When a password or code was last proved: what is grave asks for it again.
  proved_at timestamptz not null,
  -- At the latest, however busy.
  ends_at timestamptz not null,
  ended_at timestamptz
);
create index panel_session_operator on panel_session (operator_id) where ended_at is null;

create table api_token (
  id bigint generated always as identity primary key,
  operator_id bigint not null references operator (id),
  name text not null,
  -- The beginning of the token, for lists and for who finds one in the wild.
  prefix text not null,
  token_hash bytea not null unique,
  permissions text[] not null,
  -- From where it may be used; empty: from anywhere.
  allowed cidr[] not null default '{}',
  created_at timestamptz not null,
  expires_at timestamptz not null,
  last_used_at timestamptz,
  last_used_address inet,
  revoked_at timestamptz
);
create index api_token_operator on api_token (operator_id);

-- The answer to a request that may be sent again: same caller, same key, same request, same answer.
create table idempotency_key (
  caller text not null,
  key text not null,
  fingerprint bytea not null,
  status integer,
  body text,
  created_at timestamptz not null,
  primary key (caller, key)
);
create index idempotency_key_created on idempotency_key (created_at);

-- Opens the personal values of a person's audit entries; sealed. Purging the person destroys it.
create table person_key (
  subscriber_id bigint primary key,
  key bytea not null,
  created_at timestamptz not null
);

-- Who did what to which row, when, from where. Appended to, never changed.
create table audit_entry (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  changed_by xid8 not null default pg_current_xact_id(),
  author_kind text not null
    check (author_kind in ('operator', 'token', 'subscriber', 'system', 'command-line', 'anonymous')),
  operator_id bigint,
  author_name text not null,
  -- Whose eyes were used, in `view as` and in a subscriber's portal.
  viewed_by text,
  address inet,
  request_id text,
  action text not null,
  noun text not null,
  row_id bigint,
  -- To which organisation the row belongs: a reseller reads the entries of its own.
  owner_id bigint,
  before jsonb,
  after jsonb,
  -- Personal values of before and after, under the person's key.
  person_id bigint,
  personal bytea
);
create index audit_entry_row on audit_entry (noun, row_id, id desc);
create index audit_entry_operator on audit_entry (operator_id, id desc) where operator_id is not null;
create index audit_entry_owner on audit_entry (owner_id, id desc);
create index audit_entry_action on audit_entry (action, id desc);
create index audit_entry_request on audit_entry (request_id) where request_id is not null;
create index audit_entry_at on audit_entry using brin (at);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is appended to and never changed', tg_table_name using errcode = 'insufficient_privilege';
end $$;
create trigger append_only before update or delete or truncate on audit_entry
  for each statement execute function refuse_change();
