import { beforeAll, describe, expect, it } from 'vitest'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { addTestPlan, addTestSubscriber, queryRows, takeNamed } from '../../support/subscribers.ts'

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

describe('a zone', () => {
  it('is set, taken away and given back', async () => {
    const id = await addTestSubscriber(admin, { zone: 'north' })
    const [set] = await take('set-zone', [id], { zone: ' south ' })
    expect(set).toMatchObject({ kind: 'done', undo: { action: 'set-zone', params: { zone: 'north' } } })
    expect(await row(id)).toMatchObject({ zone: 'south' })
    expect(await take('set-zone', [id], { zone: 'south' })).toMatchObject([{ kind: 'unchanged' }])
    await take('set-zone', [id], { zone: null })
    expect(await row(id)).toMatchObject({ zone: null })
    await expect(take('set-zone', [id], { zone: 'x'.repeat(101) })).rejects.toThrow('zone: ')
  })

  it('stays within those that the author reaches', async () => {
    const id = await addTestSubscriber(admin, { zone: 'north' })
    const by = { ...api.author, scope: { ...api.author.scope, zones: ['north', 'south'] } }
    const set = (zone: string | null) => takeNamed(api.db, { action: 'set-zone', ids: [id], params: { zone } }, by)
    await expect(set('east')).rejects.toThrow('zone: must be one of north, south')
    await expect(set(null)).rejects.toThrow('zone: ')
    expect(await set('south')).toMatchObject([{ kind: 'done' }])
  })
})
