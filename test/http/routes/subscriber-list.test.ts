import { beforeAll, describe, expect, it } from 'vitest'
import { refreshLive } from '../../../src/domain/subscriber-list/live.ts'
import { makeCursor } from '../../../src/http/cursor.ts'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { expectedIds } from '../../support/list-model.ts'
import { makeWorld } from '../../support/list-world.ts'
import type { World } from '../../support/list-world.ts'
import { noon } from '../../support/operator.ts'
import { settled } from '../../support/settled.ts'

const api = useApi()
let world: World
let support: Client
let reseller: Client

beforeAll(async () => {
  world = await makeWorld(api.db, 60, noon, 3)
  await settled(api.pool)
  await refreshLive(api.pool, 'UTC', noon)
  support = await api.as('support')
  reseller = await api.as('reseller', { organisationId: 2n })
})

type Item = Record<string, unknown> & { id: number }

async function itemsOf(client: Client, query: string): Promise<Item[]> {
  const { status, body, text } = await client.get(`/subscribers?${query}`)
  if (status !== 200) throw new Error(text)
  return body['items'] as Item[]
}

const numbers = (ids: readonly bigint[]): number[] => ids.map(Number)

describe('GET /subscribers', () => {
  it('shows the first columns by username unless asked otherwise, without the archived', async () => {
    const items = await itemsOf(support, 'limit=500')
    expect(items.map(({ id }) => id)).toEqual(
      numbers(expectedIds(world, {}, { by: 'username', descending: false }, noon)),
    )
    expect(Object.keys(items[0]!).toSorted()).toEqual([
      'account_type',
      'address',
      'created_at',
      'expires_at',
      'full_name',
      'id',
      'interface',
      'ip_address',
      'label',
      'online',
      'phone',
      'plan',
      'username',
    ])
  })

  it('goes through all pages by cursor, each subscriber once', async () => {
    for (const sort of ['-plan', 'balance', '-expires_at', 'last_seen_at', 'full_name', '-group', 'usage']) {
      const ids: number[] = []
      let cursor: string | null = ''
      while (cursor !== null) {
        const { body } = await support.get(
          `/subscribers?sort=${sort}&limit=7&columns=username${cursor === '' ? '' : `&cursor=${cursor}`}`,
        )
        ids.push(...(body['items'] as Item[]).map(({ id }) => id))
        cursor = body['next_cursor'] as string | null
      }
      const order = { by: sort.replace('-', '') as 'plan', descending: sort.startsWith('-') }
      expect(ids).toEqual(numbers(expectedIds(world, {}, order, noon)))
    }
  })

  it('combines filters, lists apart by commas', async () => {
    const filter = { label: ['active', 'new'], plan_id: [1, 2], online: true } as const
    const items = await itemsOf(support, 'label=active,new&plan_id=1,2&online=true&limit=500')
    const expected = expectedIds(
      world,
      { ...filter, label: [...filter.label], plan_id: [1, 2] },
      { by: 'username', descending: false },
      noon,
    )
    expect(items.map(({ id }) => id)).toEqual(numbers(expected))
  })

  it('takes what rules a pattern as it is written', async () => {
    const found = async (search: string): Promise<number> =>
      (await itemsOf(support, `archived=any&limit=500&search=${encodeURIComponent(search)}`)).length
    const holding = (text: string): number =>
      world.people.filter((person) =>
        [person.username, person.fullName, person.address].some((field) => field?.includes(text)),
      ).length
    expect(await found('Ce%l')).toBe(holding('Ce%l'))
    expect(await found('Bo_b')).toBe(holding('Bo_b'))
    expect(await found('o\\li')).toBe(holding('o\\li'))
    expect(await found('%%%')).toBe(0)
    expect(await found('___')).toBe(0)
    expect(await found("' or true --")).toBe(0)
  })

  it('shows every column that there is', async () => {
    const { body } = await support.get('/subscribers/columns')
    const columns = (body['items'] as { name: string }[]).map(({ name }) => name)
    expect(columns).toContain('balance')
    const [item] = await itemsOf(support, `limit=1&columns=${columns.join(',')}`)
    expect(Object.keys(item!).toSorted()).toEqual(columns.toSorted())
  })

  it.each([
    ['sort=password'],
    ['sort=username;drop table subscriber'],
    ['sort=username desc'],
    ['columns=secret'],
    ['label=lucky'],
    ['plan_id=1,x'],
    ['plan_id=0'],
    ['expires_from=yesterday'],
    ['created_from=2026-02-30T00:00:00Z'],
    ['balance_from=1e9'],
    ['balance_from=99999999999999999999'],
    ['c_vlan=5000'],
    ['c_vlan=1.5'],
    ['limit=0'],
    ['limit=501'],
    ['limit=1000000000'],
    ['expires_within_days=99999999'],
    [`search=${'x'.repeat(300)}`],
    ['search='],
    ['search=%00'],
    ['search=a%0Ab'],
    ['online=perhaps'],
    ['username[]=x'],
    ['label=new&label=active'],
    ['offset=10'],
    ['__proto__=1'],
  ])('answers 400 to %s', async (query) => {
    const { status, body } = await support.get(`/subscribers?${query}`)
    expect([status, body['code']]).toEqual([400, 'invalid-request'])
  })

  it.each([
    ['nonsense'],
    [makeCursor(['username', 'a', null])],
    [makeCursor(['-username', 'a', null, '1'])],
    [makeCursor(['username', null, null, '1'])],
    [makeCursor(['username', 'a', '5', '1'])],
    [makeCursor(['username', 'a', null, '1 or 1=1'])],
    [makeCursor(['username', 'a\u0000', null, '1'])],
  ])('answers 400 to the cursor %s', async (cursor) => {
    const { status, body } = await support.get(`/subscribers?cursor=${cursor}`)
    expect([status, body['code']]).toEqual([400, 'invalid-request'])
  })

  it.each([
    ['expires_at', 'never'],
    ['created_at', '2026-13-45 00:00:00'],
    ['ip_address', '10.0.0'],
    ['online', 'maybe'],
    ['usage', '1e5'],
    ['balance', 'EUR 5'],
  ])('answers 400 to a cursor in the order of %s at %s', async (sort, key) => {
    const { status } = await support.get(
      `/subscribers?sort=${sort}&cursor=${makeCursor([sort, key, sort === 'balance' ? '1' : null, '1'])}`,
    )
    expect(status).toBe(400)
  })

  it('shows a reseller its own alone, whatever it asks for', async () => {
    const own = { ...world, people: world.people.filter(({ ownerId }) => ownerId === 2n) }
    for (const query of ['', 'owner_id=1,2,3', 'archived=any', 'sort=-owner', 'search=line', 'ids=1,2,3,4,5,6,7,8,9']) {
      const items = await itemsOf(reseller, `${query}&limit=500&columns=owner_id`.replace(/^&/, ''))
      expect(items.every((item) => item['owner_id'] === 2)).toBe(true)
    }
    const items = await itemsOf(reseller, 'limit=500')
    expect(items.map(({ id }) => id)).toEqual(
      numbers(expectedIds(own, {}, { by: 'username', descending: false }, noon)),
    )
    const foreign = await api.as('reseller', { organisationId: 3n })
    const others = await itemsOf(foreign, 'limit=500')
    expect(others.some(({ id }) => items.some((item) => item.id === id))).toBe(false)
  })

  it('tells nothing of balances to whoever may not see them', async () => {
    const { rows } = await api.pool.query<{ id: bigint }>(
      `insert into role (name, permissions) values ('reader', '{subscriber.read}') returning id`,
    )
    const reader = await api.as('viewer', { roleId: rows[0]!.id })
    for (const query of ['columns=balance', 'sort=balance', 'sort=-balance', 'balance_from=1', 'balance_to=1']) {
      expect((await reader.get(`/subscribers?${query}`)).status).toBe(403)
    }
    expect((await reader.get('/subscribers/count?balance_to=1')).status).toBe(403)
    const { body } = await reader.get('/subscribers/columns')
    expect((body['items'] as { name: string }[]).map(({ name }) => name)).not.toContain('balance')
    expect((await reader.get('/subscribers')).status).toBe(200)
  })

  it('is not there for nobody', async () => {
    expect((await api.anonymous().get('/subscribers')).status).toBe(401)
  })
})

describe('GET /subscribers/count', () => {
  it('counts what the list shows', async () => {
    const items = await itemsOf(support, 'label=active,expired&limit=500')
    const { body } = await support.get('/subscribers/count?label=active,expired')
    expect(body).toEqual({ count: items.length, exact: true })
  })

  it('counts for a reseller its own', async () => {
    const { body } = await reader()
    expect(body).toEqual({ count: world.people.filter(({ ownerId }) => ownerId === 2n).length, exact: true })
    function reader() {
      return reseller.get('/subscribers/count?archived=any')
    }
  })
})
