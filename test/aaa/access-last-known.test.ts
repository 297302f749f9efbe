import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { CaughtUp } from '../../src/aaa/journal/running.ts'
import type { IpPools, LivePool } from '../../src/domain/ip-pool/live.ts'
import { noIpPools } from '../../src/domain/ip-pool/live.ts'
import { readClass } from '../../src/domain/session-class.ts'
import { defaultSettings } from '../../src/domain/setting.ts'
import { codes } from '../../src/radius/codes.ts'
import { pap, startAccess } from '../support/access-handler.ts'
import type { AccessUnderTest, Answer } from '../support/access-handler.ts'
import { after, insertPlan, insertRow, insertSession, insertSubscriber, macA, macB, noon } from '../support/access.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const accepted = { code: codes.accessAccept }
const rejected = { code: codes.accessReject }
const hourMs = 3_600_000
const pools: { -readonly [Name in keyof IpPools]: IpPools[Name] } = { ...noIpPools }
let access: AccessUnderTest
let planId: bigint

beforeAll(async () => {
  access = await startAccess(database, { by: 'what is last known', ipPools: pools })
  planId = await insertPlan(database.pool, { name: 'Home50', pool: 'home' })
})
beforeEach(async () => {
  await access.accepts!.flush()
  await database.pool.query('delete from degraded_accept')
})
afterEach(() => {
  Object.assign(access.settings, defaultSettings)
  Object.assign(pools, noIpPools)
})
afterAll(() => access.close())

const subscriber = (username: string, row: Record<string, unknown> = {}) =>
  insertSubscriber(database.pool, { username, plan_id: planId, ...row }, { keyring: access.keyring, password: 'right' })
const login = (username: string, mac = macA) =>
  access.ask([...pap(username, 'right').slice(0, 2), { name: 'Calling-Station-Id', value: mac }])
const classOf = (answer: Answer | undefined) =>
  readClass(access.keyring, answer!.attributes['Class'] as Buffer)!.classId

async function noted(subscriberId: bigint): Promise<Record<string, unknown>[]> {
  await access.accepts!.flush()
  const { rows } = await database.pool.query('select * from degraded_accept where subscriber_id = $1', [subscriberId])
  return rows
}

describe('while Postgres is away', () => {
  it('F12: known, right password, not blocked: let in and noted, with what could not be looked at', async () => {
    const id = await subscriber('anna', { session_limit: 1, activated_at: null, device_limit: 2 })
    const answer = await login('anna')
    expect(answer).toMatchObject({ ...accepted, attributes: { 'Framed-Pool': 'home' } })
    expect(answer?.attributes).not.toHaveProperty('Session-Timeout')
    expect(await noted(id)).toMatchObject([
      {
        class_id: classOf(answer),
        nas_id: 1n,
        nas_group_id: 1n,
        line: `mac:${macA}`,
        facts: { mac: macA },
        unchecked: ['session-limit', 'device', 'activation'],
        seen_at: noon,
        decided_at: noon,
        looked_at: null,
        next_at: noon,
      },
    ])
    const { rows } = await database.pool.query('select activated_at from subscriber where id = $1', [id])
    expect(rows).toEqual([{ activated_at: null }])
  })

  it('counts each of them by NAS', async () => {
    await subscriber('counted')
    const before = (await access.metrics.degradedAccepts.get()).values[0]?.value ?? 0
    await login('counted')
    expect((await access.metrics.degradedAccepts.get()).values).toMatchObject([
      { labels: { nas: 'bng-1' }, value: before + 1 },
    ])
  })

  it('a wrong password is refused, also that of a moment ago', async () => {
    const id = await subscriber('carl')
    expect(await access.ask(pap('carl', 'wrong'))).toMatchObject(rejected)
    expect(await noted(id)).toEqual([])
  })

  it('who is not known gets no answer, garden or not, and is counted', async () => {
    const rates = { downBps: 1_000, upBps: 1_000 }
    const unknownGarden = { ...rates, addressList: 'nobody', pool: undefined, sessionTimeoutS: undefined }
    expect(await access.ask(pap('nobody', 'x'))).toBeUndefined()
    expect(await access.ask(pap('nobody', 'x'), { nas: { unknownGarden } })).toBeUndefined()
    const { values } = await access.metrics.dropped.get()
    expect(values).toMatchObject([{ labels: { reason: 'unknown-while-away' }, value: 2 }])
  })

  it('a block that was committed holds, in words', async () => {
    const id = await subscriber('blocked')
    expect(await login('blocked')).toMatchObject(accepted)
    await database.pool.query('update subscriber set blocked_at = $2 where id = $1', [id, noon])
    expect(await login('blocked')).toMatchObject({
      ...rejected,
      attributes: { 'Reply-Message': 'Your service is blocked' },
    })
  })

  it('every line of a limited subscriber is let in, each noted once however often it redials', async () => {
    const id = await subscriber('everywhere', { session_limit: 1 })
    for (const mac of [macA, macB, macA, macA]) expect(await login('everywhere', mac)).toMatchObject(accepted)
    expect(new Set((await noted(id)).map((row) => row['line']))).toEqual(new Set([`mac:${macA}`, `mac:${macB}`]))
    expect(await noted(id)).toHaveLength(2)
  })

  it('the access log says by what it was decided', async () => {
    await subscriber('logged')
    await login('logged')
    await access.ask(pap('logged', 'wrong'))
    await access.handler.flush()
    const { rows } = await database.pool.query(
      `select reason, detail from access_log where username = 'logged' order by accepted`,
    )
    expect(rows).toEqual([
      { reason: 'wrong-password', detail: expect.stringContaining('(from the snapshot: Postgres did not answer)') },
      { reason: 'last-known', detail: 'from the snapshot: Postgres did not answer' },
    ])
  })
})

