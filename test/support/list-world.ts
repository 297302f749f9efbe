// Subscribers of every kind for the tests of lists, made by chance from a seed, and the same as plain objects in memory: what the
// list must give is computed from these in TypeScript.
import { sql } from 'kysely'
import type { Db } from '../../src/db/schema.ts'
import type { SubscriberFacts } from '../../src/domain/subscriber-label.ts'

export type Person = SubscriberFacts & {
  id: bigint
  username: string
  fullName: string | null
  phone: string | null
  email: string | null
  address: string | null
  zone: string | null
  language: string | null
  ownerId: bigint
  planId: bigint
  nextPlanId: bigint | null
  groupId: bigint | null
  payerId: bigint
  currency: string
  balanceMinor: bigint
  accountType: 'pppoe' | 'ipoe'
  blockReason: string | null
  autoRenew: boolean
  createdAt: Date
  boundInterface: string | null
  boundCVlan: number | null
  mac: string | null
  fixedIp: string | null
  usage: bigint | null
  quota: bigint | null
  hasComment: boolean
  session: { open: boolean; endedAt: Date | null; nasId: bigint; ip: string; interface: string; cVlan: number } | null
}

export type World = {
  people: Person[]
  names: { plan: Map<bigint, string>; owner: Map<bigint, string>; group: Map<bigint, string> }
}

const day = 86_400_000
const given = ['Anna', 'émile', 'Zoë', 'анна', 'Bo_b', 'Ce%l', 'Ädna', 'o\\li']

/** Numbers below `end` that look like chance and are the same every time. */
function dice(seed: number): (end: number) => number {
  let state = seed
  return (end) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * end)
  }
}

/** Makes the subscribers in the database. One call a database. */
export async function makeWorld(db: Db, count: number, now: Date, seed = 7): Promise<World> {
  const roll = dice(seed)
  const some = <T>(share: number, value: () => T): T | null => (roll(100) < share ? value() : null)
  const at = (days: number): Date => new Date(now.getTime() + days * day)
  await sql`insert into organisation (kind, name, parent_id) values ('reseller', 'zeta', 1), ('reseller', 'Alpha', 1)`.execute(
    db,
  )
  // Two of one name.
  await sql`insert into plan (owner_id, name, down_bps, up_bps, validity, quota_octets)
    values (null, 'plan b', 1, 1, 30, 1000), (null, 'Plan a', 1, 1, 30, null), (2, 'plan b', 1, 1, 30, 500)`.execute(db)
  await sql`insert into subscriber_group (owner_id, name) values (1, 'group 2'), (1, 'Group 10')`.execute(db)
  await sql`insert into radius_client (name, prefix, nas_group_id) values ('c', '192.0.2.0/24', 1)`.execute(db)
  await sql`insert into nas (client_id, name, identifier, nas_group_id) select 1, 'n' || n, 'n' || n, 1 from generate_series(1, 3) as n`.execute(
    db,
  )
  const { rows: plans } = await sql<{
    id: bigint
    name: string
    quota_octets: bigint | null
  }>`select id, name, quota_octets from plan order by id`.execute(db)
  const named = async (table: string): Promise<Map<bigint, string>> => {
    const { rows } = await sql<{ id: bigint; name: string }>`select id, name from ${sql.table(table)}`.execute(db)
    return new Map(rows.map(({ id, name }) => [id, name]))
  }
  const people = Array.from({ length: count }, (_, n): Omit<Person, 'id' | 'payerId'> => {
    const plan = plans[roll(plans.length)]!
    const isBlocked = roll(8) === 0
    const ended = roll(2) === 0
    return {
      username: `${['a', 'B', 'line', 'x_y'][roll(4)]!.toLowerCase()}${n}`,
      fullName: some(85, () => `${given[roll(given.length)]!} ${String.fromCodePoint(97 + roll(5))}`),
      phone: some(70, () => `+4915${100000 + roll(50)}`),
      email: some(60, () => `m${roll(40)}@example.net`),
      address: some(80, () => `Straße ${roll(30)}, 100${roll(10)}% Town`),
      zone: some(80, () => `zone ${roll(3)}`),
      language: some(50, () => ['de', 'en'][roll(2)]!),
      ownerId: BigInt(1 + roll(3)),
      planId: plan.id,
      nextPlanId: some(10, () => plans[0]!.id),
      groupId: some(50, () => BigInt(1 + roll(2))),
      currency: ['EUR', 'JPY', 'KWD'][roll(3)]!,
      balanceMinor: BigInt(roll(40) * 100 - 2_000),
      accountType: roll(4) === 0 ? 'ipoe' : 'pppoe',
      enabled: roll(10) > 0,
      blockedAt: isBlocked ? at(-1) : null,
      blockReason: isBlocked ? ['unpaid', 'abuse'][roll(2)]! : null,
      activatedAt: some(80, () => at(-20)),
      expiresAt: some(85, () => at(roll(20) - 8)),
      graceUntil: some(20, () => at(roll(6) - 3)),
      archivedAt: some(10, () => at(-2)),
      autoRenew: roll(3) === 0,
      createdAt: at(-roll(30)),
      boundInterface: some(20, () => `ae${roll(3)}.1`),
      boundCVlan: some(20, () => roll(5)),
      mac: some(60, () => `02:00:00:00:0${roll(3)}:${(n % 256).toString(16).padStart(2, '0')}`),
      fixedIp: some(10, () => `100.64.${n >> 8}.${n & 255}`),
      usage: some(60, () => BigInt(roll(1_200))),
      quota: plan.quota_octets,
      hasComment: roll(5) === 0,
      session: some(60, () => ({
        open: !ended,
        endedAt: ended ? at(-1 - roll(3) / 10) : null,
        nasId: BigInt(1 + roll(3)),
        ip: `10.0.${roll(2)}.${n & 255}`,
        interface: `ae${roll(3)}.${roll(3)}`,
        cVlan: roll(5),
      })),
    }
  })
  const made: Person[] = []
  for (const person of people) made.push({ ...person, ...(await insert(db, person, now)) })
  return {
    people: made,
    names: { plan: await named('plan'), owner: await named('organisation'), group: await named('subscriber_group') },
  }
}

