// Two operators at the same subscriber in the same moment: who comes second waits, sees what the first one did, and nothing of
// either is lost.
import { beforeAll, describe, expect, it } from 'vitest'
import { useApi } from '../../support/api.ts'
import type { Answer, Client } from '../../support/api.ts'
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
let fast: bigint

beforeAll(async () => {
  admin = await api.as('super-administrator')
  await addTestPlan(api, 'Home')
  fast = await addTestPlan(api, 'Fast', { device_limit: 1 })
})

/** Does `deed` while somebody else has changed the rows and not committed yet; they commit once the deed waits for them. */
async function whileChanged<T>(change: string, values: readonly unknown[], deed: () => Promise<T>): Promise<T> {
  const other = await api.pool.connect()
  try {
    await other.query('begin')
    await other.query(change, [...values])
    const done = deed()
    done.catch(() => undefined)
    const waiting = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
    while ((await queryRows(api, waiting)).length === 0);
    await other.query('commit')
    return await done
  } finally {
    other.release()
  }
}

const toFast = (id: number) => ['update subscriber set plan_id = $2 where id = $1', [id, fast]] as const
const rowOf = async (id: number) => (await queryRows(api, 'select * from subscriber where id = $1', [id]))[0]!
const statuses = (answers: readonly Answer[]) => answers.map(({ status }) => status)

describe('while somebody changes the plan of a subscriber', () => {
  it.each([
    ['block', { reason: 'unpaid' }],
    ['disable', {}],
    ['delete', {}],
    ['set-zone', { zone: 'north' }],
    ['reset-password', {}],
    ['disconnect', {}],
    ['set-address', { addresses: ['198.51.100.200'] }],
  ])('%s waits for that and is done', async (action, params) => {
    const id = await addTestSubscriber(admin)
    await openTestSession(api, id)
    const answer = await whileChanged(...toFast(id), () => admin.post(`/subscribers/${id}/${action}`, params))
    expect([answer.status, answer.body['outcome']]).toEqual([200, 'done'])
    expect((await rowOf(id))['plan_id']).toBe(fast)
    await admin.post(`/subscribers/${id}/release-address`)
  })

  it('an edit waits for that and keeps the new plan', async () => {
    const id = await addTestSubscriber(admin)
    const answer = await whileChanged(...toFast(id), () => admin.patch(`/subscribers/${id}`, { full_name: 'New Name' }))
    expect(answer.body).toMatchObject({ full_name: 'New Name', plan: { name: 'Fast' } })
  })

  it('binding a MAC goes by the limit of the plan that it has now', async () => {
    const id = await addTestSubscriber(admin)
    const macs = ['aa:00:00:00:01:01', 'aa:00:00:00:01:02']
    const answer = await whileChanged(...toFast(id), () => admin.post(`/subscribers/${id}/bind-mac`, { macs }))
    expect([answer.status, answer.body['detail']]).toEqual([409, 'it may have 1 devices and has 0 bound'])
  })

  it('a purge leaves nothing of the person behind', async () => {
    const id = await addTestSubscriber(admin, { full_name: 'Ada Lovelace' })
    await whileChanged(...toFast(id), () => admin.post(`/subscribers/${id}/purge`))
    expect(await rowOf(id)).toMatchObject({ full_name: null, username: `purged-${id}` })
  })

  it('of many in one chunk none is left out', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => addTestSubscriber(admin)))
    const change = ['update subscriber set plan_id = $2 where id = any($1)', [ids.slice(5, 15), fast]] as const
    const outcomes = await whileChanged(...change, () =>
      takeNamed(api.db, { action: 'block', ids, params: { reason: 'unpaid' } }, api.author),
    )
    expect(outcomes.map(({ kind }) => kind)).toEqual(ids.map(() => 'done'))
  })
})

describe('what the second one does', () => {
  it('sees a deletion in between and is refused', async () => {
    const id = await addTestSubscriber(admin)
    const gone = ['update subscriber set archived_at = now() where id = $1', [id]] as const
    const answer = await whileChanged(...gone, () => admin.post(`/subscribers/${id}/block`, { reason: 'unpaid' }))
    expect([answer.status, answer.body['detail']]).toEqual([409, 'it is deleted: restore it first'])
  })

  it('counts the session that began in between', async () => {
    const id = await addTestSubscriber(admin)
    const other = `insert into session (nas_id, acct_session_id, epoch, subscriber_id, username, nas_group_id,
      address_space_id, started_at, event_at, updated_at)
      select 1, 'late', 1, id, 'x', 1, 1, now(), now(), now() from subscriber where id = $1 for update`
    const answer = await whileChanged(other, [id], () => admin.post(`/subscribers/${id}/block`, { reason: 'unpaid' }))
    expect(answer.body['detail']).toMatchObject({ sessions: 1 })
    expect(await waitingOrders(api, id)).toEqual(['disconnect blocked'])
  })

  it('undoes to what the first one left, not to what was before', async () => {
    const id = await addTestSubscriber(admin, { zone: 'old' })
    const moved = [`update subscriber set zone = 'between' where id = $1`, [id]] as const
    const answer = await whileChanged(...moved, () => admin.post(`/subscribers/${id}/set-zone`, { zone: 'new' }))
    expect(answer.body['undo']).toEqual({ action: 'set-zone', params: { zone: 'between' } })
  })

  it('is not there any more where it was moved to another organisation', async () => {
    const [r1, r2] = [await api.reseller('R1'), await api.reseller('R2')]
    const reseller = await api.as('reseller', { organisationId: r1 })
    const id = await addTestSubscriber(reseller)
    const moved = ['update subscriber set owner_id = $2 where id = $1', [id, r2]] as const
    const answer = await whileChanged(...moved, () => reseller.post(`/subscribers/${id}/block`, { reason: 'unpaid' }))
    expect(answer.status).toBeGreaterThanOrEqual(404)
    expect(await rowOf(id)).toMatchObject({ owner_id: r2, blocked_at: null })
  })
})

