import { beforeAll, describe, expect, it } from 'vitest'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { hours, noon } from '../../support/operator.ts'
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
})

const take = (action: string, ids: number[], params: Record<string, unknown> = {}) =>
  takeNamed(api.db, { action, ids, params }, api.author)
const facts = async (id: number) =>
  (await queryRows(api, 'select username, username_reserved, archived_at from subscriber where id = $1', [id]))[0]!

describe('deleting', () => {
  it('keeps everything, takes it out of service and ends its sessions', async () => {
    const id = await addTestSubscriber(admin, { username: 'gone', devices: ['aa:00:00:00:00:01'] })
    await openTestSession(api, id)
    expect(await take('delete', [id])).toMatchObject([{ kind: 'done', undo: { action: 'restore', params: {} } }])
    expect(await facts(id)).toEqual({ username: 'gone', username_reserved: true, archived_at: noon })
    expect(await waitingOrders(api, id)).toEqual(['disconnect deleted'])
    expect((await admin.get(`/subscribers/${id}`)).body).toMatchObject({
      label: 'archived',
      devices: [{ mac: 'aa:00:00:00:00:01' }],
    })
    expect(await take('delete', [id])).toMatchObject([{ kind: 'unchanged' }])
    expect((await admin.post('/subscribers', { username: 'gone', plan: 'Home' })).status).toBe(409)
  })

  it('leaves nothing to be done but restoring, purging and letting go', async () => {
    const id = await addTestSubscriber(admin, { addresses: ['198.51.100.1'] })
    await take('delete', [id])
    for (const [action, params] of [
      ['block', { reason: 'x' }],
      ['disable', {}],
      ['set-zone', { zone: 'x' }],
      ['bind-mac', { macs: ['aa:00:00:00:00:02'] }],
      ['reset-password', {}],
    ] as const) {
      expect(await take(action, [id], params)).toMatchObject([
        { kind: 'refused', reason: 'it is deleted: restore it first' },
      ])
    }
    expect((await admin.patch(`/subscribers/${id}`, { zone: 'x' })).status).toBe(409)
    expect(await take('release-address', [id])).toMatchObject([{ kind: 'done' }])
    expect((await auditOf(api, id)).map(({ action }) => action)).toEqual([
      'subscriber.create',
      'subscriber.delete',
      'subscriber.release-address',
    ])
  })

  it('frees the username where asked', async () => {
    const id = await addTestSubscriber(admin, { username: 'freed' })
    await take('delete', [id], { free_username: true })
    await addTestSubscriber(admin, { username: 'freed' })
    expect(await facts(id)).toMatchObject({ username: 'freed', username_reserved: false })
  })
})

describe('restoring', () => {
  it('brings it back as it was, and can be undone', async () => {
    const id = await addTestSubscriber(admin, { username: 'back' })
    await openTestSession(api, id)
    await take('delete', [id], { free_username: true })
    const [restored] = await take('restore', [id])
    expect(restored).toMatchObject({ kind: 'done', undo: { action: 'delete', params: { free_username: true } } })
    expect(await facts(id)).toEqual({ username: 'back', username_reserved: true, archived_at: null })
    expect(await waitingOrders(api, id)).toEqual(['reapply restored'])
    expect(await take('restore', [id])).toMatchObject([{ kind: 'unchanged' }])
  })

  it('is refused where the username or the line is somebody else’s by now', async () => {
    const named = await addTestSubscriber(admin, { username: 'wanted' })
    const line = await addTestSubscriber(admin, { account_type: 'ipoe', circuit_id: 'olt/1' })
    await take('delete', [named, line], { free_username: true })
    await addTestSubscriber(admin, { username: 'wanted' })
    await addTestSubscriber(admin, { username: 'heir', account_type: 'ipoe', circuit_id: 'olt/1' })
    expect(await take('restore', [named, line])).toMatchObject([
      { kind: 'refused', reason: "its username wanted is somebody else's by now" },
      { kind: 'refused', reason: 'it cannot have olt/1, by which heir is told' },
    ])
    const answer = await admin.post(`/subscribers/${named}/restore`)
    expect([answer.status, answer.body['code']]).toEqual([409, 'conflict'])
  })

  it('of two that had the same username brings back the first', async () => {
    const ids: number[] = []
    for (let round = 0; round < 2; round++) {
      const id = await addTestSubscriber(admin, { username: 'twice' })
      await take('delete', [id], { free_username: true })
      ids.push(id)
    }
    expect(await take('restore', ids)).toMatchObject([{ kind: 'done' }, { kind: 'refused' }])
  })

  it('of a reseller is refused by a username elsewhere, and by its number of subscribers', async () => {
    const r1 = await api.reseller('R1')
    const role = await api.db
      .insertInto('role')
      .values({ name: 'all of R1', permissions: ['subscriber.create', 'subscriber.delete', 'subscriber.read'] })
      .returning('id')
      .executeTakeFirstOrThrow()
    const reseller = await api.as('reseller', { organisationId: r1, roleId: role.id })
    const id = await addTestSubscriber(reseller, { username: 'moved on' })
    expect((await reseller.post(`/subscribers/${id}/delete`, { free_username: true })).status).toBe(200)
    await addTestSubscriber(admin, { username: 'moved on' })
    expect((await reseller.post(`/subscribers/${id}/restore`)).body['detail']).toContain("somebody else's")
    const other = await addTestSubscriber(reseller)
    await reseller.post(`/subscribers/${other}/delete`)
    await queryRows(api, 'update organisation set subscriber_limit = 0 where id = $1', [r1])
    expect((await reseller.post(`/subscribers/${other}/restore`)).body['detail']).toContain(
      'as many subscribers as it may have',
    )
    await queryRows(api, 'update organisation set subscriber_limit = 1 where id = $1', [r1])
    expect((await reseller.post(`/subscribers/${other}/restore`)).status).toBe(200)
  })

  it('fifty times at once has one effect', async () => {
    const id = await addTestSubscriber(admin)
    await take('delete', [id])
    const answers = await Promise.all(Array.from({ length: 50 }, () => admin.post(`/subscribers/${id}/restore`)))
    expect(answers.filter(({ body }) => body['outcome'] === 'done')).toHaveLength(1)
    expect(answers.every(({ status }) => status === 200)).toBe(true)
  })

  it('keeps the facts apart: who was blocked is blocked again', async () => {
    const id = await addTestSubscriber(admin)
    await take('block', [id], { reason: 'unpaid' })
    await take('delete', [id])
    await takeNamed(api.db, { action: 'restore', ids: [id] }, api.author, hours(1))
    expect((await admin.get(`/subscribers/${id}`)).body).toMatchObject({
      label: 'blocked',
      block_reason: 'unpaid',
      archived_at: null,
    })
  })
})
