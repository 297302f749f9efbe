import { beforeAll, describe, expect, it } from 'vitest'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { addTestPlan, addTestSubscriber, auditOf, queryRows, takeNamed } from '../../support/subscribers.ts'

const api = useApi()
let admin: Client
let r1: bigint
let r2: bigint

beforeAll(async () => {
  admin = await api.as('super-administrator')
  await addTestPlan(api, 'Home')
  r1 = await api.reseller('R1')
  r2 = await api.reseller('R2')
  await addTestPlan(api, 'Of R1', { owner_id: r1 })
})

const take = (action: string, ids: number[], params: Record<string, unknown> = {}) =>
  takeNamed(api.db, { action, ids, params }, api.author)
const row = async (id: number) =>
  (
    await queryRows(api, 'select owner_id, payer_id, group_id, zone, next_plan_id from subscriber where id = $1', [id])
  )[0]!

async function addGroup(name: string, owner?: string): Promise<number> {
  const answer = await admin.post('/groups', { name, ...(owner === undefined ? {} : { owner }) })
  return answer.body['id'] as number
}

describe('another owner', () => {
  it('gets the subscriber with its payer; its group and a plan to come of the old owner stay behind', async () => {
    const group = await addGroup('Left')
    const id = await addTestSubscriber(admin)
    await take('add-to-group', [id], { group })
    const before = await row(id)
    const [moved] = await take('change-owner', [id], { owner: 'R1' })
    expect(moved).toMatchObject({ kind: 'done', undo: { action: 'change-owner', params: { owner: 1 } } })
    expect(await row(id)).toMatchObject({ owner_id: r1, payer_id: before['payer_id'], group_id: null })
    const [payer] = await queryRows(api, 'select owner_id from payer where id = $1', [before['payer_id']])
    expect(payer).toEqual({ owner_id: r1 })
    expect((await auditOf(api, id)).at(-1)).toMatchObject({
      before: { owner_id: '1', group_id: String(group) },
      after: { owner_id: String(r1), group_id: null },
    })
    expect(await take('change-owner', [id], { owner: Number(r1) })).toMatchObject([{ kind: 'unchanged' }])
  })

  it('gets a payer of its own for each that shared one', async () => {
    const first = await addTestSubscriber(admin, { full_name: 'First Line' })
    const { payer_id: payerId } = await row(first)
    const others = [
      await addTestSubscriber(admin, { payer_id: Number(payerId), full_name: 'Second Line' }),
      await addTestSubscriber(admin, { payer_id: Number(payerId), username: 'third line' }),
    ]
    await take('change-owner', others, { owner: 'R2' })
    const payers = await Promise.all(others.map(async (id) => (await row(id))['payer_id'] as bigint))
    expect(new Set([payerId, ...payers]).size).toBe(3)
    expect(
      await queryRows(api, 'select owner_id, name, currency from payer where id = any($1) order by id', [payers]),
    ).toEqual([
      { owner_id: r2, name: 'Second Line', currency: 'EUR' },
      { owner_id: r2, name: 'third line', currency: 'EUR' },
    ])
    expect(await row(first)).toMatchObject({ owner_id: 1n, payer_id: payerId })
  })

  it('cannot get one whose plan is another’s, nor more than it may have', async () => {
    const bound = await addTestSubscriber(admin, { owner: 'R1', plan: 'Of R1' })
    expect(await take('change-owner', [bound], { owner: 'R2' })).toMatchObject([
      { kind: 'refused', reason: 'its plan is of another organisation: change the plan first' },
    ])
    const r3 = await api.reseller('R3')
    await queryRows(api, 'update organisation set subscriber_limit = 1 where id = $1', [r3])
    const ids = [await addTestSubscriber(admin), await addTestSubscriber(admin)]
    expect(await take('change-owner', ids, { owner: 'R3' })).toMatchObject([
      { kind: 'done' },
      { kind: 'refused', reason: 'the organisation has as many subscribers as it may have' },
    ])
  })

  it('must be in reach of who moves, and moving needs a permission that resellers never have', async () => {
    const id = await addTestSubscriber(admin, { owner: 'R1' })
    const by = { ...api.author, scope: { ownerId: r1, zones: undefined, nasGroupIds: undefined } }
    const move = takeNamed(api.db, { action: 'change-owner', ids: [id], params: { owner: 'R2' } }, by)
    await expect(move).rejects.toThrow('there is no organisation "R2"')
    const reseller = await api.as('reseller', { organisationId: r1 })
    expect((await reseller.post(`/subscribers/${id}/change-owner`, { owner: 'R2' })).status).toBe(403)
  })
})
