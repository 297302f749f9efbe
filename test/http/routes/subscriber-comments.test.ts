import { beforeAll, describe, expect, it } from 'vitest'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { noon } from '../../support/operator.ts'
import { addTestPlan, addTestSubscriber, auditOf, wrongFields } from '../../support/subscribers.ts'

const api = useApi()
let admin: Client
let reseller: Client

beforeAll(async () => {
  admin = await api.as('super-administrator')
  reseller = await api.as('reseller', { organisationId: await api.reseller('R1') })
  await addTestPlan(api, 'Home')
})

type Items = Record<string, unknown>[]
const items = async (path: string, client = admin) => (await client.get(path)).body['items'] as Items

describe('a comment', () => {
  it('has author and time, lies under the key of the person in the audit trail, and can be removed', async () => {
    const id = await addTestSubscriber(admin)
    const path = `/subscribers/${id}/comments`
    const added = await admin.post(path, { comment: '  moved\r\nto the lake ' })
    expect([added.status, added.body]).toEqual([
      201,
      { id: added.body['id'], text: 'moved\nto the lake', author: admin.email, created_at: noon.toISOString() },
    ])
    await admin.post(path, { comment: 'second' })
    expect((await items(path)).map(({ text }) => text)).toEqual(['second', 'moved\nto the lake'])
    expect((await admin.delete(`${path}/${String(added.body['id'])}`)).status).toBe(204)
    expect((await items(path)).map(({ text }) => text)).toEqual(['second'])
    const entries = await auditOf(api, id)
    expect(entries.map(({ action }) => action)).toEqual([
      'subscriber.create',
      'subscriber.comment',
      'subscriber.comment',
      'subscriber.uncomment',
    ])
    expect(
      entries.every(({ after, before }) => !`${JSON.stringify(after)}${JSON.stringify(before)}`.includes('lake')),
    ).toBe(true)
  })

  it('comes page by page', async () => {
    const id = await addTestSubscriber(admin)
    for (const comment of ['1', '2', '3']) await admin.post(`/subscribers/${id}/comments`, { comment })
    const first = await admin.get(`/subscribers/${id}/comments?limit=2`)
    expect((first.body['items'] as Items).map(({ text }) => text)).toEqual(['3', '2'])
    const next = `/subscribers/${id}/comments?limit=2&cursor=${String(first.body['next_cursor'])}`
    expect((await items(next)).map(({ text }) => text)).toEqual(['1'])
    expect((await admin.get(`/subscribers/${id}/comments?cursor=nonsense`)).status).toBe(400)
  })

  it('has 1 to 4000 characters', async () => {
    const id = await addTestSubscriber(admin)
    for (const comment of [' ', 'x'.repeat(4_001), 'a\u0007b']) {
      const answer = await admin.post(`/subscribers/${id}/comments`, { comment })
      expect([answer.status, wrongFields(answer)]).toEqual([422, ['comment']])
    }
  })

  it('of somebody else’s subscriber is not there', async () => {
    const id = await addTestSubscriber(admin)
    const own = await addTestSubscriber(reseller)
    const added = await admin.post(`/subscribers/${id}/comments`, { comment: 'secret' })
    expect((await reseller.get(`/subscribers/${id}/comments`)).status).toBe(404)
    expect((await reseller.post(`/subscribers/${id}/comments`, { comment: 'x' })).status).toBe(404)
    expect((await reseller.delete(`/subscribers/${own}/comments/${String(added.body['id'])}`)).status).toBe(404)
    expect(await items(`/subscribers/${id}/comments`)).toHaveLength(1)
  })
})
