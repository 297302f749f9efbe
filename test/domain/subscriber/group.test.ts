// Groups of two owners: a name belongs to each of them, members to their own, and who leaves takes no group along.
import { beforeAll, describe, expect, it } from 'vitest'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { addTestPlan, addTestSubscriber, queryRows, takeNamed, wrongFields } from '../../support/subscribers.ts'

const api = useApi()
let admin: Client
let one: Client
let two: Client

beforeAll(async () => {
  admin = await api.as('super-administrator')
  one = await api.as('reseller', { organisationId: await api.reseller('R1') })
  two = await api.as('reseller', { organisationId: await api.reseller('R2') })
  await addTestPlan(api, 'Home')
})

type Items = { id: number; name: string; owner: string; subscribers: number }[]
const addGroup = async (client: Client, name: string) => (await client.post('/groups', { name })).body['id'] as number
const groups = async (client: Client) => (await client.get('/groups?limit=200')).body['items'] as Items
const groupOf = async (id: number) => (await admin.get(`/subscribers/${id}`)).body['group'] as { id: number } | null

describe('a group name of two owners', () => {
  it('is two groups, counted apart, and each is joined by its own', async () => {
    const [first, second] = [await addGroup(one, 'Village'), await addGroup(two, 'Village')]
    expect(first).not.toBe(second)
    const ids = [await addTestSubscriber(one), await addTestSubscriber(two), await addTestSubscriber(two)]
    const outcomes = await takeNamed(api.db, { action: 'add-to-group', ids, params: { group: 'Village' } }, api.author)
    expect(outcomes.map(({ kind }) => kind)).toEqual(['done', 'done', 'done'])
    expect((await Promise.all(ids.map(groupOf))).map((group) => group?.id)).toEqual([first, second, second])
    expect(await groups(one)).toMatchObject([{ id: first, subscribers: 1 }])
    expect(await groups(two)).toMatchObject([{ id: second, subscribers: 2 }])
    expect((await groups(admin)).map(({ owner }) => owner)).toEqual(['R1', 'R2'])
  })

  it('is not known to a third, nor joined by its number', async () => {
    const foreign = await addGroup(one, 'Of R1 alone')
    const id = await addTestSubscriber(two)
    for (const group of ['Of R1 alone', foreign]) {
      expect((await two.post(`/subscribers/${id}/add-to-group`, { group })).status).toBe(404)
      expect((await two.patch(`/subscribers/${id}`, { group })).status).toBe(404)
    }
    // The ISP sees both, and still may not mix them.
    const answer = await admin.post(`/subscribers/${id}/add-to-group`, { group: foreign })
    expect([answer.status, answer.body['detail']]).toEqual([409, 'it belongs to another organisation than the group'])
    expect((await admin.patch(`/subscribers/${id}`, { group: foreign })).status).toBe(404)
    expect(await groupOf(id)).toBeNull()
  })

  it('made by the way of a new subscriber belongs to the owner of that', async () => {
    await addTestSubscriber(admin, { owner: 'R1', group: 'By the way' })
    expect((await groups(one)).map(({ name }) => name)).toContain('By the way')
    expect((await groups(admin)).find(({ name }) => name === 'By the way')).toMatchObject({ owner: 'R1' })
  })
})

describe('at once', () => {
  it('fifty new subscribers of a new group make one group', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, at) =>
        admin.post('/subscribers', { username: `g${at}`, plan: 'Home', group: 'New area' }),
      ),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
    expect((await groups(admin)).filter(({ name }) => name === 'New area')).toMatchObject([{ subscribers: 50 }])
  })

  it('a group that is removed while somebody joins is either gone or joined, never both', async () => {
    for (let round = 0; round < 5; round += 1) {
      const group = await addGroup(admin, `Shortlived ${round}`)
      const ids = await Promise.all(Array.from({ length: 4 }, () => addTestSubscriber(admin)))
      const [removed, ...joined] = await Promise.all([
        admin.delete(`/groups/${group}`),
        ...ids.map((id) => admin.post(`/subscribers/${id}/add-to-group`, { group })),
      ])
      const members = await queryRows(api, 'select 1 from subscriber where group_id = $1', [group])
      if (removed.status === 204) expect(members).toEqual([])
      else expect([removed.status, wrongFields(removed)]).toEqual([409, ['group']])
      expect(members).toHaveLength(joined.filter(({ status }) => status === 200).length)
      for (const { status } of joined) expect([200, 404, 409]).toContain(status)
    }
  })

  it('of two that rename to one name one gets it', async () => {
    const both = [await addGroup(admin, 'Name a'), await addGroup(admin, 'Name b')]
    const answers = await Promise.all(both.map((id) => admin.patch(`/groups/${id}`, { name: 'Name of one' })))
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409])
    expect(wrongFields(answers.find(({ status }) => status === 409)!)).toEqual(['name'])
  })
})

describe('a group', () => {
  it('counts for a team only whom the team reaches', async () => {
    const group = await addGroup(admin, 'Mixed zones')
    for (const zone of ['north', 'north', 'south']) await addTestSubscriber(admin, { zone, group: 'Mixed zones' })
    const { rows } = await api.pool.query<{ id: bigint }>(
      `insert into team (organisation_id, name, zones) values (1, 'North team', '{north}') returning id`,
    )
    const team = await api.as('support', { teamId: rows[0]!.id })
    expect((await team.get(`/groups/${group}`)).body['subscribers']).toBe(2)
    expect((await admin.get(`/groups/${group}`)).body['subscribers']).toBe(3)
  })

  it('is left by who is deleted when it is removed, and not found again by a restore', async () => {
    const group = await addGroup(admin, 'Dissolved')
    const id = await addTestSubscriber(admin, { group: 'Dissolved' })
    await admin.post(`/subscribers/${id}/delete`)
    expect((await admin.delete(`/groups/${group}`)).status).toBe(204)
    expect((await admin.post(`/subscribers/${id}/restore`)).status).toBe(200)
    expect(await groupOf(id)).toBeNull()
  })

  it('is renamed to what it is called without a trace', async () => {
    const group = await addGroup(admin, 'Same name')
    expect((await admin.patch(`/groups/${group}`, { name: ' Same name ' })).body['name']).toBe('Same name')
    const entries = await queryRows(api, `select action from audit_entry where noun = 'group' and row_id = $1`, [group])
    expect(entries).toEqual([{ action: 'group.create' }])
  })

  it('needs the permission to be made, renamed and removed, not to be seen', async () => {
    const group = await addGroup(admin, 'Guarded')
    const viewer = await api.as('viewer')
    expect((await viewer.get(`/groups/${group}`)).status).toBe(200)
    expect((await viewer.post('/groups', { name: 'Mine' })).status).toBe(403)
    expect((await viewer.patch(`/groups/${group}`, { name: 'Mine' })).status).toBe(403)
    expect((await viewer.delete(`/groups/${group}`)).status).toBe(403)
  })
})
