-- oldest release that may run on it: 0.1.0
-- What belongs to a subscriber beside its service: comments, presets to make one from, and the end of its data.

-- What the staff noted, with author and time.
create table subscriber_comment (
  id bigint generated always as identity primary key,
  subscriber_id bigint not null references subscriber (id) on delete cascade,
  text text not null,
  author_name text not null,
  operator_id bigint,
  created_at timestamptz not null
);
create index subscriber_comment_subscriber on subscriber_comment (subscriber_id, id desc);

-- Fields of a new subscriber under a name. Null owner: for every organisation.
create table subscriber_preset (
  id bigint generated always as identity primary key,
  owner_id bigint references organisation (id),
  name text not null,
  fields jsonb not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create unique index subscriber_preset_name on subscriber_preset (coalesce(owner_id, 0), name);

-- The person's data are gone for good; the row stays for its sessions and ledger, under a made-up username.
alter table subscriber add column purged_at timestamptz;
create index subscriber_retention on subscriber (archived_at) where archived_at is not null and purged_at is null;
create index subscriber_members on subscriber (group_id) where group_id is not null;
