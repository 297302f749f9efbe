import { beforeAll, describe, expect, it } from 'vitest'
import { discloseHolders, listDisclosures } from '../../../src/domain/activity/disclosure.ts'
import type { Disclosed, DisclosureAsked } from '../../../src/domain/activity/disclosure.ts'
import type { Author } from '../../../src/domain/author.ts'
import { FieldError, NotFoundError } from '../../../src/domain/field.ts'
import { everything } from '../../../src/domain/scope.ts'
import type { Scope } from '../../../src/domain/scope.ts'
import { insertPlan, insertRow, insertSession, insertSubscriber } from '../../support/access.ts'
import { hours, noon, rowsOf, useOffice } from '../../support/operator.ts'

const office = useOffice()
let [anna, berta, reseller, vrf]: bigint[] = []
const reason = 'request of the police'

const ask = (asked: Partial<DisclosureAsked> & { text: string }, by: Partial<Author> = {}): Promise<Disclosed> =>
  discloseHolders({ db: office.db, pool: office.pool }, { reason, ...asked }, { ...office.author, ...by }, noon)
const who = async (asked: Partial<DisclosureAsked> & { text: string }, scope: Scope = everything) =>
  (await ask(asked, { scope })).holders.map(({ username }) => username)
const logged = async () => Number((await rowsOf(office, 'select count(*) from disclosure'))[0]!.count)

const held = (subscriberId: bigint, username: string, from: number, to: number | null, row: Record<string, unknown>) =>
  insertSession(office.pool, {
    subscriber_id: subscriberId,
    username,
    started_at: hours(from),
    ended_at: to === null ? null : hours(to),
    ended_by: to === null ? null : 'stop',
    ...row,
  })

beforeAll(async () => {
  const { pool } = office
  const plan = await insertPlan(pool)
  reseller = await insertRow(pool, 'organisation', { kind: 'reseller', name: 'R', parent_id: 1 })
  vrf = await insertRow(pool, 'address_space', { name: 'vrf-7' })
  anna = await insertSubscriber(pool, { username: 'anna', plan_id: plan, zone: 'north', owner_id: reseller })
  berta = await insertSubscriber(pool, { username: 'berta', plan_id: plan, zone: 'south' })
  await held(anna, 'anna', -10, -5, { framed_ip: '192.0.2.1', delegated_ipv6_prefix: '2001:db8:1::/48' })
  await held(berta, 'berta', -5, -2, { framed_ip: '192.0.2.1', delegated_ipv6_prefix: '2001:db8:1:100::/56' })
  await held(anna, 'anna', -2, null, { framed_ip: '192.0.2.1' })
  await held(berta, 'berta', -9, null, { framed_ip: '192.0.2.1', address_space_id: vrf })
})

describe('who had an address', () => {
  it.each([
    [-11, []],
    [-10, ['anna']],
    [-6, ['anna']],
    [-5, ['berta']],
    [-3, ['berta']],
    [-2, ['anna']],
    [0, ['anna']],
  ])('in one space %i hours from noon is one or none, each instant of a change counted once', async (count, wanted) => {
    expect(await who({ text: '192.0.2.1', at: hours(count), space: 'default' })).toEqual(wanted)
  })

  it('is told apart by space, and of all spaces where none is named, each with its name', async () => {
    const at = hours(-6)
    expect(await who({ text: '192.0.2.1', at, space: 'vrf-7' })).toEqual(['berta'])
    const { holders } = await ask({ text: '192.0.2.1', at })
    expect(holders.map(({ username, space }) => `${username} ${space}`).toSorted()).toEqual([
      'anna default',
      'berta vrf-7',
    ])
  })

  it('takes an IPv4 address as a dual-stack server logs it', async () => {
    const found = await ask({ text: '::ffff:192.0.2.1', at: hours(-6), space: 'default' })
    expect(found).toMatchObject({ sought: '192.0.2.1', holders: [{ username: 'anna' }] })
  })

  it('finds the delegated prefix around an IPv6 address at its instant, whatever its length', async () => {
    expect(await who({ text: '2001:db8:1:100::5', at: hours(-6) })).toEqual(['anna'])
    expect(await who({ text: '2001:DB8:1:1ff:0:0:0:5', at: hours(-3) })).toEqual(['berta'])
    expect(await who({ text: '2001:db8:1:200::5', at: hours(-3) })).toEqual([])
  })

  it('is asked of the past and the present, never of the future', async () => {
    expect(await who({ text: '192.0.2.1', at: noon, space: 'default' })).toEqual(['anna'])
    const future = ask({ text: '192.0.2.1', at: new Date(noon.getTime() + 1) })
    await expect(future).rejects.toThrow('at: lies in the future')
  })

  it('shows a reseller and a team those of its own only, and counts no others as answers', async () => {
    const all = { text: '192.0.2.1' }
    expect(await who(all, { ...everything, zones: ['south'] })).toEqual(['berta', 'berta'])
    expect(await who(all, { ...everything, ownerId: reseller })).toEqual(['anna', 'anna'])
    expect(await who(all, { ...everything, ownerId: reseller, zones: ['south'] })).toEqual([])
    const [last] = await rowsOf(office, 'select answers, owner_id from disclosure order by id desc limit 1')
    expect(last).toEqual({ answers: 0, owner_id: reseller })
  })
})

