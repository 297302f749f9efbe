// Names that are kept, freed, taken by others and wanted back: of all that ever had a username one at most has it now.
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { useApi } from '../../support/api.ts'
import type { Answer, Client } from '../../support/api.ts'
import {
  addTestPlan,
  addTestSubscriber,
  openTestSession,
  queryRows,
  waitingOrders,
  wrongFields,
} from '../../support/subscribers.ts'

const api = useApi()
let admin: Client
let reseller: Client

beforeAll(async () => {
  admin = await api.as('super-administrator')
  reseller = await api.as('reseller', { organisationId: await api.reseller('R1') })
  await addTestPlan(api, 'Home')
})

const add = (username: string, client = admin) => addTestSubscriber(client, { username })
const post = (id: number, action: string, body = {}) => admin.post(`/subscribers/${id}/${action}`, body)
const free = { free_username: true }
const holders = (username: string) =>
  queryRows(api, 'select id::int from subscriber where username = $1 and username_reserved order by id', [username])
const statuses = (answers: readonly Answer[]) => answers.map(({ status }) => status).toSorted((a, b) => a - b)

describe('a username that was kept', () => {
  it('is refused to everybody, in any spelling, until the purge', async () => {
    const id = await add('kept.name')
    await post(id, 'delete')
    for (const username of ['kept.name', 'KEPT.NAME', ' kept.name ', 'ｋｅｐｔ.name']) {
      for (const client of [admin, reseller]) {
        const answer = await client.post('/subscribers', { username, plan: 'Home' })
        expect([answer.status, wrongFields(answer)]).toEqual([409, ['username']])
      }
    }
    const other = await add('other.name')
    expect((await admin.patch(`/subscribers/${other}`, { username: 'kept.name' })).status).toBe(409)
    await post(id, 'purge')
    expect((await admin.patch(`/subscribers/${other}`, { username: 'kept.name' })).status).toBe(200)
  })

  it('can no longer be freed by deleting again', async () => {
    const id = await add('twice.deleted')
    await post(id, 'delete')
    expect((await post(id, 'delete', free)).body['outcome']).toBe('unchanged')
    expect(await holders('twice.deleted')).toEqual([{ id }])
  })
})

describe('a username that was freed', () => {
  it('goes to one of many who want it at once, the old one among them', async () => {
    const id = await add('wanted')
    await post(id, 'delete', free)
    const renamed = await add('to be renamed')
    const answers = await Promise.all([
      post(id, 'restore'),
      admin.patch(`/subscribers/${renamed}`, { username: 'wanted' }),
      ...Array.from({ length: 10 }, () => admin.post('/subscribers', { username: 'wanted', plan: 'Home' })),
    ])
    const [won, ...lost] = statuses(answers)
    expect([200, 201]).toContain(won)
    expect(lost).toEqual(lost.map(() => 409))
    expect(await holders('wanted')).toHaveLength(1)
  })

  it('of several that had it one after another goes back to one, at once too', async () => {
    const ids: number[] = []
    for (let turn = 0; turn < 6; turn += 1) {
      const id = await add('again')
      await post(id, 'delete', free)
      ids.push(id)
    }
    expect(statuses(await Promise.all(ids.map((id) => post(id, 'restore'))))).toEqual([200, 409, 409, 409, 409, 409])
    expect(await holders('again')).toHaveLength(1)
  })

  it('stays free over an undo of the restore, and reserved over that of a keeping deletion', async () => {
    const id = await add('undone')
    await post(id, 'delete', free)
    const { undo } = (await post(id, 'restore')).body as { undo: { action: string; params: object } }
    expect(undo).toEqual({ action: 'delete', params: { free_username: true } })
    await post(id, undo.action, undo.params)
    expect(await holders('undone')).toEqual([])
    await post(id, 'restore')
    await post(id, 'delete')
    expect((await post(id, 'restore')).body['undo']).toEqual({ action: 'delete', params: { free_username: false } })
  })

  it('is changed by giving the old one another, before it comes back', async () => {
    const id = await add('shared.name')
    await post(id, 'delete', free)
    const next = await add('shared.name')
    expect((await post(id, 'restore')).body['detail']).toBe("its username shared.name is somebody else's by now")
    await admin.patch(`/subscribers/${next}`, { username: 'new.owner' })
    expect((await post(id, 'restore')).status).toBe(200)
    expect(await holders('shared.name')).toEqual([{ id }])
  })

  it('of a reseller may be taken by another organisation, and the reseller is not told by whom', async () => {
    const id = await add('roaming', reseller)
    await reseller.post(`/subscribers/${id}/delete`, free)
    await add('roaming')
    const answer = await reseller.post(`/subscribers/${id}/restore`)
    expect([answer.status, answer.body['detail']]).toEqual([409, "its username roaming is somebody else's by now"])
  })
})

