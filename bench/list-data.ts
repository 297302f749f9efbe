// What `bench/list.ts` looks through: a database with so many subscribers as an ISP with resellers has them: names, phones and
// addresses out of lists, sessions of the share that is online, usage, devices, balances. Made by SQL, the same every time.

import type { Pool } from '../src/db/pool.ts'

const given = ['Anna', 'Jürgen', 'Mehmet', 'Olga', 'Nguyen', 'Ivan', 'María', 'Chen', 'Fatima', 'John', 'Zoë', 'Paweł']
const family = [
  'Müller',
  'Schmidt',
  'Yılmaz',
  'Иванова',
  'García',
  'Kowalski',
  'Smith',
  'Öztürk',
  'Nowak',
  'Rossi',
  'Li',
]
const streets = ['Hauptstraße', 'Bahnhofsweg', 'Rua Augusta', 'High Street', 'Via Roma', 'Calle Mayor', 'Lindenallee']
const texts = (words: readonly string[]): string => `(array['${words.join("','")}'])`

/** Statements in order; `$1` is the number of subscribers. */
const steps: readonly { name: string; text: string }[] = [
  {
    name: 'resellers, plans, groups, NASes',
    text: `
      with resellers as (
        insert into organisation (kind, name, parent_id) select 'reseller', 'Reseller ' || n, 1 from generate_series(1, 60) as n
      ), plans as (
        insert into plan (name, down_bps, up_bps, validity, quota_octets)
        select 'Plan ' || chr(65 + n % 26) || ' ' || n, 1000000 * (n + 1), 500000 * (n + 1), 30,
          case when n % 3 = 0 then 100000000000 end
        from generate_series(1, 40) as n
      ), groups as (
        insert into subscriber_group (owner_id, name) select 1, 'Group ' || n from generate_series(1, 300) as n
      ), client as (
        insert into radius_client (name, prefix, nas_group_id) values ('crowd', '10.255.0.0/24', 1) returning id
      )
      insert into nas (client_id, name, identifier, nas_group_id)
      select client.id, 'nas-' || n, 'nas-' || n, 1 from client, generate_series(1, 50) as n`,
  },
  {
    name: 'payers',
    text: `
      insert into payer (owner_id, name, balance_minor)
      select 1, 'payer ' || n, abs(hashint4(n)) % 29000 - 9000
      from generate_series(1, $1::integer) as n`,
  },
  {
    name: 'subscribers',
    text: `
      insert into subscriber (owner_id, payer_id, plan_id, next_plan_id, group_id, username, account_type, full_name, email, phone,
        address, zone, language, enabled, block_reason, blocked_at, activated_at, period_started_at, expires_at, grace_until,
        auto_renew, bound_interface, bound_port, bound_c_vlan, created_at, archived_at)
      select
        case when r[1] % 5 = 0 then 2 + (sqrt(r[2] % 3600))::integer % 60 else 1 end,
        n, 1 + least(39, (r[3] % 40) * (r[4] % 40) / 40), case when r[5] % 50 = 0 then 1 + r[6] % 40 end,
        case when r[7] % 3 = 0 then 1 + r[8] % 300 end,
        'line' || lpad((n::bigint * 7919 % 10000000)::text, 8, '0') || case when n % 10 = 0 then '@fiber.example' else '' end,
        case when r[9] % 8 = 0 then 'ipoe' else 'pppoe' end,
        ${texts(given)}[1 + r[10] % ${given.length}] || ' ' || ${texts(family)}[1 + r[11] % ${family.length}] || ' ' || n % 5000,
        case when r[12] % 5 > 0 then 'mail' || n || '@example' || r[13] % 20 || '.net' end,
        '+49' || (1500000000 + n * 37 % 800000000),
        ${texts(streets)}[1 + r[14] % ${streets.length}] || ' ' || 1 + r[15] % 300 || ', ' || 10000 + r[16] % 3000 || ' Town ' || r[17] % 400,
        'zone ' || 1 + r[18] % 30, case when r[19] % 4 = 0 then 'en' else 'de' end,
        r[20] % 200 > 0, case when r[33] % 100 = 0 then 'unpaid' end,
        case when r[33] % 100 = 0 then $2::timestamptz - interval '1 day' end,
        case when r[21] % 70 > 0 then $2::timestamptz - interval '1 day' * (r[22] % 1500) end,
        $2::timestamptz - interval '1 day' * (r[23] % 30),
        case when r[24] % 40 > 0 then $2::timestamptz + interval '1 minute' * (r[25] % 60000 - 12000) end,
        case when r[26] % 60 = 1 then $2::timestamptz + interval '1 day' end,
        r[27] % 10 = 0 and r[25] % 60000 > 14000, case when r[34] % 20 = 0 then 'ae' || r[28] % 40 || '.' || r[29] % 4000 end,
        case when r[34] % 20 = 0 then '0/' || r[30] % 40 end, case when r[34] % 20 = 0 then r[31] % 4000 end,
        $2::timestamptz - interval '1 minute' * (2000000 - n * 2), case when r[32] % 30 = 1 then $2::timestamptz end
      from (
        select n, array(select (hashint4extended(n, draw) >> 33 & 2147483647)::integer from generate_series(1, 34) as draw) as r
        from generate_series(1, $1::integer) as n
      ) as random`,
  },
  {
    name: 'devices and static addresses',
    text: `
      with devices as (
        insert into device (subscriber_id, mac, bound)
        select id, ('02' || lpad(to_hex(id * 7919 % 1099511627776), 10, '0'))::macaddr, id % 9 = 0 from subscriber
      )
      insert into subscriber_address (subscriber_id, address_space_id, kind, prefix)
      select id, 1, 'framed-ip', '100.64.0.0'::inet + id from subscriber where abs(hashint8(id + 7)) % 50 = 0`,
  },
  {
    name: 'sessions',
    text: `
      insert into session (nas_id, acct_session_id, epoch, subscriber_id, username, nas_group_id, address_space_id, mac, interface,
        port, s_vlan, c_vlan, framed_ip, delegated_ipv6_prefix, started_at, event_at, updated_at, ended_at, ended_by, input_octets, output_octets)
      select 1 + abs(hashint8(id + 13)) % 50, 'sid-' || id, 0, id, username, 1, 1, ('02' || lpad(to_hex(id * 7919 % 1099511627776), 10, '0'))::macaddr,
        'ae' || abs(hashint8(id + 11)) % 40 || '.' || id % 4000, '0/' || abs(hashint8(id + 11)) % 40, id % 100, id % 4000, '10.0.0.0'::inet + id,
        case when id % 3 = 0 then set_masklen('2001:db8::'::inet + (id << 8 << 32 << 32), 56) end,
        $2::timestamptz - interval '1 minute' * (id % 5000), $2::timestamptz - interval '1 second' * (id % 300),
        $2::timestamptz - interval '1 second' * (id % 300),
        case when is_over then $2::timestamptz - interval '1 minute' * (id % 2000) end, case when is_over then 'stop' end,
        id * 1000, id * 9000
      from (
        -- Whose service is over, or who is blocked, is not online: Gatehouse would be busy for hours with putting them out.
        select *, abs(hashint8(id + 3)) % 10 = 0 or not enabled or block_reason is not null
          or coalesce(greatest(expires_at, grace_until) <= $2, false) as is_over
        from subscriber where abs(hashint8(id)) % 10 < 5 and archived_at is null
      ) as subscriber`,
  },
  {
    name: 'usage',
    text: `
      insert into usage_period (subscriber_id, period_started_at, input_octets, output_octets)
      select id, period_started_at, abs(hashint8(id)) % 10000000000, abs(hashint8(id + 1))::bigint * 60
      from subscriber where abs(hashint8(id + 5)) % 10 < 7`,
  },
]

/** Fills a migrated, empty database. Gives the seconds of each step. */
export async function fillLists(
  pool: Pool,
  count: number,
  now: Date,
  told: (step: string, seconds: number) => void,
): Promise<void> {
  const timed = async (name: string, work: () => Promise<unknown>): Promise<void> => {
    const begun = performance.now()
    await work()
    told(name, (performance.now() - begun) / 1000)
  }
  for (const { name, text } of steps) {
    const values = [text.includes('$1') ? [count] : [], text.includes('$2') ? [now] : []].flat()
    // Without a $1 the instant is the first.
    const statement = text.includes('$1') ? text : text.replaceAll('$2', '$1')
    await timed(name, () => pool.query(statement, values))
  }
  await timed('vacuum analyze', () => pool.query('vacuum analyze'))
}
