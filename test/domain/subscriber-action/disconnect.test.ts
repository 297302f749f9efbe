import { beforeAll, describe, expect, it } from 'vitest'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { noon } from '../../support/operator.ts'
import { addTestPlan, addTestSubscriber, openTestSession, takeNamed, waitingOrders } from '../../support/subscribers.ts'

const api = useApi()
let admin: Client

beforeAll(async () => {
  admin = await api.as('super-administrator')
  await addTestPlan(api, 'Home')
  await addTestPlan(api, 'Garden', { on_block: 'garden' })
})

const take = (action: string, id: number, params: Record<string, unknown> = {}, now = noon) =>
  takeNamed(api.db, { action, ids: [id], params }, api.author, now)

async function dialled(plan = 'Home'): Promise<number> {
  const id = await addTestSubscriber(admin, { plan })
  await openTestSession(api, id)
  return id
}

describe('disconnecting', () => {
  it('orders the end of live sessions, and does nothing where there is none', async () => {
    const id = await dialled()
    expect(await take('disconnect', id)).toMatchObject([{ kind: 'done', detail: { sessions: 1 } }])
    expect(await waitingOrders(api, id)).toEqual(['disconnect disconnected by hand'])
    const offline = await addTestSubscriber(admin)
    expect(await take('disconnect', offline)).toMatchObject([{ kind: 'unchanged' }])
  })
})