describe('a service that ends meanwhile', () => {
  it('goes on for the grace of outages, and no Session-Timeout cuts it before', async () => {
    const away = await startAccess(database, {
      by: 'what is last known',
      keyring: access.keyring,
      seenAt: () => noon,
    })
    const id = await subscriber('ending', { expires_at: after(600) })
    for (const hours of [0, 1, 23]) {
      const answer = await away.ask(pap('ending', 'right'))
      expect(answer).toMatchObject(accepted)
      const timeout = (answer!.attributes['Session-Timeout'] as number) - (24 - hours) * 3_600
      expect(timeout).toBeGreaterThanOrEqual(0)
      expect(timeout).toBeLessThanOrEqual(30)
      away.clock.advance(hours === 0 ? hourMs : 22 * hourMs)
    }
    expect(await away.ask(pap('ending', 'right'))).toMatchObject({
      ...rejected,
      attributes: { 'Reply-Message': 'Your subscription has ended' },
    })
    await away.close()
    const { rows } = await database.pool.query('select unchecked from degraded_accept where subscriber_id = $1', [id])
    expect(rows).toEqual([])
  })
})

describe('addresses', () => {
  const pool = (onExhausted: 'reject' | 'nas-pool') => ({
    byName: new Map([
      [
        '1//ipv4/home',
        { id: 1n, name: 'home', kind: 'ipv4', sticky: true, onExhausted, learns: false, learnUntil: null },
      ] as const,
    ]),
  })

  it('out of a pool of ours are never guessed: a dial-in is let in, and the NAS gives one of its own or none', async () => {
    const id = await subscriber('pooled')
    Object.assign(pools, pool('reject'))
    const answer = await login('pooled')
    expect(answer).toMatchObject({ ...accepted, attributes: { Class: expect.anything() } })
    expect(answer!.attributes).not.toHaveProperty('Framed-Pool')
    expect(answer!.attributes).not.toHaveProperty('Framed-IP-Address')
    expect(await noted(id)).toMatchObject([{ unchecked: ['address'] }])
  })

  it('that a pool of ours gives to a line are not replaced: no answer, so that it keeps what it has', async () => {
    const mac = '02:00:00:00:00:02'
    const id = await insertSubscriber(database.pool, { username: 'pooled line', plan_id: planId, account_type: 'ipoe' })
    await insertRow(database.pool, 'device', { subscriber_id: id, mac, bound: true })
    Object.assign(pools, pool('reject'))
    const renewal = [
      { name: 'NAS-Port-Type', value: 15 },
      { name: 'Calling-Station-Id', value: `1:${mac}` },
      { name: 'User-Name', value: mac },
    ]
    expect(await access.ask(renewal)).toBeUndefined()
    expect(await noted(id)).toEqual([])
  })

  it('of a garden are its fence: no answer without them', async () => {
    const gardened = await insertPlan(database.pool, {
      name: 'Gardened',
      pool: 'other',
      on_expiry: 'garden',
      garden_pool: 'home',
    })
    const id = await subscriber('fenced', { plan_id: gardened, expires_at: after(-600) })
    expect(await login('fenced')).toMatchObject({ ...accepted, attributes: { 'Framed-Pool': 'home' } })
    await noted(id)
    await database.pool.query('delete from degraded_accept')
    Object.assign(pools, pool('reject'))
    expect(await login('fenced')).toBeUndefined()
    expect(await noted(id)).toEqual([])
  })

  it('are the NAS’s own where the pool lets it serve', async () => {
    const id = await subscriber('local')
    Object.assign(pools, pool('nas-pool'))
    expect(await login('local')).toMatchObject({ ...accepted, attributes: { 'Framed-Pool': 'home' } })
    expect(await noted(id)).toMatchObject([{ unchecked: ['address'] }])
  })

  it('that are static are given', async () => {
    const id = await subscriber('static')
    Object.assign(pools, pool('reject'))
    const address = { subscriber_id: id, address_space_id: 1, kind: 'framed-ip', prefix: '192.0.2.44' }
    await insertRow(database.pool, 'subscriber_address', address)
    expect(await login('static')).toMatchObject({ attributes: { 'Framed-IP-Address': '192.0.2.44' } })
  })
})

