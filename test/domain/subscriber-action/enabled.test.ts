import { beforeAll, describe, expect, it } from 'vitest'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { noon } from '../../support/operator.ts'
import {
  addTestPlan,
  addTestSubscriber,
  auditOf,
  openTestSession,
  queryRows,
  takeNamed,
  waitingOrders,
} from '../../support/subscribers.ts'

const api = useApi()
let admin: Client

beforeAll(async () => {
  admin = await api.as('super-administrator')
  await addTestPlan(api, 'Home')
  await addTestPlan(api, 'Garden', { on_block: 'garden' })
})

const take = (action: string, id: number, params: Record<string, unknown> = {}, now = noon) =>
  takeNamed(api.db, { action, ids: [id], params }, api.author, now)
const facts = async (id: number) =>
  (await queryRows(api, 'select enabled, block_reason, blocked_at from subscriber where id = $1', [id]))[0]!

async function dialled(plan = 'Home'): Promise<number> {
  const id = await addTestSubscriber(admin, { plan })
  await openTestSession(api, id)
  return id
}

describe('enabling and disabling', () => {
  it('is a fact of its own: a block stays', async () => {
    const id = await dialled()
    await take('block', id, { reason: 'unpaid' })
    expect(await take('disable', id)).toMatchObject([{ kind: 'done', undo: { action: 'enable', params: {} } }])
    expect(await facts(id)).toMatchObject({ enabled: false, block_reason: 'unpaid' })
    expect(await waitingOrders(api, id)).toEqual(['disconnect disabled'])
    expect(await take('disable', id)).toMatchObject([{ kind: 'unchanged' }])
    expect(await take('enable', id)).toMatchObject([{ kind: 'done', undo: { action: 'disable', params: {} } }])
    expect(await waitingOrders(api, id)).toEqual(['reapply enabled'])
    expect((await auditOf(api, id)).at(-1)).toMatchObject({ before: { enabled: false }, after: { enabled: true } })
  })
})
