// Address pools over the API: made, filled, looked at address by address, changed and removed, each change with its audit entry.
import { beforeAll, describe, expect, it } from 'vitest'
import { sweepLeases } from '../../../src/domain/ip-pool/lease-sweep.ts'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { noon } from '../../support/operator.ts'
import { addTestPlan, addTestSubscriber } from '../../support/subscribers.ts'

const api = useApi()
let admin: Client
let id: number

beforeAll(async () => {
  admin = await api.as('administrator')
  await addTestPlan(api, 'Home')
  const made = await admin.post('/ip-pools', {
    name: 'home',
    kind: 'ipv4',
    ranges: ['10.9.0.0/28'],
    excluded: ['10.9.0.0'],
  })
  id = Number(made.body.id)
})

async function lastAudit(action: string): Promise<Record<string, unknown>> {
  const { rows } = await api.pool.query<Record<string, unknown>>(
    'select * from audit_entry where action = $1 order by id desc limit 1',
    [action],
  )
  return rows[0]!
}

const roleOf = (permissions: string[]) =>
  api.db
    .insertInto('role')
    .values({ name: permissions.join(' '), permissions })
    .returning('id')
    .executeTakeFirstOrThrow()

/** A session that has an address of the pool. */
async function openSession(subscriberId: number, address: string): Promise<bigint> {
  const { rows } = await api.pool.query<{ id: bigint }>(
    `insert into session (nas_id, acct_session_id, epoch, subscriber_id, username, nas_group_id, address_space_id, line,
       framed_ip, started_at, event_at, updated_at)
     values (1, $1, 0, $2, 'x', 1, 1, 'mac:02:00:00:00:00:01', $3, $4, $4, $4) returning id`,
    [String(Math.random()), subscriberId, address, noon],
  )
  await sweepLeases(api.db, { quietS: 60 }, noon)
  return rows[0]!.id
}