describe('an IPoE line', () => {
  const dhcp = (mac: string) => [
    { name: 'NAS-Port-Type', value: 15 },
    { name: 'Calling-Station-Id', value: `1:${mac}` },
    { name: 'User-Name', value: mac },
  ]

  it('is let in, and keeps its Class as it renews', async () => {
    const mac = '02:00:00:00:00:01'
    const id = await insertSubscriber(database.pool, { username: 'line', plan_id: planId, account_type: 'ipoe' })
    await insertRow(database.pool, 'device', { subscriber_id: id, mac, bound: true })
    const first = await access.ask(dhcp(mac))
    expect(first).toMatchObject(accepted)
    const again = await access.ask(dhcp(mac))
    expect(classOf(again)).toBe(classOf(first))
    expect(await noted(id)).toMatchObject([{ class_id: classOf(first) }])
    // What Postgres has taken over begins anew.
    expect(classOf(await access.ask(dhcp(mac)))).not.toBe(classOf(first))
  })
})

describe('F13: what was last known and is stale', () => {
  it('serves on, which is told once, or is silent by setting', async () => {
    const errors: unknown[] = []
    const seenAt = new Date(noon.getTime() - 25 * hourMs)
    const known = await startAccess(database, {
      by: 'what is last known',
      keyring: access.keyring,
      onError: (line) => errors.push(JSON.parse(line)),
      seenAt: () => seenAt,
    })
    await subscriber('stale')
    for (let round = 0; round < 3; round++) expect(await known.ask(pap('stale', 'right'))).toMatchObject(accepted)
    expect(errors).toMatchObject([{ seenAt: seenAt.toISOString(), msg: expect.stringContaining('away for long') }])
    known.settings.outage_after_staleness = 'silence'
    expect(await known.ask(pap('stale', 'right'))).toBeUndefined()
    expect(await known.ask(pap('stale', 'wrong'))).toBeUndefined()
    await known.close()
  })

  it('is silent where nothing was ever known', async () => {
    const empty = await startAccess(database, {
      by: 'what is last known',
      keyring: access.keyring,
      seenAt: () => undefined,
    })
    await subscriber('early')
    expect(await empty.ask(pap('early', 'right'))).toBeUndefined()
    await empty.close()
  })
})

describe('while the accounting journal holds what Postgres does not have yet', () => {
  it('I8: a Stop that is on its way is waited for; where it is not there in time nobody is refused for it, and all are noted', async () => {
    let holds: CaughtUp = 'nothing'
    let onWait = async (): Promise<unknown> => undefined
    const catchUp = async (): Promise<CaughtUp> => (await onWait(), holds)
    const beside = await startAccess(database, { keyring: access.keyring, catchUp })
    const ask = (mac: string) =>
      beside.ask([...pap('twice', 'right').slice(0, 2), { name: 'Calling-Station-Id', value: mac }])
    try {
      const id = await subscriber('twice', { session_limit: 1 })
      await ask(macA)
      expect(await ask(macB)).toMatchObject(rejected)
      holds = 'done'
      expect(await ask(macB)).toMatchObject(rejected)
      holds = 'behind'
      expect(await ask(macB)).toMatchObject(accepted)
      await beside.accepts!.flush()
      expect(await noted(id)).toMatchObject([{ line: `mac:${macB}`, unchecked: ['session-limit'] }])
      holds = 'done'
      onWait = () => database.pool.query('delete from session_claim where subscriber_id = $1', [id])
      expect(await ask(macB)).toMatchObject(accepted)
      await beside.accepts!.flush()
      expect(await noted(id)).toHaveLength(1)
    } finally {
      await beside.close()
    }
  })

  it('I8: where nothing can be said without Postgres either there is no answer, and never a refusal', async () => {
    const ours = {
      id: 1n,
      name: 'home',
      kind: 'ipv4',
      sticky: true,
      onExhausted: 'reject',
      learns: false,
      learnUntil: null,
    }
    const ipPools: IpPools = { ...noIpPools, byName: new Map([['1//ipv4/home', ours as LivePool]]) }
    const catchUp = async (): Promise<CaughtUp> => 'behind'
    const beside = await startAccess(database, { keyring: access.keyring, catchUp, ipPools })
    try {
      const id = await subscriber('full', { session_limit: 1 })
      await insertSession(database.pool, { subscriber_id: id, line: `mac:${macB}`, updated_at: noon })
      expect(await beside.ask(pap('full', 'right'))).toBeUndefined()
      expect(await beside.ask(pap('full', 'wrong'))).toMatchObject(rejected)
    } finally {
      await beside.close()
    }
  })
})
