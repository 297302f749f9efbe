-- oldest release that may run on it: 0.1.0
-- Signing in: the second factor, known devices, guesses counted, reset links, the first start, and subscribers' portal.

-- What a reseller may have: null is without limit. Credit is how far its balance may fall below nothing.
alter table organisation
  add column subscriber_limit integer check (subscriber_limit >= 0),
  add column credit_limit_minor bigint not null default 0 check (credit_limit_minor >= 0);

-- To whom a team belongs; null: to the ISP.
alter table team add column organisation_id bigint references organisation (id);

alter table operator
  -- A password that was made up for somebody else is good for a few days only.
  add column password_valid_until timestamptz,
  -- Sealed; enrolled but not confirmed by a code yet.
  add column totp_pending bytea,
  add column totp_pending_at timestamptz;

alter table panel_session
  -- The super-administrator's own session, behind one that looks through another's eyes.
  add column parent_id bigint references panel_session (id),
  -- Wrong codes and proofs in a row: at five it is over.
  add column wrong_tries integer not null default 0;
create index panel_session_viewer on panel_session (viewed_by_id) where ended_at is null and viewed_by_id is not null;

-- Each is good once. Keyed HMAC of the code.
create table recovery_code (
  id bigint generated always as identity primary key,
  operator_id bigint not null references operator (id),
  code_hash bytea not null,
  created_at timestamptz not null,
  used_at timestamptz
);
create index recovery_code_operator on recovery_code (operator_id) where used_at is null;

-- A browser that has been signed in: what strangers guess elsewhere does not keep its operator out.
create table known_device (
  token_hash bytea primary key,
  operator_id bigint not null references operator (id),
  created_at timestamptz not null,
  last_used_at timestamptz not null
);
create index known_device_operator on known_device (operator_id);

-- Guesses in a row, by account, address or device; the key is a hash. Until closed_until none is taken.
create table guess_counter (
  key bytea primary key,
  failures integer not null,
  last_at timestamptz not null,
  closed_until timestamptz
);
create index guess_counter_last on guess_counter (last_at);

-- A link to set a password with, good once. For an unknown address a row is written all the same: it takes as long.
create table password_reset (
  id bigint generated always as identity primary key,
  token_hash bytea not null unique,
  operator_id bigint references operator (id),
  purpose text not null check (purpose in ('reset', 'invitation')),
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz
);
create index password_reset_operator on password_reset (operator_id) where used_at is null;

-- With it the first super-administrator is made; gone once that has happened.
create table setup_token (
  one boolean primary key default true check (one),
  token_hash bytea not null,
  created_at timestamptz not null
);

-- How a subscriber signs in to its portal: never with the credential of its line.
create table portal_login (
  subscriber_id bigint primary key references subscriber (id) on delete cascade,
  -- argon2id as a PHC string.
  password_hash text not null,
  password_changed_at timestamptz not null,
  must_change_password boolean not null default false,
  -- Sealed.
  totp_secret bytea,
  totp_enabled_at timestamptz,
  totp_last_step bigint
);

create table portal_session (
  id bigint generated always as identity primary key,
  token_hash bytea not null unique,
  subscriber_id bigint not null references subscriber (id) on delete cascade,
  state text not null check (state in ('change', 'full')),
  -- The operator who opened it in the subscriber's place.
  opened_by_id bigint references operator (id),
  address inet,
  user_agent text,
  created_at timestamptz not null,
  last_seen_at timestamptz not null,
  ends_at timestamptz not null,
  ended_at timestamptz
);
create index portal_session_subscriber on portal_session (subscriber_id) where ended_at is null;
