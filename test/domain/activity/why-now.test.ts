import * as fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { accessRules } from '../../../src/domain/access-decision.ts'
import { reasonMend } from '../../../src/domain/access-mend.ts'
import { whatWouldHappen } from '../../../src/domain/activity/why-now.ts'
import type { WhyNow, WhyNowInput } from '../../../src/domain/activity/why-now.ts'
import { NotFoundError } from '../../../src/domain/field.ts'
import { everything } from '../../../src/domain/scope.ts'
import type { Scope } from '../../../src/domain/scope.ts'
import { reasonSentence } from '../../../src/domain/why.ts'
import { insertPlan, insertRow, insertSession, insertSubscriber } from '../../support/access.ts'
import { makeNas } from '../../support/accounting.ts'
import { hours, noon, rowsOf, useOffice } from '../../support/operator.ts'

const office = useOffice()
const mac = 'd4:ca:6d:00:00:0a'
let [nasId, west]: bigint[] = []
let made = 0

beforeAll(async () => {
  nasId = (await makeNas(office.pool)).id
  west = await insertRow(office.pool, 'nas_group', { name: 'west', address_space_id: 1 })
})

type Rows = { plan?: Record<string, unknown>; row?: Record<string, unknown>; password?: string }

async function subscriber({ plan = {}, row = {}, password }: Rows = {}): Promise<bigint> {
  made += 1
  const credential = password === undefined ? undefined : { keyring: office.keyring, password }
  const planId = await insertPlan(office.pool, plan)
  const all = { username: `now-${made}`, plan_id: planId, period_started_at: hours(-24), ...row }
  return insertSubscriber(office.pool, all, credential)
}
const device = (subscriberId: bigint, address: string) =>
  insertRow(office.pool, 'device', { subscriber_id: subscriberId, mac: address, bound: true })
const use = (subscriberId: bigint, octets: number) =>
  insertRow(office.pool, 'usage_period', {
    subscriber_id: subscriberId,
    period_started_at: hours(-24),
    input_octets: octets,
    output_octets: 0,
  })
const ask = (subscriberId: bigint, input: Partial<WhyNowInput> = {}, scope: Scope = everything): Promise<WhyNow> => {
  const { db, pool, keyring } = office
  const place = { db, pool, keyring, readInterface: () => undefined }
  return whatWouldHappen(place, { subscriberId, nasId: nasId!, mac, ...input }, scope, noon)
}

/** A subscriber who is refused for each reason that a login without a packet can be refused for. */
const refused: Record<string, () => Promise<[bigint, Partial<WhyNowInput>?]>> = {
  async unknown() {
    return [await subscriber({ row: { archived_at: noon, username_reserved: false } })]
  },
  async archived() {
    return [await subscriber({ row: { archived_at: noon } })]
  },
  async disabled() {
    return [await subscriber({ row: { enabled: false } })]
  },
  async blocked() {
    return [await subscriber({ row: { blocked_at: noon, block_reason: 'unpaid' } })]
  },
  async expired() {
    return [await subscriber({ row: { expires_at: hours(-1) } })]
  },
  async 'nas-not-allowed'() {
    return [await subscriber({ plan: { allowed_nas_group_ids: [west] } })]
  },
  async 'mac-not-bound'() {
    return [await subscriber({ plan: { mac_rule: 'bound' } })]
  },
  async 'wrong-interface'() {
    return [await subscriber({ row: { bound_interface: 'ether1' } }), { interface: 'ether2' }]
  },
  async 'quota-exhausted'() {
    const id = await subscriber({ plan: { quota_octets: 1_000 } })
    await use(id, 1_000)
    return [id]
  },
  async 'too-many-sessions'() {
    const id = await subscriber({ row: { session_limit: 1 } })
    const alive = { started_at: noon, event_at: noon, updated_at: noon }
    await insertSession(office.pool, {
      subscriber_id: id,
      mac: 'd4:ca:6d:99:99:99',
      line: 'mac:d4:ca:6d:99:99:99',
      ...alive,
    })
    return [id]
  },
  async 'wrong-password'() {
    return [await subscriber({ password: 'right' }), { password: 'wrong' }]
  },
  async 'credential-cannot'() {
    return [await subscriber(), { password: 'any' }]
  },
  async 'ambiguous-identity'() {
    const ids = [
      await subscriber({ row: { account_type: 'ipoe' } }),
      await subscriber({ row: { account_type: 'ipoe' } }),
    ]
    for (const id of ids) await device(id, 'd4:ca:6d:00:11:22')
    return [ids[0]!, { mac: 'd4:ca:6d:00:11:22' }]
  },
}

