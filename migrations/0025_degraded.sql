-- oldest release that may run on it: 0.1.0
-- Logins that were let in by what an instance last knew, while Postgres did not answer: each is looked at again once it does.

create table degraded_accept (
  class_id bigint primary key,
  -- Without foreign keys: whoever is gone meanwhile must not hold up the others of its batch.
  subscriber_id bigint not null,
  nas_id bigint not null,
  nas_group_id bigint not null,
  line text,
  -- What the NAS stated of the line, as src/domain/degraded-accept.ts writes it.
  facts jsonb not null,
  -- What could not be looked at: session-limit, usage, device, activation, end, address.
  unchecked text[] not null,
  -- When the books were last known whole, and when the login was let in.
  seen_at timestamptz not null,
  decided_at timestamptz not null,
  written_at timestamptz not null,
  -- When it was looked at first, and what was found last: entitled, or why not.
  looked_at timestamptz,
  finding text,
  -- The next look; null: there is nothing left to do.
  next_at timestamptz
);
create index degraded_accept_next on degraded_accept (next_at) where next_at is not null;
create index degraded_accept_subscriber on degraded_accept (subscriber_id);

select fence();
