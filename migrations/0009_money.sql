-- oldest release that may run on it: 0.1.0
-- Money: payers, wallets of resellers, a double-entry ledger that is only appended to, renewals and the periods they bought.

-- `own`: made with its subscriber and not shown by itself; `company`: pays for several services on one bill.
alter table payer
  add column kind text not null default 'own' check (kind in ('own', 'company')),
  add column email text,
  add column phone text,
  add column address text,
  -- How far below zero a renewal may take the balance.
  add column credit_limit_minor bigint not null default 0 check (credit_limit_minor between 0 and 100000000000000000),
  add column updated_at timestamptz,
  add constraint payer_balance_bounds check (balance_minor between -100000000000000000 and 100000000000000000),
  -- What the ledger refers to: a payer's currency cannot change once money has moved.
  add constraint payer_currency unique (id, currency);
create index payer_owner on payer (owner_id, id);
create index payer_name on payer (lower(name) text_pattern_ops);

-- The prepaid balance of a reseller.
create table wallet (
  organisation_id bigint primary key references organisation (id),
  currency char(3) not null,
  balance_minor bigint not null default 0 check (balance_minor between -100000000000000000 and 100000000000000000),
  credit_limit_minor bigint not null default 0 check (credit_limit_minor between 0 and 100000000000000000),
  -- The wallet is charged for what its subscribers renew, in place of their payers.
  pays_renewals boolean not null default false,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint wallet_currency unique (organisation_id, currency)
);

-- One movement of money. The amount is what it does to the balance of its payer or wallet.
create table ledger_transaction (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  kind text not null check (kind in ('opening', 'top-up', 'payment', 'refund', 'charge', 'adjustment', 'activation', 'renewal',
    'plan-change', 'reversal')),
  -- The organisation of the payer or wallet: a reseller sees its own.
  owner_id bigint not null references organisation (id),
  payer_id bigint,
  organisation_id bigint,
  -- Kept when the subscriber is purged.
  subscriber_id bigint,
  currency char(3) not null,
  amount_minor bigint not null check (amount_minor <> 0),
  balance_after_minor bigint not null,
  -- How another system calls it; `source` tells two of them apart.
  source text not null default '',
  external_reference text,
  note text,
  reason text,
  -- The transaction that this one takes back; at most one does.
  reverses_id bigint unique references ledger_transaction (id),
  -- The payment that this one pays back, perhaps in part.
  refunds_id bigint references ledger_transaction (id),
  -- The service that was paid for.
  period_starts_at timestamptz,
  period_ends_at timestamptz,
  author_kind text not null,
  operator_id bigint,
  author_name text not null,
  check ((payer_id is null) <> (organisation_id is null)),
  foreign key (payer_id, currency) references payer (id, currency),
  foreign key (organisation_id, currency) references wallet (organisation_id, currency)
);
create unique index ledger_transaction_reference on ledger_transaction (owner_id, kind, source, external_reference)
  where external_reference is not null;
create index ledger_transaction_payer on ledger_transaction (payer_id, id desc) where payer_id is not null;
create index ledger_transaction_organisation on ledger_transaction (organisation_id, id desc) where organisation_id is not null;
create index ledger_transaction_subscriber on ledger_transaction (subscriber_id, id desc) where subscriber_id is not null;
create index ledger_transaction_owner on ledger_transaction (owner_id, id desc);
create index ledger_transaction_refunds on ledger_transaction (refunds_id) where refunds_id is not null;
create index ledger_transaction_at on ledger_transaction using brin (at);

-- Its two sides: positive is in favour of the account. They sum to zero.
create table ledger_entry (
  transaction_id bigint not null references ledger_transaction (id),
  account text not null check (account in ('payer', 'wallet', 'cash', 'revenue', 'adjustment', 'opening')),
  payer_id bigint,
  organisation_id bigint,
  amount_minor bigint not null check (amount_minor <> 0),
  primary key (transaction_id, account),
  check ((account = 'payer') = (payer_id is not null)),
  check ((account = 'wallet') = (organisation_id is not null))
);
create index ledger_entry_payer on ledger_entry (payer_id) where payer_id is not null;
create index ledger_entry_organisation on ledger_entry (organisation_id) where organisation_id is not null;