describe('what would happen now', () => {
  it.each(Object.keys(refused))(
    'is refused for %s, in a sentence, with what was seen and what helps',
    async (reason) => {
      const [id, input] = await refused[reason]!()
      const found = await ask(id, input)
      expect(found.decision).toMatchObject({ kind: 'reject', reason })
      expect(found.decision.kind === 'reject' && found.decision.detail.length).toBeGreaterThan(10)
      expect(found.sentence).toBe(reasonSentence(false, reason))
      expect(found.mend).toBe(reasonMend(reason))
      expect(found.authorization).toBeUndefined()
    },
  )

  it('knows every rule that a login is judged by', () => {
    for (const { reason } of accessRules) expect(Object.keys(refused)).toContain(reason)
  })

  it.each([
    ['blocked', { on_block: 'garden' }, { blocked_at: noon }],
    ['expired', { on_expiry: 'garden' }, { expires_at: hours(-1) }],
    ['quota-exhausted', { on_quota: 'garden', quota_octets: 10 }, {}],
  ])('is let into the walled garden where the plan says so: %s', async (reason, plan, row) => {
    const id = await subscriber({ plan, row })
    await use(id, 10)
    const found = await ask(id)
    expect(found.decision).toMatchObject({ kind: 'accept', garden: reason })
    expect(found.sentence).toBe(reasonSentence(true, reason))
    expect(found.sentence).toMatch(/^let into the walled garden only: /)
    expect(found.mend).toBe(reasonMend(reason))
    expect(found.authorization).toBeDefined()
  })

  it('names the first rule that fails, and each mend leads on to the next until the login succeeds', async () => {
    const faults = {
      disabled: { row: { enabled: false }, mend: 'enabled = true' },
      blocked: { row: { blocked_at: noon }, mend: 'blocked_at = null' },
      expired: { row: { expires_at: hours(-1) }, mend: 'expires_at = null' },
      'nas-not-allowed': { row: { bound_nas_group_id: west }, mend: 'bound_nas_group_id = null' },
      'wrong-interface': { row: { bound_interface: 'ether9' }, mend: 'bound_interface = null' },
    } as const
    const order = Object.keys(faults) as (keyof typeof faults)[]
    expect(accessRules.map(({ reason }) => reason).filter((reason) => order.some((one) => one === reason))).toEqual(
      order,
    )
    await fc.assert(
      fc.asyncProperty(fc.subarray(order), async (chosen) => {
        const rows = chosen.map((fault) => faults[fault].row)
        const id = await subscriber({ row: Object.assign({}, ...rows) as Record<string, unknown> })
        for (const fault of chosen) {
          expect((await ask(id, { interface: 'ether1' })).decision).toMatchObject({ kind: 'reject', reason: fault })
          await office.pool.query(`update subscriber set ${faults[fault].mend} where id = $1`, [id])
        }
        expect((await ask(id, { interface: 'ether1' })).decision).toMatchObject({ kind: 'accept' })
      }),
      { numRuns: 15 },
    )
  })

  it('tells a password right, wrong, or that there was none to prove, apart from what else is refused', async () => {
    const blocked = await subscriber({ password: 'right', row: { blocked_at: noon } })
    expect(await ask(blocked, { password: 'right' })).toMatchObject({
      passwordIsRight: true,
      decision: { reason: 'blocked' },
    })
    expect(await ask(blocked, { password: 'righ' })).toMatchObject({
      passwordIsRight: false,
      decision: { reason: 'wrong-password' },
    })
    expect((await ask(blocked)).passwordIsRight).toBeUndefined()
    const without = await subscriber()
    expect((await ask(without, { password: 'right' })).passwordIsRight).toBe(false)
    const line = await subscriber({ row: { account_type: 'ipoe' } })
    await device(line, 'd4:ca:6d:00:11:33')
    const asLine = await ask(line, { mac: 'd4:ca:6d:00:11:33', password: 'right' })
    expect(asLine).toMatchObject({ decision: { kind: 'accept' } })
    expect(asLine.passwordIsRight).toBeUndefined()
    const freed = await subscriber({ password: 'right', row: { archived_at: noon, username_reserved: false } })
    expect((await ask(freed, { password: 'right' })).passwordIsRight).toBeUndefined()
  })

  it('says of one whose username is another’s by now what that login would be: not this subscriber’s', async () => {
    const former = await subscriber({ row: { username: 'reused', archived_at: noon, username_reserved: false } })
    const owner = await subscriber({ row: { username: 'reused' } })
    expect((await ask(former)).decision).toMatchObject({ kind: 'reject', reason: 'unknown' })
    expect((await ask(owner)).decision).toMatchObject({ kind: 'accept' })
  })

  it('takes the newest open session before a bound device, and that before nothing', async () => {
    const id = await subscriber()
    expect((await ask(id, { mac: undefined })).facts.mac).toBeUndefined()
    await device(id, 'd4:ca:6d:00:22:01')
    expect((await ask(id, { mac: undefined })).facts.mac).toBe('d4:ca:6d:00:22:01')
    const session = { subscriber_id: id, mac: 'd4:ca:6d:00:22:02', started_at: hours(-2) }
    await insertSession(office.pool, { ...session, ended_at: hours(-1), ended_by: 'stop' })
    expect((await ask(id, { mac: undefined })).facts.mac).toBe('d4:ca:6d:00:22:01')
    await insertSession(office.pool, { ...session, mac: 'd4:ca:6d:00:22:03' })
    expect((await ask(id, { mac: undefined })).facts.mac).toBe('d4:ca:6d:00:22:03')
    expect((await ask(id, { mac: 'D4CA.6D00.2204' })).facts.mac).toBe('d4:ca:6d:00:22:04')
  })

  it('writes nothing, whatever comes out', async () => {
    const tables = ['session', 'session_claim', 'device', 'access_log', 'audit_entry', 'coa_order', 'unmatched_request']
    const counts = () =>
      rowsOf(office, `select ${tables.map((table) => `(select count(*) from ${table}) as ${table}`).join(', ')}`)
    const id = await subscriber({ row: { activated_at: null, session_limit: 1, device_limit: 1 }, password: 'right' })
    const before = await counts()
    await ask(id)
    await ask(id, { password: 'right' })
    await ask(id, { password: 'wrong' })
    expect(await counts()).toEqual(before)
    expect(await rowsOf(office, 'select activated_at from subscriber where id = $1', [id])).toEqual([
      { activated_at: null },
    ])
  })

  it('is not there for who does not see the subscriber, or the NAS', async () => {
    const id = await subscriber({ row: { zone: 'north' } })
    for (const scope of [
      { ...everything, ownerId: 4_711n },
      { ...everything, zones: ['south'] },
      { ...everything, nasGroupIds: [west!] },
    ]) {
      await expect(ask(id, {}, scope)).rejects.toBeInstanceOf(NotFoundError)
    }
    expect(await ask(id, {}, { ...everything, zones: ['north'], nasGroupIds: [1n] })).toBeDefined()
    await expect(ask(id, { mac: 'zz' })).rejects.toThrow('mac: ')
  })
})
