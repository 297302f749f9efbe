-- oldest release that may run on it: 0.1.0
-- Who may do what inside the database. The processes run as gatehouse_service: no tables of their own, and the audit trail and
-- the ledger can only be appended to. A reseller's request runs as gatehouse_reseller under row level security: a condition
-- that was forgotten shows nothing of others. Both are roles without a login, taken with `set role`.

do $$
declare
  wanted text;
begin
  foreach wanted in array array['gatehouse_service', 'gatehouse_reseller'] loop
    if not exists (select from pg_roles where rolname = wanted) then
      begin
        execute format('create role %I nologin', wanted);
      exception when duplicate_object or unique_violation then null;
      end;
    end if;
    begin
      execute format('grant %I to current_user', wanted);
    exception when insufficient_privilege then
      -- Whoever prepared the roles has granted them already, or we could not run.
      if not pg_has_role(current_user, wanted, 'member') then raise; end if;
    end;
  end loop;
  -- Without it a policy that is always true does the same, at the price of poorer estimates for text search.
  begin
    alter role gatehouse_service bypassrls;
  exception when insufficient_privilege then
    raise notice 'gatehouse_service could not be given bypassrls: a superuser should do so';
  end;
end $$;

-- The organisation whose request runs; null outside of one.
create function request_owner() returns bigint language sql stable parallel safe
return nullif(current_setting('gatehouse.owner_id', true), '')::bigint;

-- Gives every table its rights. A later migration that makes tables calls it again at its end.
create function fence() returns void language plpgsql as $$
declare
  fenced record;
  rule text;
  -- Keys, secrets of NASes and servers, and what concerns sign-ins of others: never a reseller's business.
  hidden text[] := array['data_key', 'client_secret', 'home_server', 'home_server_pool', 'mail_server', 'radius_client', 'realm',
    'setup_token', 'unmatched_request', 'job_run', 'listening', 'announced'];
begin
  grant usage on schema public to gatehouse_service, gatehouse_reseller;
  grant usage on all sequences in schema public to gatehouse_service, gatehouse_reseller;
  for fenced in
    select class.oid, class.relname as name,
      exists (select from pg_trigger where tgrelid = class.oid and tgname = 'append_only') as append_only,
      exists (select from pg_attribute where attrelid = class.oid and attname = 'owner_id' and not attisdropped) as owned,
      exists (select from pg_attribute where attrelid = class.oid and attname = 'subscriber_id' and not attisdropped) as personal,
      exists (select from pg_attribute where attrelid = class.oid and attname = 'operator_id' and not attisdropped) as of_operator
    from pg_class class
    where class.relnamespace = 'public'::regnamespace and class.relkind in ('r', 'p') and not class.relispartition
      and class.relname not in ('schema_migration', 'kysely_migration', 'kysely_migration_lock')
  loop
    execute format('grant select, insert on %I to gatehouse_service', fenced.name);
    if not fenced.append_only then
      execute format('grant update, delete on %I to gatehouse_service', fenced.name);
    end if;
    continue when fenced.name = any(hidden);
    execute format('grant select, insert on %I to gatehouse_reseller', fenced.name);
    if not fenced.append_only then
      execute format('grant update, delete on %I to gatehouse_reseller', fenced.name);
    end if;
    rule := case
      when fenced.name = 'organisation' then 'id = request_owner()'
      when fenced.name in ('operator', 'wallet') then 'organisation_id = request_owner()'
      when fenced.name = 'ledger_entry' then
        'exists (select from ledger_transaction where ledger_transaction.id = transaction_id)'
      when fenced.name = 'plan' then 'owner_id = request_owner() or owner_id is null'
      -- A payer that changed hands brings its history along.
      when fenced.name = 'ledger_transaction' then
        'owner_id = request_owner() or exists (select from payer where payer.id = payer_id)'
      when fenced.owned then 'owner_id = request_owner()'
      when fenced.personal then 'exists (select from subscriber where subscriber.id = subscriber_id)'
      when fenced.of_operator then 'exists (select from operator where operator.id = operator_id)'
    end;
    continue when rule is null;
    execute format('alter table %I enable row level security', fenced.name);
    execute format('drop policy if exists of_service on %I', fenced.name);
    execute format('create policy of_service on %I to gatehouse_service using (true) with check (true)', fenced.name);
    execute format('drop policy if exists of_reseller on %I', fenced.name);
    -- What a reseller's request notes down (audit, mails) may be about rows of nobody.
    execute format('create policy of_reseller on %I to gatehouse_reseller using (%s) with check (%s)', fenced.name, rule,
      case when fenced.append_only or fenced.name = 'message' then 'true' when fenced.name = 'plan' then 'owner_id = request_owner()' else rule end);
  end loop;
  -- Policy and the network are read by everybody and changed by the ISP alone.
  revoke insert, update, delete on setting, role, nas, nas_group, nas_group_owner, address_space, team, organisation, alarm,
    message_template from gatehouse_reseller;
end $$;
select fence();

-- Partitions are made and dropped by who owns the tables, whoever asks.
alter function ensure_partitions(date, integer) security definer set search_path = public, pg_temp;
create function drop_partition(name text) returns void language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if name !~ '^(usage_hour|access_log)_[0-9]{8}$' then
    raise exception '% is no partition that has an end', name using errcode = 'invalid_parameter_value';
  end if;
  execute format('drop table if exists %I', name);
end $$;
revoke execute on function drop_partition(text), ensure_partitions(date, integer) from public;
grant execute on function drop_partition(text), ensure_partitions(date, integer) to gatehouse_service;