describe('an address pool', () => {
  it('is made with an id', () => expect(id).toBeGreaterThan(0))

  it('is shown with its ranges and how full it is; it learns first', async () => {
    const { body } = await admin.get(`/ip-pools/${id}`)
    expect(body).toMatchObject({
      name: 'home',
      kind: 'ipv4',
      prefix_length: 32,
      address_space: 'default',
      nas_group: null,
      ranges: ['10.9.0.0/28'],
      excluded: ['10.9.0.0'],
      on_exhausted: 'reject',
      sticky: true,
      learns: true,
      total: 15,
      used: 0,
      held: 0,
      static: 0,
      free: 15,
    })
    expect(new Date(String(body.learn_until)).getTime()).toBe(noon.getTime() + 330_000)
    expect((await admin.get('/ip-pools')).body.items).toHaveLength(1)
    expect(await lastAudit('ip-pool.create')).toMatchObject({ noun: 'ip-pool', row_id: BigInt(id) })
  })

  it('is refused with the field that is wrong', async () => {
    const large = await admin.post('/ip-pools', { name: 'all', kind: 'ipv4', ranges: ['10.0.0.0/8'] })
    expect([large.status, large.body.errors]).toEqual([422, [expect.objectContaining({ field: 'ranges' })]])
    const twice = await admin.post('/ip-pools', { name: 'other', kind: 'ipv4', ranges: ['10.9.0.4'] })
    expect([twice.status, twice.body.code]).toEqual([409, 'conflict'])
    const none = await admin.post('/ip-pools', { name: 'other', kind: 'ipv4', ranges: [] })
    expect(none.status).toBe(400)
    expect((await admin.get('/ip-pools/99999')).status).toBe(404)
    expect((await admin.patch('/ip-pools/99999', { sticky: false })).status).toBe(404)
    expect((await admin.delete('/ip-pools/99999')).status).toBe(404)
  })

  it('is changed, and says what', async () => {
    const changed = await admin.patch(`/ip-pools/${id}`, { on_exhausted: 'nas-pool', sticky: false, learns: false })
    expect(changed.body).toMatchObject({ on_exhausted: 'nas-pool', sticky: false, learns: false, learn_until: null })
    expect(await lastAudit('ip-pool.edit')).toMatchObject({
      before: { on_exhausted: 'reject', sticky: true, learns: true },
      after: { on_exhausted: 'nas-pool', sticky: false, learns: false },
    })
    const wrong = await admin.patch(`/ip-pools/${id}`, { on_exhausted: 'panic' })
    expect([wrong.status, wrong.body.errors]).toEqual([422, [expect.objectContaining({ field: 'on_exhausted' })]])
  })

  it('tells of each address who has it, in pages, to who may see subscribers', async () => {
    const anna = await addTestSubscriber(admin, { username: 'pool.anna' })
    const session = await openSession(anna, '10.9.0.3')
    const first = await admin.get(`/ip-pools/${id}/addresses?limit=2`)
    expect(first.body.items).toMatchObject([
      { address: '10.9.0.1', state: 'free', username: null },
      { address: '10.9.0.2', state: 'free' },
    ])
    const next = await admin.get(`/ip-pools/${id}/addresses?limit=2&cursor=${String(first.body.next_cursor)}`)
    expect(next.body.items).toMatchObject([
      { address: '10.9.0.3', state: 'used', subscriber_id: anna, username: 'pool.anna', line: 'mac:02:00:00:00:00:01' },
      { address: '10.9.0.4', state: 'free' },
    ])
    expect((await admin.get(`/ip-pools/${id}/addresses?state=used`)).body.items).toHaveLength(1)
    expect((await admin.get(`/ip-pools/${id}`)).body).toMatchObject({ used: 1, free: 14 })
    const role = await roleOf(['nas.read'])
    const network = await api.as('viewer', { roleId: role.id })
    expect((await network.get(`/ip-pools/${id}/addresses?state=used`)).body.items).toMatchObject([
      { address: '10.9.0.3', state: 'used', subscriber_id: null, username: null, line: null },
    ])
    const zoned = { name: 'south', zones: ['south'], created_at: noon }
    const team = await api.db.insertInto('team').values(zoned).returning('id').executeTakeFirstOrThrow()
    const south = await api.as('support', { teamId: team.id })
    expect((await south.get(`/ip-pools/${id}/addresses?state=used`)).body.items).toMatchObject([
      { address: '10.9.0.3', state: 'used', subscriber_id: null, username: null, line: null },
    ])
    const reader = { roleId: (await roleOf(['nas.read', 'subscriber.read'])).id }
    const reseller = await api.as('reseller', { ...reader, organisationId: await api.reseller('Elsewhere') })
    // Whatever its role says.
    expect((await reseller.get(`/ip-pools/${id}/addresses?state=used`)).status).toBe(403)
    await api.pool.query(`update subscriber set zone = 'south' where id = $1`, [anna])
    expect((await south.get(`/ip-pools/${id}/addresses?state=used`)).body.items).toMatchObject([
      { subscriber_id: anna, username: 'pool.anna', line: 'mac:02:00:00:00:00:01' },
    ])
    expect((await admin.delete(`/ip-pools/${id}`)).status).toBe(409)
    const refused = await admin.post(`/ip-pools/${id}/release`, { address: '10.9.0.3' })
    expect([refused.status, refused.body.errors]).toEqual([409, [expect.objectContaining({ field: 'address' })]])
    await api.pool.query('update session set ended_at = $2 where id = $1', [session, noon])
    await sweepLeases(api.db, { quietS: 60 }, noon)
  })

  it('may take its time to be made, changed and removed: not by the connections of short questions', async () => {
    /** Whose connection waits while nobody gets at the ranges. */
    const waiting = async (ask: () => Promise<{ status: number; body: Record<string, unknown> }>) => {
      const lock = await api.pool.connect()
      try {
        await lock.query('begin; lock table ip_pool_range in access exclusive mode')
        const asked = ask()
        const named = async () =>
          (
            await api.pool.query<{ name: string }>(`select application_name as name from pg_stat_activity
              where datname = current_database() and wait_event_type = 'Lock'`)
          ).rows
        await expect.poll(named, { timeout: 10_000 }).toEqual([{ name: 'gatehouse test long' }])
        await lock.query('rollback')
        return await asked
      } finally {
        lock.release()
      }
    }
    const made = await waiting(() => admin.post('/ip-pools', { name: 'slow', kind: 'ipv4', ranges: ['10.9.2.0/28'] }))
    expect(made.status).toBe(201)
    const slow = `/ip-pools/${String(made.body.id)}`
    expect(await waiting(() => admin.patch(slow, { ranges: ['10.9.2.0/29'] }))).toMatchObject({ body: { total: 8 } })
    expect((await waiting(() => admin.delete(slow))).status).toBe(204)
  })

  it('gives one address back by hand, and is removed when none is in use', async () => {
    expect((await admin.get(`/ip-pools/${id}`)).body).toMatchObject({ used: 0, held: 1 })
    expect((await admin.delete(`/ip-pools/${id}`)).status).toBe(409)
    expect((await admin.post(`/ip-pools/${id}/release`, { address: '10.9.0.3' })).status).toBe(204)
    // Whose it was is a personal value of that subscriber.
    const entry = await lastAudit('ip-pool.release')
    expect(entry).toMatchObject({ row_id: BigInt(id), before: { subscriber_id: expect.any(Number) } })
    expect(entry.personal).not.toBeNull()
    expect((await admin.get(`/ip-pools/${id}`)).body).toMatchObject({ used: 0, held: 0, free: 15 })
    expect((await admin.delete(`/ip-pools/${id}`)).status).toBe(204)
    expect((await admin.get('/ip-pools')).body.items).toEqual([])
    expect(await lastAudit('ip-pool.delete')).toMatchObject({ before: { name: 'home' } })
  })
})

describe('a purge', () => {
  it('takes the person out of the leases and hands them out before', async () => {
    const made = await admin.post('/ip-pools', { name: 'purged', kind: 'ipv4', ranges: ['10.9.1.0/30'] })
    const berta = await addTestSubscriber(admin, { username: 'pool.berta' })
    await openSession(berta, '10.9.1.1')
    const { rows } = await api.pool.query('select line from ip_lease where subscriber_id = $1', [berta])
    expect(rows).toEqual([{ line: 'mac:02:00:00:00:00:01' }])
    const { personalPlaces } = await import('../../../src/domain/subscriber/personal-places.ts')
    const place = personalPlaces.find(({ table }) => table === 'ip_lease')!
    const person = { id: BigInt(berta), payerId: 0n, usernames: ['pool.berta'], pseudonym: 'x' }
    expect(await place.tell!(api.db, person, api.author.keyring)).toMatchObject([{ address: '10.9.1.1' }])
    await place.forget!(api.db, [person], noon)
    expect((await api.pool.query('select from ip_lease where subscriber_id = $1', [berta])).rowCount).toBe(0)
    expect((await admin.get(`/ip-pools/${String(made.body.id)}`)).body).toMatchObject({ used: 1 })
  })
})
