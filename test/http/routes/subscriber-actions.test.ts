import { beforeAll, describe, expect, it } from 'vitest'
import { subscriberActions } from '../../../src/domain/subscriber-action/list.ts'
import { subscriberActionRoutes } from '../../../src/http/routes/subscriber-actions.ts'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { addTestPlan, addTestSubscriber, wrongFields } from '../../support/subscribers.ts'

const api = useApi()
let admin: Client

beforeAll(async () => {
  admin = await api.as('super-administrator')
  await addTestPlan(api, 'Home')
})

describe('the actions over the API', () => {
  it('are all there, each under its name and permission, the grave ones with a proof', () => {
    expect(
      subscriberActionRoutes.map(({ path, access, grave, reveals }) => ({ path, access, grave, reveals })),
    ).toEqual(
      subscriberActions.map(({ name, permission, grave, reveals }) => ({
        path: `/subscribers/:id/${name}`,
        access: permission,
        grave,
        reveals,
      })),
    )
    expect(new Set(subscriberActions.map(({ name }) => name)).size).toBe(subscriberActions.length)
  })

  it('answer what became of it, and how it would be undone', async () => {
    const id = await addTestSubscriber(admin)
    const blocked = await admin.post(`/subscribers/${id}/block`, { reason: 'unpaid' })
    expect([blocked.status, blocked.body]).toEqual([
      200,
      {
        subscriber_id: id,
        outcome: 'done',
        detail: { wish: 'disconnect', sessions: 0, was_blocked: false },
        undo: { action: 'unblock', params: { reason: 'unpaid' } },
      },
    ])
    expect((await admin.get(`/subscribers/${id}`)).body).toMatchObject({ label: 'blocked', block_reason: 'unpaid' })
    expect((await admin.post(`/subscribers/${id}/unblock`)).body).toMatchObject({ outcome: 'done' })
    expect((await admin.post(`/subscribers/${id}/unblock`, {})).body).toEqual({
      subscriber_id: id,
      outcome: 'unchanged',
    })
  })

  it('refuse with a conflict and a sentence', async () => {
    const id = await addTestSubscriber(admin)
    await admin.post(`/subscribers/${id}/delete`)
    const answer = await admin.post(`/subscribers/${id}/block`, { reason: 'x' })
    expect([answer.status, answer.body['code'], answer.body['detail']]).toEqual([
      409,
      'conflict',
      'it is deleted: restore it first',
    ])
  })

  it('name what they are told wrongly', async () => {
    const id = await addTestSubscriber(admin)
    const told = async (action: string, body: unknown) => {
      const answer = await admin.post(`/subscribers/${id}/${action}`, body)
      return [answer.status, ...wrongFields(answer)]
    }
    expect(await told('block', {})).toEqual([400, 'reason'])
    expect(await told('block', { reason: ' ' })).toEqual([422, 'reason'])
    expect(await told('block', { reason: 'x', until: 'later' })).toEqual([400, 'until'])
    expect(await told('unblock', { cause: 'x' })).toEqual([400, 'cause'])
    expect(await told('set-address', { addresses: ['x'] })).toEqual([422, 'addresses'])
    expect(await told('bind-mac', { macs: 'aa:bb:cc:dd:ee:ff' })).toEqual([400, 'macs'])
    expect((await told('add-to-group', { group: 'No such' }))[0]).toBe(404)
  })

  it('do nothing to whom the caller does not reach, which is not there', async () => {
    const id = await addTestSubscriber(admin)
    const reseller = await api.as('reseller', { organisationId: await api.reseller('R1') })
    for (const [action, body] of [
      ['block', { reason: 'x' }],
      ['delete', {}],
      ['reset-password', {}],
      ['set-zone', { zone: 'x' }],
      ['disconnect', {}],
    ] as const) {
      const answer = await reseller.post(`/subscribers/${id}/${action}`, body)
      expect([answer.status, answer.body['code']]).toEqual([404, 'not-found'])
    }
    expect((await admin.get(`/subscribers/${id}`)).body).toMatchObject({ label: 'new', zone: null })
    expect((await admin.post('/subscribers/999999999/block', { reason: 'x' })).status).toBe(404)
  })

  it('need the permission of the action', async () => {
    const id = await addTestSubscriber(admin)
    const viewer = await api.as('viewer')
    for (const { name } of subscriberActions) {
      const answer = await viewer.post(`/subscribers/${id}/${name}`, {})
      expect([name, answer.status]).toEqual([name, 403])
    }
    const billing = await api.as('billing')
    expect((await billing.post(`/subscribers/${id}/block`, { reason: 'unpaid' })).status).toBe(200)
    expect((await billing.post(`/subscribers/${id}/reset-password`)).status).toBe(403)
  })
})
