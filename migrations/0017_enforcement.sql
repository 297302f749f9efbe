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

create function announce_coa_orders() returns trigger language plpgsql as $$
begin
  perform pg_notify('coa_order', '');
  return null;
end $$;
create trigger announce after insert on coa_order for each statement execute function announce_coa_orders();

select fence();
