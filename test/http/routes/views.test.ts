import { beforeAll, describe, expect, it } from 'vitest'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'

const api = useApi()
let anna: Client
let colleague: Client
let stranger: Client

beforeAll(async () => {
  const { rows } = await api.pool.query<{ id: bigint }>(`insert into team (name) values ('north') returning id`)
  const teamId = rows[0]!.id
  anna = await api.as('support', { teamId })
  colleague = await api.as('support', { teamId })
  stranger = await api.as('support')
})

const view = {
  name: 'Expires soon',
  filter: { label: ['active'], expires_within_days: 3, plan_id: [1, 2] },
  columns: ['username', 'phone', 'expires_at'],
  sort: '-expires_at',
}

async function saved(client: Client, input: object = {}): Promise<Record<string, unknown> & { id: number }> {
  const { status, body, text } = await client.post('/views', { ...view, name: crypto.randomUUID(), ...input })
  if (status !== 201) throw new Error(text)
  return body as Record<string, unknown> & { id: number }
}

async function namesOf(client: Client): Promise<unknown[]> {
  const { body } = await client.get('/views?noun=subscriber')
  return (body['items'] as Record<string, unknown>[]).map((item) => item['name'])
}

describe('saved views', () => {
  it('keep filter, columns and order under a name', async () => {
    const made = await saved(anna, { name: 'Expires soon' })
    expect(made).toMatchObject({ ...view, noun: 'subscriber', is_default: false, shared_with: 'nobody', own: true })
    expect((await anna.get(`/views/${made.id}`)).body).toEqual(made)
    expect((await anna.post('/views', view)).status).toBe(409)
    expect(await namesOf(anna)).toContain('Expires soon')
  })

  it('are seen by their operator alone, by its team or by its organisation', async () => {
    const [own, team, all] = [
      await saved(anna),
      await saved(anna, { shared_with: 'team' }),
      await saved(anna, { shared_with: 'organisation' }),
    ].map((made) => made['name'])
    expect(await namesOf(colleague)).toEqual(expect.arrayContaining([team, all]))
    expect(await namesOf(colleague)).not.toContain(own)
    expect(await namesOf(stranger)).toEqual(expect.arrayContaining([all]))
    expect(await namesOf(stranger)).not.toContain(team)
    const reseller = await api.as('reseller', { organisationId: await api.reseller('R1') })
    expect(await namesOf(reseller)).toEqual([])
  })

  it('are changed and removed by their operator alone', async () => {
    const made = await saved(anna, { shared_with: 'organisation' })
    expect((await colleague.patch(`/views/${made.id}`, { name: 'Mine' })).status).toBe(404)
    expect((await colleague.delete(`/views/${made.id}`)).status).toBe(404)
    const changed = await anna.patch(`/views/${made.id}`, { columns: ['id'], sort: null })
    expect(changed.body).toMatchObject({ columns: ['id'], sort: null, filter: view.filter })
    expect((await anna.delete(`/views/${made.id}`)).status).toBe(204)
    expect((await anna.get(`/views/${made.id}`)).status).toBe(404)
  })

  it('have one default each, of the operator alone', async () => {
    const first = await saved(anna, { is_default: true, shared_with: 'organisation' })
    const second = await saved(anna, { is_default: true })
    expect((await anna.get(`/views/${first.id}`)).body['is_default']).toBe(false)
    expect((await anna.get(`/views/${second.id}`)).body['is_default']).toBe(true)
    await anna.patch(`/views/${first.id}`, { is_default: true })
    expect((await anna.get(`/views/${second.id}`)).body['is_default']).toBe(false)
    expect((await stranger.get(`/views/${first.id}`)).body['is_default']).toBe(false)
  })

  it('leave their deeds in the audit trail', async () => {
    const made = await saved(anna)
    await anna.patch(`/views/${made.id}`, { name: `${String(made['name'])}!` })
    await anna.delete(`/views/${made.id}`)
    const { rows } = await api.pool.query<{ action: string }>(
      `select action from audit_entry where noun = 'view' and row_id = $1 order by id`,
      [made.id],
    )
    expect(rows.map(({ action }) => action)).toEqual(['view.add', 'view.edit', 'view.remove'])
  })

  it.each([
    [{ filter: { colour: 'red' } }],
    [{ filter: { plan_id: ['1'] } }],
    [{ columns: ['secret'] }],
    [{ sort: 'password' }],
    [{ noun: 'payer' }],
    [{ operator_id: 1 }],
    [{ filter: { search: 'x'.repeat(300) } }],
  ])('refuse %j', async (wrong) => {
    expect((await anna.post('/views', { ...view, name: 'Wrong', ...wrong })).status).toBe(400)
  })

  it('of other lists keep what those take', async () => {
    const made = await saved(anna, { noun: 'operator', filter: { role: 'support' }, columns: ['email'], sort: 'email' })
    expect(made).toMatchObject({ noun: 'operator', filter: { role: 'support' } })
  })
})