describe('the disclosure log', () => {
  it('has a row and an audit entry for each question, also for one without an answer, and says the same', async () => {
    const by = {
      kind: 'operator',
      operatorId: 7n,
      name: 'ops@example.net',
      address: '192.0.2.9',
      requestId: 'r-9',
    } as const
    const asked = { text: '198.51.100.1', at: hours(-1), port: 443, space: 'vrf-7', caseNumber: ' AZ 1 ' }
    const { disclosureId, portKnown } = await ask(asked, by)
    expect(portKnown).toBe(false)
    const [row] = await listDisclosures(office.db, { filter: {}, limit: 1 }, everything)
    expect(row).toMatchObject({
      id: disclosureId,
      at: noon,
      author_kind: 'operator',
      operator_id: 7n,
      author_name: 'ops@example.net',
      address: '192.0.2.9',
      request_id: 'r-9',
      reason,
      case_number: 'AZ 1',
      sought: '198.51.100.1',
      sought_at: hours(-1),
      port: 443,
      space: 'vrf-7',
      answers: 0,
    })
    const [entry] = await rowsOf(office, `select row_id, request_id, after from audit_entry order by id desc limit 1`)
    expect(entry).toEqual({
      row_id: disclosureId,
      request_id: 'r-9',
      after: { sought: '198.51.100.1', reason, case_number: 'AZ 1', answers: 0 },
    })
  })

  it.each([
    ['reason', { reason: '' }],
    ['reason', { reason: '  a ' }],
    ['reason', { reason: 'x'.repeat(501) }],
    ['case_number', { caseNumber: '  ' }],
    ['case_number', { caseNumber: 'x'.repeat(101) }],
    ['at', { at: hours(1) }],
    ['address', { text: '192.0.2.' }],
    ['address', { text: '192.0.2.0/24' }],
    ['address', { text: '2001:db8:1::/48' }],
    ['address', { text: '192.0.2.1:443' }],
  ])('has none of a question that was refused for its %s: %j', async (field, asked) => {
    const before = await logged()
    const refused = await ask({ text: '192.0.2.1', ...asked }).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(FieldError)
    expect((refused as FieldError).message.replace('-', '_')).toContain(`${field}: `)
    expect(await logged()).toBe(before)
  })

  it('has none of a space that there is not', async () => {
    const before = await logged()
    await expect(ask({ text: '192.0.2.1', space: 'vrf-8' })).rejects.toBeInstanceOf(NotFoundError)
    expect(await logged()).toBe(before)
  })

  it('has no answer without its row: where the row cannot be kept nothing is told', async () => {
    const before = await logged()
    const outcome = office.db.transaction().execute(async (trx) => {
      await discloseHolders({ db: trx, pool: office.pool }, { text: '192.0.2.1', reason }, office.author, noon)
      throw new Error('the connection broke')
    })
    await expect(outcome).rejects.toThrow('the connection broke')
    expect(await logged()).toBe(before)
  })

  it('has each of forty questions at once', async () => {
    const before = await logged()
    const asked = await Promise.all(Array.from({ length: 40 }, (_, n) => ask({ text: `203.0.113.${n}` })))
    expect(new Set(asked.map(({ disclosureId }) => disclosureId)).size).toBe(40)
    expect(await logged()).toBe(before + 40)
  })

  it('is filtered by operator, what was sought, case and time, and shows a reseller its own questions', async () => {
    await ask({ text: '203.0.113.99', caseNumber: 'C-1' }, { operatorId: 8n })
    const ids = async (filter: Parameters<typeof listDisclosures>[1]['filter'], scope: Scope = everything) =>
      (await listDisclosures(office.db, { filter, limit: 100 }, scope)).map(({ sought }) => sought)
    expect(await ids({ operatorId: 8n })).toEqual(['203.0.113.99'])
    expect(await ids({ caseNumber: 'C-1' })).toEqual(['203.0.113.99'])
    expect(await ids({ sought: '203.0.113.99' })).toEqual(['203.0.113.99'])
    expect(await ids({ caseNumber: 'C-1', until: noon })).toEqual([])
    expect(await ids({ caseNumber: 'C-1', since: noon })).toEqual(['203.0.113.99'])
    expect(new Set(await ids({}, { ...everything, ownerId: reseller }))).toEqual(new Set(['192.0.2.1']))
    expect(await ids({}, { ...everything, ownerId: 4_711n })).toEqual([])
  })
})
