// Ways around rank that a role of the ISP's own making could open, and what stays behind of a sign-in that was taken away.

import { describe, expect, it } from 'vitest'
import { bearerHash } from '../../../src/domain/operator/caller.ts'
import type { Permission } from '../../../src/domain/operator/permission.ts'
import { makeCursor } from '../../../src/http/cursor.ts'
import { writeSetting } from '../../../src/domain/setting.ts'
import { useApi } from '../../support/api.ts'
import type { Client, ClientOptions } from '../../support/api.ts'
import { employ, openBrowser, signInAt } from '../../support/browser.ts'

const api = useApi()
let made = 0

/** Somebody with a role of just these permissions. */
async function withRole(permissions: readonly Permission[], options: ClientOptions = {}): Promise<Client> {
  made += 1
  const values = { name: `above ${made}`, permissions: [...permissions], created_at: api.clock.now() }
  const { id: roleId } = await api.db.insertInto('role').values(values).returning('id').executeTakeFirstOrThrow()
  return api.as('viewer', { ...options, roleId })
}

const invite = async (boss: Client, email: string): Promise<{ id: number; token: string }> => {
  const { id: roleId } = await api.db
    .selectFrom('role')
    .select('id')
    .where('name', '=', 'viewer')
    .executeTakeFirstOrThrow()
  const person = { name: 'Invited One', email, role_id: Number(roleId), invite: true }
  const answer = await boss.post('/operators', person)
  expect(answer.status, `of ${answer.text}`).toBe(201)
  const token = `a-token-that-the-test-puts-in-place-${email}`
  await api.db
    .updateTable('password_reset')
    .set({ token_hash: bearerHash(token) })
    .where('operator_id', '=', BigInt(Number(answer.body['id'])))
    .execute()
  return { id: Number(answer.body['id']), token }
}

describe('other people’s eyes', () => {
  it('show nobody more than they may see themselves', async () => {
    const watcher = await withRole(['operator.read', 'operator.view-as', 'subscriber.read'])
    const boss = await api.as('super-administrator')
    const viewer = await api.as('viewer')
    const peer = await withRole(['operator.read', 'subscriber.read'])
    const refused = await watcher.post(`/operators/${boss.operatorId}/view-as`)
    expect([refused.status, refused.body['code']]).toEqual([403, 'forbidden'])
    expect((await watcher.post(`/operators/${viewer.operatorId}/view-as`)).status).toBe(403)
    expect((await watcher.post(`/operators/${peer.operatorId}/view-as`)).status).toBe(200)
  })

  it('reach no further than the own team', async () => {
    const boss = await api.as('super-administrator')
    const team = async (name: string, zones: string[]) =>
      BigInt(Number((await boss.post('/teams', { name, zones })).body['id']))
    const north = await team('Eyes north', ['north'])
    const both = await team('Eyes both', ['north', 'south'])
    const lead = await api.as('super-administrator', { teamId: north })
    const mate = await api.as('support', { teamId: north })
    const wide = await api.as('support', { teamId: both })
    const free = await api.as('support')
    expect((await lead.post(`/operators/${mate.operatorId}/view-as`)).status).toBe(200)
    expect((await lead.post(`/operators/${wide.operatorId}/view-as`)).status).toBe(403)
    expect((await lead.post(`/operators/${free.operatorId}/view-as`)).status).toBe(403)
  })
})

describe('one session of somebody else', () => {
  it('is ended by nobody whom they are above, just as all of them', async () => {
    const administrator = await api.as('administrator')
    const boss = await api.as('super-administrator')
    const { items } = (await administrator.get(`/operators/${boss.operatorId}/panel-sessions`)).body as {
      items: { id: number }[]
    }
    const path = `/operators/${boss.operatorId}/panel-sessions/${items[0]!.id}`
    expect((await administrator.delete(path)).status).toBe(403)
    expect((await administrator.delete(`/operators/${boss.operatorId}/panel-sessions`)).status).toBe(403)
    expect((await boss.get('/me')).status).toBe(200)
    expect((await boss.delete(path)).status).toBe(204)
    expect((await boss.get('/me')).status).toBe(401)
  })

  it('is not ended under another operator’s name', async () => {
    const boss = await api.as('super-administrator')
    const [one, other] = [await api.as('viewer'), await api.as('viewer')]
    const { items } = (await boss.get(`/operators/${one.operatorId}/panel-sessions`)).body as {
      items: { id: number }[]
    }
    expect((await boss.delete(`/operators/${other.operatorId}/panel-sessions/${items[0]!.id}`)).status).toBe(404)
    expect((await one.get('/me')).status).toBe(200)
  })
})

