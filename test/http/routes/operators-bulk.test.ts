// Deeds upon many operators at once, and seeing the panel as another operator sees it.

import { describe, expect, it } from 'vitest'
import type { Answer, Client } from '../../support/api.ts'
import { useApi } from '../../support/api.ts'
import { employ, openBrowser, signInAt } from '../../support/browser.ts'

const api = useApi()

async function roleId(name: string): Promise<number> {
  const row = await api.db.selectFrom('role').select('id').where('name', '=', name).executeTakeFirstOrThrow()
  return Number(row.id)
}

const items = (answer: Answer): Record<string, unknown>[] => answer.body['items'] as Record<string, unknown>[]

describe('bulk deeds', () => {
  const bulk = (boss: Client, body: object): Promise<Answer> => boss.post('/operators/bulk', body)

  it('tell what would happen, then do it, with a result for each', async () => {
    const boss = await api.as('super-administrator')
    const people = [await employ(api, 'viewer'), await employ(api, 'viewer'), await employ(api, 'viewer')]
    const ids = people.map((one) => Number(one.id))
    const target = { ids: [...ids, Number(boss.operatorId), 999_999, ids[0]] }
    const dry = await bulk(boss, { action: 'disable', target, dry_run: true })
    expect(dry.body).toMatchObject({ dry_run: true, done: 3, refused: 2 })
    expect((await boss.get(`/operators/${ids[0]}`)).body).toMatchObject({ enabled: true })
    const done = await bulk(boss, { action: 'disable', target })
    expect(done.body).toMatchObject({ dry_run: false, done: 3, unchanged: 0, refused: 2 })
    expect(await bulk(boss, { action: 'disable', target: { ids } })).toMatchObject({ body: { unchanged: 3 } })
    expect((await boss.get(`/operators/${ids[0]}`)).body).toMatchObject({ enabled: false })
    expect((await bulk(boss, { action: 'enable', target: { ids } })).body).toMatchObject({ done: 3 })
    const team = Number((await boss.post('/teams', { name: 'Bulk Team' })).body['id'])
    expect((await bulk(boss, { action: 'assign-team', target: { ids }, value: team })).body).toMatchObject({ done: 3 })
    const found = await bulk(boss, {
      action: 'assign-role',
      target: { filter: { team: [team] } },
      value: await roleId('support'),
    })
    expect(found.body).toMatchObject({ done: 3 })
    expect((await bulk(boss, { action: 'assign-role', target: { ids } })).status).toBe(422)
    expect((await bulk(boss, { action: 'delete', target: { filter: { team: [team] } } })).body).toMatchObject({
      done: 3,
    })
    expect(items(await boss.get(`/operators?team=${team}`))).toEqual([])
    expect((await boss.delete(`/teams/${team}`)).status).toBe(409)
  })

  it('upon all leave who does it and the last super-administrator', async () => {
    const boss = await api.as('super-administrator')
    const result = await bulk(boss, { action: 'delete', target: { all: true }, dry_run: true })
    const refused = (result.body['results'] as { operator_id: number; kind: string }[]).filter(
      (one) => one.kind === 'refused',
    )
    expect(refused.map((one) => one.operator_id)).toEqual([Number(boss.operatorId)])
  })
})

describe('seeing as another operator', () => {
  it('shows what they see for half an hour, changes nothing, is written down, and ends where it began', async () => {
    const start = api.clock.now()
    const browser = openBrowser(api)
    const boss = await employ(api, 'super-administrator')
    const who = await employ(api, 'support')
    await signInAt(browser, boss)
    const own = browser.cookies.get('__Host-gatehouse')
    const seen = await browser.post(`/operators/${who.id}/view-as`)
    expect(seen.body).toEqual({ ends_at: new Date(start.getTime() + 30 * 60_000).toISOString() })
    expect((await browser.get('/me')).body).toMatchObject({ email: who.email, role: 'support', viewed_by: boss.email })
    expect((await browser.get('/operators')).status).toBe(403)
    const change = { old_password: who.password, new_password: 'Fern4-Granite-Owl' }
    expect((await browser.post('/me/password', change)).status).toBe(403)
    expect((await browser.post('/me/second-factor')).status).toBe(403)
    expect((await browser.delete('/me/panel-sessions')).status).toBe(403)
    const token = { name: 'theirs', permissions: ['nas.read'], expires_at: '2026-12-22T12:00:00Z' }
    expect((await browser.post('/me/api-tokens', token)).status).toBe(403)
    expect((await browser.post(`/operators/${boss.id}/view-as`)).status).toBe(403)
    expect((await browser.delete('/sign-in')).status).toBe(204)
    expect(browser.cookies.get('__Host-gatehouse')).not.toBe(own)
    expect((await browser.get('/me')).body).toMatchObject({ email: boss.email, viewed_by: null })
    const entries = await api.db
      .selectFrom('audit_entry')
      .select(['action', 'author_name', 'viewed_by'])
      .where('row_id', '=', who.id)
      .where('action', 'like', 'operator.view-as%')
      .orderBy('id')
      .execute()
    expect(entries).toEqual([
      { action: 'operator.view-as', author_name: boss.email, viewed_by: null },
      { action: 'operator.view-as-end', author_name: who.email, viewed_by: boss.email },
    ])
    await browser.post(`/operators/${who.id}/view-as`)
    api.clock.advance(31 * 60_000)
    expect((await browser.get('/me')).status).toBe(401)
    api.clock.set(start)
  })

  it('is for super-administrators, and ends with their own session', async () => {
    const administrator = await api.as('administrator')
    const who = await employ(api, 'support')
    expect((await administrator.post(`/operators/${who.id}/view-as`)).status).toBe(403)
    const browser = openBrowser(api)
    const boss = await employ(api, 'super-administrator')
    await signInAt(browser, boss)
    await browser.post(`/operators/${who.id}/view-as`)
    const other = await api.as('super-administrator')
    expect((await other.delete(`/operators/${boss.id}/panel-sessions`)).body).toEqual({ ended: 2 })
    expect((await browser.get('/me')).status).toBe(401)
    expect((await other.post(`/operators/${other.operatorId}/view-as`)).status).toBe(422)
  })
})
