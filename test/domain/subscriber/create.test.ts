// Adding a subscriber as the domain does it: by whom, for whom, all or nothing.
import { beforeAll, describe, expect, it } from 'vitest'
import { ForbiddenError } from '../../../src/domain/author.ts'
import type { Author } from '../../../src/domain/author.ts'
import type { Permission } from '../../../src/domain/operator/permission.ts'
import { createSubscriber } from '../../../src/domain/subscriber/create.ts'
import type { NewSubscriberInput } from '../../../src/domain/subscriber/create.ts'
import { bodyNames } from '../../../src/http/routes/subscriber-body.ts'
import { useApi } from '../../support/api.ts'
import { hours, noon } from '../../support/operator.ts'
import { addTestPlan, auditOf, queryRows } from '../../support/subscribers.ts'

const api = useApi()
let r1: bigint

beforeAll(async () => {
  r1 = await api.reseller('R1')
  await addTestPlan(api, 'Home', { grace_hours: 48 })
  await addTestPlan(api, 'Of R1', { owner_id: r1 })
})

let made = 0
function create(more: Partial<NewSubscriberInput> = {}, by: Author = api.author) {
  made += 1
  const texts = { username: `new${made}`, ...more.texts }
  return createSubscriber(api.db, { names: bodyNames, plan: 'Home', ...more, texts }, by, noon)
}

const without = (...lacking: Permission[]): Author => ({
  ...api.author,
  permissions: new Set([...api.author.permissions].filter((name) => !lacking.includes(name))),
})
const rowOf = async (id: bigint) => (await queryRows(api, 'select * from subscriber where id = $1', [id]))[0]!

