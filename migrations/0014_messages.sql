-- oldest release that may run on it: 0.1.0
-- Messages out: an outbox of mails and webhooks, the texts they are made of, and where they go.

-- The one server that mail goes through.
create table mail_server (
  id integer primary key default 1 check (id = 1),
  host text not null,
  port integer not null check (port between 1 and 65535),
  security text not null check (security in ('none', 'starttls', 'tls')),
  sender text not null,
  username text,
  -- Sealed.
  password bytea,
  updated_at timestamptz not null
);

-- What an operator wrote in place of our own text of a kind and language.
create table message_template (
  kind text not null,
  language text not null,
  subject text not null,
  text text not null,
  updated_at timestamptz not null,
  primary key (kind, language)
);

create table webhook (
  id bigint generated always as identity primary key,
  -- Null: of the ISP, hears of everything.
  owner_id bigint references organisation (id),
  name text not null unique,
  url text not null,
  -- Patterns of audit actions: `subscriber.*`, `subscriber.renew`.
  events text[] not null,
  -- Sealed; signs every call.
  secret bytea not null,
  enabled boolean not null default true,
  created_at timestamptz not null
);

create table message (
  id bigint generated always as identity primary key,
  channel text not null check (channel in ('mail', 'webhook')),
  -- A template's kind, or the audit action that a webhook tells.
  kind text not null,
  -- A mail's address.
  recipient text,
  webhook_id bigint references webhook (id) on delete cascade,
  subscriber_id bigint,
  operator_id bigint,
  owner_id bigint,
  subject text,
  -- Sealed: it may hold a link that opens an account. Emptied when it was delivered and holds one.
  body bytea,
  holds_secret boolean not null default false,
  -- A file that goes with a mail, sealed.
  attachment bytea,
  attachment_name text,
  -- What must be told once: a second message of the same key is not made.
  once_key text unique,
  state text not null default 'waiting' check (state in ('waiting', 'sending', 'sent', 'failed')),
  attempts integer not null default 0,
  next_at timestamptz not null,
  last_error text,
  created_at timestamptz not null,
  sent_at timestamptz
);
create index message_due on message (next_at) where state in ('waiting', 'sending');
create index message_created on message (created_at desc, id desc);
create index message_subscriber on message (subscriber_id) where subscriber_id is not null;

-- How far the audit trail has been told to webhooks.
create table announced (
  id integer primary key default 1 check (id = 1),
  -- The last link of the audit chain that was told.
  until bigint not null
);
