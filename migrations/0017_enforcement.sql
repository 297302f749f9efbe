-- oldest release that may run on it: 0.1.0
-- Orders about live sessions are delivered: where a NAS speaks from and to, and why an order ended as it did.

-- As its packets showed: a NAS takes CoA from the address that it sends to, at the address that it sends from.
create table nas_contact (
  nas_id bigint primary key references nas (id) on delete cascade,
  source inet not null,
  heard_on inet not null,
  heard_at timestamptz not null
);

-- Why it ended as it did, in words.
alter table coa_order add column detail text;

-- By NAS: one that does not answer holds up nobody else's. An acknowledged order is looked at once more.
drop index coa_order_due;
create index coa_order_due on coa_order (nas_id, next_at) where state in ('waiting', 'claimed', 'timeout', 'acked');

-- Transactions that NOTIFY commit one after the other, each with its flush: some two hundred a second, whatever the machine. So
-- orders are looked for, and nobody is told of a change in the log, which its readers look at anyway.
create or replace function log_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    execute format('insert into change_log (table_name, row_id, deleted) select %L, changed.%I, true from old_rows changed',
      tg_argv[0], tg_argv[1]);
  else
    execute format('insert into change_log (table_name, row_id) select %L, changed.%I from new_rows changed',
      tg_argv[0], tg_argv[1]);
  end if;
  return null;
end $$;

-- Addresses of the network are none of a reseller's business: without a policy for them there is nothing to be seen.
alter table nas_contact enable row level security;
create policy of_service on nas_contact to gatehouse_service using (true) with check (true);

select fence();
