import { beforeAll, describe, expect, it } from 'vitest'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { addTestPlan, addTestSubscriber, auditOf, queryRows, takeNamed } from '../../support/subscribers.ts'

const api = useApi()
let admin: Client
let r1: bigint

beforeAll(async () => {
  admin = await api.as('super-administrator')
  await addTestPlan(api, 'Home')
  r1 = await api.reseller('R1')
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

describe('a group', () => {
  it('takes a subscriber in place of the one it was in, and gives it back', async () => {
    const [lake, hill] = [await addGroup('Lake'), await addGroup('Hill')]
    const id = await addTestSubscriber(admin)
    expect(await take('add-to-group', [id], { group: lake })).toMatchObject([{ undo: { action: 'remove-from-group' } }])
    const [moved] = await take('add-to-group', [id], { group: 'Hill' })
    expect(moved).toMatchObject({ undo: { action: 'add-to-group', params: { group: lake } } })
    expect(await row(id)).toMatchObject({ group_id: BigInt(hill) })
    expect(await take('add-to-group', [id], { group: hill })).toMatchObject([{ kind: 'unchanged' }])
    expect((await auditOf(api, id)).at(-1)).toMatchObject({
      before: { group_id: String(lake) },
      after: { group_id: String(hill) },
    })
    expect(await take('remove-from-group', [id])).toMatchObject([{ undo: { params: { group: hill } } }])
    expect(await take('remove-from-group', [id])).toMatchObject([{ kind: 'unchanged' }])
  })

  it('takes subscribers of its own organisation only; by name each gets that of its own', async () => {
    const [ofIsp, ofR1] = [await addGroup('Shared name'), await addGroup('Shared name', 'R1')]
    const ids = [await addTestSubscriber(admin), await addTestSubscriber(admin, { owner: 'R1' })]
    expect(await take('add-to-group', ids, { group: ofIsp })).toMatchObject([
      { kind: 'done' },
      { kind: 'refused', reason: 'it belongs to another organisation than the group' },
    ])
    await take('add-to-group', ids, { group: 'Shared name' })
    expect([(await row(ids[0]!))['group_id'], (await row(ids[1]!))['group_id']]).toEqual([BigInt(ofIsp), BigInt(ofR1)])
    await expect(take('add-to-group', ids, { group: 'No such' })).rejects.toThrow('there is no group "No such"')
  })
})