describe('a link to choose a password', () => {
  it('that went to a mistyped address is void once the address is put right', async () => {
    await writeSetting(api.db, { name: 'panel_url', value: 'https://panel.example.net' }, api.clock.now())
    const boss = await api.as('super-administrator')
    const { id, token } = await invite(boss, 'stranger@example.net')
    expect((await boss.patch(`/operators/${id}`, { email: 'colleague@example.net' })).status).toBe(200)
    const chosen = await openBrowser(api).post('/sign-in/reset', { token, password: 'Fern4-Granite-Owl' })
    expect([chosen.status, chosen.body['code']]).toEqual([401, 'wrong-credentials'])
    expect((await boss.get(`/operators/${id}`)).body).toMatchObject({ email: 'colleague@example.net' })
  })

  it('stays good where only the name or phone was put right', async () => {
    const boss = await api.as('super-administrator')
    const { id, token } = await invite(boss, 'right@example.net')
    expect((await boss.patch(`/operators/${id}`, { name: 'Right Name', phone: '+49 151 2345678' })).status).toBe(200)
    const browser = openBrowser(api)
    expect((await browser.post('/sign-in/reset', { token, password: 'Fern4-Granite-Owl' })).status).toBe(204)
    expect((await signInAt(browser, { email: 'right@example.net', password: 'Fern4-Granite-Owl' })).status).toBe(200)
  })
})

describe('a password that an administrator resets', () => {
  it('opens what strangers have closed by guessing, and forgets the devices of before', async () => {
    const start = api.clock.now()
    const boss = await api.as('super-administrator')
    const who = await employ(api, 'support')
    const own = openBrowser(api)
    await signInAt(own, who)
    for (let at = 0; at < 6; at += 1)
      await signInAt(openBrowser(api), { email: who.email, password: 'a guess of theirs' })
    expect((await signInAt(openBrowser(api), who)).status).toBe(429)
    const { password } = (await boss.post(`/operators/${who.id}/reset-password`)).body as { password: string }
    const elsewhere = await signInAt(openBrowser(api), { email: who.email, password })
    expect([elsewhere.status, elsewhere.body['state']]).toEqual([200, 'change'])
    const devices = await api.db.selectFrom('known_device').selectAll().where('operator_id', '=', who.id).execute()
    // Of the new sign-in only.
    expect(devices).toHaveLength(1)
    api.clock.set(start)
  })
})

describe('moving many to a team', () => {
  it('asks for the team by name or null: leaving it out would let them see everything', async () => {
    const boss = await api.as('super-administrator')
    const team = await boss.post('/teams', { name: 'Bulk narrow', zones: ['a'] })
    const who = await api.as('support', { teamId: BigInt(Number(team.body['id'])) })
    const target = { ids: [Number(who.operatorId)] }
    const forgotten = await boss.post('/operators/bulk', { action: 'assign-team', target })
    expect(forgotten.status).toBe(422)
    expect(forgotten.body['errors']).toEqual([expect.objectContaining({ field: 'value' })])
    const role = await boss.post('/operators/bulk', { action: 'assign-role', target })
    expect([role.status, role.body['errors']]).toEqual([422, [expect.objectContaining({ field: 'value' })]])
    const freed = await boss.post('/operators/bulk', { action: 'assign-team', target, value: null })
    expect(freed.body).toMatchObject({ done: 1, refused: 0 })
  })
})

describe('the cursor of the list', () => {
  const page = (client: Client, sort: string, key: string) =>
    client.get(`/operators?sort=${sort}&cursor=${makeCursor([key, '1'])}`)

  it.each([
    ['created_at', 'Anna Administrator'],
    ['created_at', '2026-13-01 00:00:00+00'],
    ['created_at', '2026-02-30 00:00:00+00'],
    ['created_at', '0000-01-01 00:00:00+00'],
    ['last_login_at', "'; drop table operator; --"],
    ['last_login_at', ''],
    ['last_login_at', '2026-11-22 12:00:00+99'],
  ])('of another order is refused and breaks nothing: %s after %j', async (sort, key) => {
    const answer = await page(await api.as('viewer', { roleId: await readerRole() }), sort, key)
    expect([answer.status, answer.body['code']]).toEqual([400, 'invalid-request'])
  })

  it('goes on behind those who never signed in, in both directions', async () => {
    const boss = await api.as('super-administrator')
    for (let at = 0; at < 3; at += 1) await signInAt(openBrowser(api), await employ(api, 'viewer'))
    for (const order of ['asc', 'desc']) {
      const seen: number[] = []
      let cursor: string | null = ''
      while (cursor !== null) {
        const more: string = cursor === '' ? '' : `&cursor=${cursor}`
        const { body } = await boss.get(`/operators?sort=last_login_at&order=${order}&limit=2&columns=email${more}`)
        seen.push(...(body['items'] as { id: number }[]).map((row) => row.id))
        cursor = body['next_cursor'] as string | null
      }
      const all = await api.db.selectFrom('operator').select('id').where('archived_at', 'is', null).execute()
      expect(seen.toSorted((a, b) => a - b)).toEqual(all.map((row) => Number(row.id)).toSorted((a, b) => a - b))
    }
  })
})

let reader: bigint | undefined
async function readerRole(): Promise<bigint> {
  const values = { name: 'Operator reader', permissions: ['operator.read'], created_at: api.clock.now() }
  reader ??= (await api.db.insertInto('role').values(values).returning('id').executeTakeFirstOrThrow()).id
  return reader
}