-- A transaction has all its entries from one statement, they sum to zero and say what the transaction says.
create function check_ledger_entries() returns trigger language plpgsql as $$
begin
  if exists (
    select from new_entries group by transaction_id having sum(amount_minor) <> 0
  ) or exists (
    select from new_entries join ledger_transaction on ledger_transaction.id = new_entries.transaction_id
    where new_entries.account in ('payer', 'wallet') and (ledger_transaction.amount_minor, ledger_transaction.payer_id,
      ledger_transaction.organisation_id) is distinct from
      (new_entries.amount_minor, new_entries.payer_id, new_entries.organisation_id)
  ) or (select count(*) from new_entries) <> (
    select count(*) from ledger_entry
    where ledger_entry.transaction_id in (select new_entries.transaction_id from new_entries)
  ) then
    raise exception 'the entries of a ledger transaction do not sum to zero' using errcode = 'check_violation';
  end if;
  return null;
end $$;
create trigger entries_balance after insert on ledger_entry referencing new table as new_entries
  for each statement execute function check_ledger_entries();

create trigger append_only before update or delete or truncate on ledger_transaction
  for each statement execute function refuse_change();
create trigger append_only before update or delete or truncate on ledger_entry
  for each statement execute function refuse_change();

-- What balances were there before there was a ledger.
with opened as (
  insert into ledger_transaction (at, kind, owner_id, payer_id, currency, amount_minor, balance_after_minor, author_kind,
    author_name)
  select now(), 'opening', payer.owner_id, payer.id, payer.currency, payer.balance_minor, payer.balance_minor, 'system',
    'migration'
  from payer where payer.balance_minor <> 0
  returning id, payer_id, amount_minor
)
insert into ledger_entry (transaction_id, account, payer_id, amount_minor)
select opened.id, 'payer', opened.payer_id, opened.amount_minor from opened
union all
select opened.id, 'opening', null, -opened.amount_minor from opened;

-- One deed that gave a subscriber service for a time: the first activation, a renewal, a change of plan in mid-period.
create table renewal (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  kind text not null check (kind in ('activation', 'renewal', 'plan-change')),
  subscriber_id bigint not null,
  periods integer not null check (periods > 0),
  free boolean not null,
  -- Charged in all; negative: given back, when a cheaper plan took over.
  amount_minor bigint not null,
  currency char(3) not null,
  transaction_id bigint unique references ledger_transaction (id),
  -- How another system calls it: the same one again is the same renewal.
  reference text,
  author_name text not null,
  -- For who takes it back.
  before_expires_at timestamptz,
  before_grace_until timestamptz,
  before_activated_at timestamptz,
  reverted_at timestamptz,
  reverted_by text
);
create unique index renewal_reference on renewal (subscriber_id, reference) where reference is not null;
create index renewal_subscriber on renewal (subscriber_id, id desc);
create index renewal_at on renewal using brin (at);

-- The periods of service that were given. Two that hold cannot overlap: nobody pays twice for the same time.
create table service_period (
  id bigint generated always as identity primary key,
  renewal_id bigint not null references renewal (id),
  subscriber_id bigint not null,
  number integer not null check (number > 0),
  plan_id bigint not null references plan (id),
  starts_at timestamptz not null,
  -- Null: never.
  ends_at timestamptz,
  amount_minor bigint not null check (amount_minor >= 0),
  -- Ends are counted from the start of an unbroken series, so that the 31st comes back after the 28th.
  series_start timestamptz not null,
  series_count integer not null,
  validity integer not null,
  validity_unit text not null,
  -- When plan and usage period were taken over; null while it is still to come.
  begun_at timestamptz,
  -- When it was taken back, or another plan took the rest.
  void_at timestamptz,
  -- What the subscriber had before it began.
  before_plan_id bigint,
  before_next_plan_id bigint,
  before_period_started_at timestamptz,
  check (ends_at > starts_at),
  constraint service_period_once exclude using gist (subscriber_id with =, tstzrange(starts_at, ends_at) with &&)
    where (void_at is null)
);
create unique index service_period_number on service_period (subscriber_id, number) where void_at is null;
create index service_period_renewal on service_period (renewal_id);
create index service_period_due on service_period (starts_at) where begun_at is null and void_at is null;

-- Why a line that renews by itself did not, and when it is tried next.
create table renewal_failure (
  subscriber_id bigint primary key,
  expires_at timestamptz not null,
  reason text not null,
  tries integer not null,
  tried_at timestamptz not null,
  next_at timestamptz not null
);

create index subscriber_renewal_due on subscriber (expires_at, id) where auto_renew;