describe('a new subscriber', () => {
  it('begins its service period where its end is set, and is new otherwise', async () => {
    const begun = await rowOf((await create({ texts: { username: 'begun', expiresAt: '2026-12-24T12:00:00Z' } })).id)
    expect(begun).toMatchObject({
      activated_at: noon,
      period_started_at: noon,
      expires_at: new Date('2026-12-24T12:00:00Z'),
      grace_until: new Date('2026-12-26T12:00:00Z'),
    })
    expect(await rowOf((await create()).id)).toMatchObject({ activated_at: null, expires_at: null, grace_until: null })
  })

  it('has a register date that may lie behind, never ahead', async () => {
    expect(await rowOf((await create({ createdAt: hours(-1_000) })).id)).toMatchObject({
      created_at: hours(-1_000),
      updated_at: noon,
    })
    await expect(create({ createdAt: hours(1) })).rejects.toThrow('created_at: lies in the future')
  })

  it('has a payer of its own of its owner, in the currency of the plan', async () => {
    await addTestPlan(api, 'Yen', { currency: 'JPY', owner_id: r1 })
    const { id } = await create({ plan: 'Yen', owner: 'R1', texts: { username: 'yen', fullName: 'Yoko Yen' } })
    const [payer] = await queryRows(
      api,
      'select payer.* from payer join subscriber on payer_id = payer.id where subscriber.id = $1',
      [id],
    )
    expect(payer).toMatchObject({ name: 'Yoko Yen', currency: 'JPY', owner_id: r1, balance_minor: 0n })
  })

  it('gets a group that is new only from who may make one', async () => {
    const { id } = await create({ group: 'Made up' })
    const [group] = await queryRows(api, `select id from subscriber_group where name = 'Made up'`)
    expect(await rowOf(id)).toMatchObject({ group_id: group!['id'] })
    await expect(create({ group: 'Not made' }, without('group.edit'))).rejects.toThrow('there is no group "Not made"')
    expect(await rowOf((await create({ group: 'Made up' }, without('group.edit'))).id)).toMatchObject({
      group_id: group!['id'],
    })
  })

  it('is noted with all that is set and nothing that is not', async () => {
    const { id } = await create({ texts: { username: 'noted', zone: 'north', sessionLimit: '2' } })
    const [entry] = await auditOf(api, Number(id))
    expect(entry).toMatchObject({ before: null, owner_id: 1n })
    expect(entry!['after']).toMatchObject({ zone: 'north', session_limit: 2, account_type: 'pppoe' })
    expect(Object.keys(entry!['after'] as object)).not.toContain('language')
  })

  it.each([
    ['service.free', { texts: { username: 'a', expiresAt: '2030-01-01' } }],
    ['service.renew', { autoRenew: true }],
    ['subscriber.network', { texts: { username: 'a', mac: 'aa:00:00:00:00:01' } }],
    ['subscriber.network', { texts: { username: 'a', staticIp: '198.51.100.1' } }],
    ['subscriber.network', { texts: { username: 'a', circuitId: 'x' } }],
    ['subscriber.network', { texts: { username: 'a', cVlan: '7' } }],
    ['subscriber.network', { texts: { username: 'a', sessionLimit: '7' } }],
    ['subscriber.network', { attributes: ['Filter-Id = x'] }],
    ['subscriber.network', { routes: ['192.0.2.0/24'] }],
    ['subscriber.network', { nasGroup: 'default' }],
  ] satisfies [Permission, Partial<NewSubscriberInput>][])(
    'needs %s for what that covers',
    async (permission, input) => {
      const before = await queryRows(api, 'select count(*) from subscriber')
      await expect(create(input, without(permission))).rejects.toThrow(ForbiddenError)
      expect(await queryRows(api, 'select count(*) from subscriber')).toEqual(before)
    },
  )

  it('of a reseller belongs to it, with its plans and shared ones', async () => {
    const by: Author = { ...api.author, scope: { ownerId: r1, zones: undefined, nasGroupIds: undefined } }
    expect(await rowOf((await create({ plan: 'Of R1' }, by)).id)).toMatchObject({ owner_id: r1 })
    await expect(create({ owner: 'ISP' }, by)).rejects.toThrow('there is no organisation "ISP"')
    await expect(create({ plan: 'Of R1', owner: 'ISP' })).rejects.toThrow('there is no plan "Of R1"')
  })

  it('takes a plan to come from its texts or its own field', async () => {
    const next = await addTestPlan(api, 'Next')
    expect(await rowOf((await create({ texts: { username: 'n1', nextPlan: 'Next' } })).id)).toMatchObject({
      next_plan_id: next,
    })
    expect(await rowOf((await create({ nextPlan: Number(next) })).id)).toMatchObject({ next_plan_id: next })
    await expect(create({ nextPlan: 'No such' })).rejects.toThrow('there is no plan "No such"')
  })

  it('is there whole or not at all', async () => {
    const counts = () =>
      queryRows(
        api,
        `select (select count(*) from subscriber) s, (select count(*) from payer) p, (select count(*) from device) d,
           (select count(*) from credential) c, (select count(*) from audit_entry) a`,
      )
    await create({ texts: { username: 'holder', staticIp: '203.0.113.9' } })
    const before = await counts()
    const texts = { username: 'whole', mac: 'aa:00:00:00:00:09', staticIp: '203.0.113.8 203.0.113.9' }
    await expect(create({ texts })).rejects.toThrow('addresses: 203.0.113.9/32 is or overlaps')
    await expect(create({ texts: { username: 'holder' } })).rejects.toThrow('username: there is a subscriber holder')
    await expect(create({ comment: ' ' })).rejects.toThrow('comment: ')
    await expect(create({ texts: { username: 'o', staticIp: '203.0.113.7 203.0.113.7' } })).rejects.toThrow(
      'addresses: ',
    )
    expect(await counts()).toEqual(before)
  })

  it('of one name is one, however many add it at once', async () => {
    const added = await Promise.allSettled(Array.from({ length: 10 }, () => create({ texts: { username: 'race' } })))
    expect(added.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await queryRows(api, `select count(*)::int as n from payer where name = 'race'`)).toEqual([{ n: 1 }])
  })
})