async function insert(
  db: Db,
  person: Omit<Person, 'id' | 'payerId'>,
  now: Date,
): Promise<{ id: bigint; payerId: bigint }> {
  const one = async (query: ReturnType<typeof sql<{ id: bigint }>>): Promise<bigint> =>
    (await query.execute(db)).rows[0]!.id
  const payerId = await one(sql<{ id: bigint }>`insert into payer (owner_id, name, currency, balance_minor)
    values (${person.ownerId}, 'p', ${person.currency}, ${person.balanceMinor}) returning id`)
  const id = await one(sql<{ id: bigint }>`
    insert into subscriber (owner_id, payer_id, plan_id, next_plan_id, group_id, username, account_type, full_name, email, phone,
      address, zone, language, enabled, block_reason, blocked_at, activated_at, period_started_at, expires_at, grace_until,
      auto_renew, bound_interface, bound_c_vlan, created_at, archived_at)
    values (${person.ownerId}, ${payerId}, ${person.planId}, ${person.nextPlanId}, ${person.groupId}, ${person.username},
      ${person.accountType}, ${person.fullName}, ${person.email}, ${person.phone}, ${person.address}, ${person.zone},
      ${person.language}, ${person.enabled}, ${person.blockReason}, ${person.blockedAt}, ${person.activatedAt}, ${now},
      ${person.expiresAt}, ${person.graceUntil}, ${person.autoRenew}, ${person.boundInterface}, ${person.boundCVlan},
      ${person.createdAt}, ${person.archivedAt})
    returning id`)
  if (person.mac !== null) await sql`insert into device (subscriber_id, mac) values (${id}, ${person.mac})`.execute(db)
  if (person.fixedIp !== null) {
    await sql`insert into subscriber_address (subscriber_id, address_space_id, kind, prefix)
      values (${id}, 1, 'framed-ip', ${person.fixedIp})`.execute(db)
  }
  if (person.usage !== null) {
    await sql`insert into usage_period (subscriber_id, period_started_at, input_octets, output_octets)
      values (${id}, ${now}, 0, ${person.usage})`.execute(db)
  }
  if (person.hasComment) {
    await sql`insert into subscriber_comment (subscriber_id, text, author_name, created_at)
      values (${id}, 'c', 'a', ${now})`.execute(db)
  }
  if (person.session !== null) await insertSession(db, id, person, now)
  return { id, payerId }
}

async function insertSession(
  db: Db,
  id: bigint,
  { username, session }: Pick<Person, 'username' | 'session'>,
  now: Date,
): Promise<void> {
  if (session === null) return
  await sql`
    insert into session (nas_id, acct_session_id, epoch, subscriber_id, username, nas_group_id, address_space_id, interface, c_vlan,
      framed_ip, started_at, event_at, updated_at, ended_at, ended_by)
    values (${session.nasId}, ${`s${id}`}, 0, ${id}, ${username}, 1, 1, ${session.interface}, ${session.cVlan}, ${session.ip},
      ${new Date(now.getTime() - 2 * day)}, ${now}, ${now}, ${session.endedAt}, ${session.open ? null : 'stop'})`.execute(
    db,
  )
}