describe('whatever is done with three subscribers and two names', () => {
  const step = fc.record({
    who: fc.nat({ max: 2 }),
    what: fc.constantFrom('delete', 'free', 'restore', 'name a', 'name b'),
  })

  it('no two reachable ones have one name, and a refusal changes nothing', async () => {
    const ids = [await add('prop0'), await add('prop1'), await add('prop2')]
    const stateOf = () =>
      queryRows(
        api,
        'select id, username, username_reserved, archived_at from subscriber where id = any($1) order by id',
        [ids],
      )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        for (const { who, what } of steps) {
          const before = await stateOf()
          const id = ids[who]!
          const answer = what.startsWith('name')
            ? await admin.patch(`/subscribers/${id}`, { username: what })
            : await post(id, what === 'restore' ? 'restore' : 'delete', what === 'free' ? free : {})
          expect([200, 409]).toContain(answer.status)
          const after = await stateOf()
          if (answer.status === 409) expect(after).toEqual(before)
          const reserved = after.filter((row) => row['username_reserved'] === true).map((row) => row['username'])
          expect(new Set(reserved).size).toBe(reserved.length)
          // Who is there has its name for itself; only the deleted may have given theirs away.
          for (const row of after) expect(row['archived_at'] !== null || row['username_reserved'] === true).toBe(true)
        }
      }),
      { numRuns: 15 },
    )
  })
})

describe('a purge', () => {
  it('of who is online and has money and messages ends the session, frees the name, and keeps the books', async () => {
    const id = await addTestSubscriber(admin, {
      username: 'all of it',
      full_name: 'Ada Lovelace',
      group: 'Lake',
      next_plan: 'Home',
    })
    await openTestSession(api, id, { username: 'all of it', mac: 'aa:00:00:00:00:01' })
    const { payer } = (await admin.get(`/subscribers/${id}`)).body as { payer: { id: number } }
    expect((await admin.post(`/payers/${payer.id}/payments`, { amount: '12.50' })).status).toBe(201)
    expect((await post(id, 'purge')).body['outcome']).toBe('done')
    expect(await waitingOrders(api, id)).toEqual(['disconnect deleted'])
    expect(await holders('all of it')).toEqual([])
    expect((await admin.get(`/subscribers/${id}`)).body).toMatchObject({
      username: `purged-${id}`,
      full_name: null,
      group: null,
      balance: '12.50',
      label: 'archived',
    })
    const ledger = (await admin.get(`/payers/${payer.id}/ledger`)).body['items'] as { amount: string }[]
    expect(ledger.map(({ amount }) => amount)).toEqual(['12.50'])
    expect(await add('all of it')).not.toBe(id)
  })

  it('fifty times at once is one, and who restores meanwhile finds nothing or keeps all', async () => {
    const id = await addTestSubscriber(admin, { full_name: 'Grace Hopper' })
    await post(id, 'delete')
    const answers = await Promise.all([
      ...Array.from({ length: 20 }, () => post(id, 'purge')),
      post(id, 'restore'),
      ...Array.from({ length: 20 }, () => post(id, 'purge')),
    ])
    expect(answers.filter(({ body }) => body['outcome'] === 'done').length).toBeGreaterThanOrEqual(1)
    const { body } = await admin.get(`/subscribers/${id}`)
    expect(body).toMatchObject({ full_name: null, label: 'archived' })
    const deeds = await queryRows(
      api,
      `select count(*)::int as n from audit_entry where action = 'subscriber.purge' and row_id = $1`,
      [id],
    )
    expect(deeds).toEqual([{ n: 1 }])
  })
})