describe('many edits at once', () => {
  it('of different fields lose none of them', async () => {
    const id = await addTestSubscriber(admin)
    const bodies = [
      { full_name: 'Ada Lovelace' },
      { email: 'ada@example.org' },
      { phone: '+49 30 123456' },
      { phone_extension: '12' },
      { address: '1 Main Street' },
      { latitude: 52.5, longitude: 13.25 },
      { zone: 'north' },
      { language: 'de' },
      { session_limit: 3 },
      { device_limit: 4 },
      { bound_port: '1/0/3' },
      { bound_c_vlan: 7 },
      { circuit_id: 'olt1/7' },
      { attributes: ['Filter-Id = x'] },
      { devices: ['aa:00:00:00:02:01'] },
      { addresses: ['198.51.100.77'] },
      { routes: ['192.0.2.0/24'] },
    ]
    // As many at once as wait for a connection without a doubt, three times over.
    const answers: Answer[] = []
    for (let round = 0; round < 3; round += 1) {
      answers.push(...(await Promise.all(bodies.map((body) => admin.patch(`/subscribers/${id}`, body)))))
    }
    expect(new Set(statuses(answers))).toEqual(new Set([200]))
    const { body } = await admin.get(`/subscribers/${id}`)
    expect(body).toMatchObject({
      ...Object.assign({}, ...bodies),
      phone: '+4930123456',
      devices: [{ mac: 'aa:00:00:00:02:01', bound: true }],
      addresses: [{ prefix: '198.51.100.77/32' }],
    })
    // Each field was changed once; who came after changed nothing, and wrote nothing.
    expect((await auditOf(api, id)).length).toBe(1 + bodies.length)
  })

  it('each with the version that it read are all done in the end, one after another', async () => {
    const id = await addTestSubscriber(admin, { attributes: [] })
    const append = async (line: string): Promise<void> => {
      for (;;) {
        const { headers, body } = await admin.get(`/subscribers/${id}`)
        const attributes = [...(body['attributes'] as string[]), line]
        const answer = await admin.patch(`/subscribers/${id}`, { attributes }, { 'if-match': headers.get('etag')! })
        if (answer.status === 200) return
        expect(answer.status).toBe(412)
      }
    }
    const lines = Array.from({ length: 8 }, (_, at) => `Filter-Id = x${at}`)
    await Promise.all(lines.map(append))
    const { body } = await admin.get(`/subscribers/${id}`)
    expect((body['attributes'] as string[]).toSorted()).toEqual(lines)
  })

  it('beside blocks and moves between zones leave every fact in place', async () => {
    const id = await addTestSubscriber(admin)
    const answers = await Promise.all([
      ...Array.from({ length: 8 }, (_, at) => admin.patch(`/subscribers/${id}`, { full_name: `Name ${at}` })),
      ...Array.from({ length: 8 }, () => admin.post(`/subscribers/${id}/block`, { reason: 'unpaid' })),
      ...Array.from({ length: 8 }, () => admin.post(`/subscribers/${id}/set-zone`, { zone: 'south' })),
      admin.post(`/subscribers/${id}/disable`),
    ])
    expect(new Set(statuses(answers))).toEqual(new Set([200]))
    expect(await rowOf(id)).toMatchObject({ block_reason: 'unpaid', zone: 'south', enabled: false })
    const deeds = (await auditOf(api, id)).map(({ action }) => action)
    for (const action of ['block', 'set-zone', 'disable']) {
      expect(deeds.filter((name) => name === `subscriber.${action}`)).toHaveLength(1)
    }
    expect(deeds.filter((name) => name === 'subscriber.edit')).toHaveLength(8)
  })
})

describe('the version that was read', () => {
  it('of "*" is any, and of what never was is none', async () => {
    const id = await addTestSubscriber(admin)
    const edit = async (version: string) =>
      (await admin.patch(`/subscribers/${id}`, { zone: version }, { 'if-match': version })).status
    expect(await edit('*')).toBe(200)
    expect(await edit('"0"')).toBe(412)
    expect(await edit('')).toBe(412)
  })

  it('is another one after an action upon lists alone', async () => {
    const id = await addTestSubscriber(admin, { devices: ['aa:00:00:00:03:01'] })
    for (const [action, params] of [
      ['release-mac', {}],
      ['set-address', { addresses: ['198.51.100.88'] }],
      ['release-address', {}],
    ] as const) {
      const { headers } = await admin.get(`/subscribers/${id}`)
      await admin.post(`/subscribers/${id}/${action}`, params)
      const late = await admin.patch(`/subscribers/${id}`, { zone: action }, { 'if-match': headers.get('etag')! })
      expect([action, late.status]).toEqual([action, 412])
    }
  })
})
