import { readdirSync, rmSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { trimExports, workExports } from '../../../src/domain/export/work.ts'
import { workImports } from '../../../src/domain/import/work.ts'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { hours, noon } from '../../support/operator.ts'
import { addTestPlan, queryRows } from '../../support/subscribers.ts'

const api = useApi()
let one: { id: bigint; client: Client }
let two: { id: bigint; client: Client }
let administrator: Client

beforeAll(async () => {
  await addTestPlan(api, 'Home')
  const [oneId, twoId] = [await api.reseller('North Net'), await api.reseller('South Net')]
  await addTestPlan(api, 'Secret Plan', { owner_id: twoId })
  one = { id: oneId, client: await api.as('reseller', { organisationId: oneId }) }
  two = { id: twoId, client: await api.as('reseller', { organisationId: twoId }) }
  administrator = await api.as('administrator')
})
beforeEach(async () => {
  await api.pool.query('delete from session; delete from subscriber; delete from import_run')
  await api.pool.query('update organisation set subscriber_limit = null')
})

const parts = (instance = 'test') => ({
  pool: api.pool,
  keyring: api.keyring,
  folder: api.services.fileDirectory,
  instance,
  onError: (error: unknown) => {
    throw error
  },
  clock: () => api.clock.now(),
})
const fileOf = (...names: string[]) => `username,password,plan\n${names.map((name) => `${name},pw,Home\n`).join('')}`

async function send(client: Client, body: string, query = ''): Promise<number> {
  const response = await client.send('POST', `/imports${query}`, { body, headers: { 'content-type': 'text/csv' } })
  expect(response.status).toBe(202)
  return ((await response.json()) as { id: number }).id
}

async function told(client: Client, id: number): Promise<string[]> {
  const { items } = (await client.get(`/imports/${id}/errors`)).body as {
    items: { line: number; field: string; reason: string }[]
  }
  return items.map(({ line, field, reason }) => `${line} ${field}: ${reason}`)
}

async function importFile(client: Client, body: string, query = '') {
  const id = await send(client, body, query)
  while (await workImports(api.db, parts()));
  return { id, run: (await client.get(`/imports/${id}`)).body, errors: await told(client, id) }
}

describe('a reseller that imports', () => {
  it('hears that a name is taken, and nothing of whose it is, or of plans and payers of others', async () => {
    await importFile(two.client, 'username,password,plan,full_name\nsouth,pw,Secret Plan,Hidden Person\n')
    await api.pool.query(
      `insert into payer (owner_id, name, kind, currency) values ($1, 'South Ltd', 'company', 'USD')`,
      [two.id],
    )
    const text = 'username,password,plan,payer\nsouth,pw,Home,\nmine,pw,Secret Plan,\nother,pw,Home,South Ltd\n'
    for (const mode of ['create', 'upsert']) {
      const { run, errors } = await importFile(one.client, text, `?mode=${mode}&again=true&partial=true&dry_run=true`)
      expect(run).toMatchObject({ state: 'refused', errors: 2 })
      expect(errors).toEqual([
        '2 username: there is a subscriber "south" already',
        '3 plan: there is no plan "Secret Plan"',
      ])
      expect(JSON.stringify([run, errors])).not.toMatch(/Hidden|South Net|USD/)
    }
  })

  it('names itself as the owner, and nobody else', async () => {
    const text = 'username,password,plan,owner\na,pw,Home,North Net\nb,pw,Home,South Net\nc,pw,Home,ISP\nd,pw,Home,\n'
    const { errors } = await importFile(one.client, text, '?partial=true')
    expect(errors).toEqual(['3 owner: there is no organisation "South Net"', '4 owner: there is no organisation "ISP"'])
    const owned = await queryRows(api, 'select username, owner_id from subscriber order by 1')
    expect(owned).toEqual([
      { username: 'a', owner_id: one.id },
      { username: 'd', owner_id: one.id },
    ])
    // Nor by changing who is there.
    const moved = await importFile(one.client, 'username,owner\na,South Net\n', '?mode=upsert')
    expect(moved.errors).toContain('2 owner: to change it needs the permission subscriber.owner')
  })

  it('never gets more subscribers than it may have, though ten files are worked on at once', async () => {
    await api.pool.query('update organisation set subscriber_limit = 7 where id = $1', [one.id])
    const ids: number[] = []
    for (let at = 0; at < 10; at += 1) {
      ids.push(await send(one.client, fileOf(`race${at}a`, `race${at}b`), at % 2 === 0 ? '?partial=true' : ''))
    }
    await Promise.all(
      ['w1', 'w2', 'w3', 'w4'].map(async (instance) => {
        while (await workImports(api.db, parts(instance)));
      }),
    )
    const [row] = await queryRows(api, `select count(*)::int as n from subscriber where owner_id = $1`, [one.id])
    expect(row!['n']).toBeLessThanOrEqual(7)
    expect(row!['n']).toBeGreaterThanOrEqual(6)
    for (const id of ids) {
      const { body } = await one.client.get(`/imports/${id}`)
      expect(['done', 'refused']).toContain(body['state'])
      if (body['created'] !== 2) expect((await told(one.client, id)).join()).toContain('owner: the organisation')
    }
  })

  it('and one that imports the same names at the same time share them, each name once', async () => {
    const names = Array.from({ length: 60 }, (_, at) => `both${at}`)
    const ids = [
      await send(one.client, fileOf(...names), '?partial=true'),
      await send(two.client, fileOf(...names.toReversed()), '?partial=true'),
    ]
    await Promise.all(ids.map((_, at) => workImports(api.db, parts(`w${at}`))))
    const made = await Promise.all(
      [one, two].map(async ({ client }, at) => (await client.get(`/imports/${ids[at]}`)).body),
    )
    for (const run of made) {
      expect(run).toMatchObject({ state: 'done', rows: 60 })
      expect(Number(run['created']) + Number(run['errors'])).toBe(60)
    }
    expect(made.reduce((sum, run) => sum + Number(run['created']), 0)).toBe(60)
  })
})

describe('an import over HTTP', () => {
  it('is not stored where its sender hangs up in its middle', async () => {
    const headers: Record<string, string> = {}
    const fetching = vi.spyOn(globalThis, 'fetch').mockImplementation((_url, init) => {
      Object.assign(headers, init?.headers)
      return Promise.resolve(new Response('{}'))
    })
    await one.client.send('POST', '/imports', { body: 'x', headers: { 'content-type': 'text/csv' } })
    fetching.mockRestore()
    const sent = httpRequest(`${api.url}/api/v1/imports`, { method: 'POST', headers })
    sent.on('error', () => undefined)
    sent.write('username,password,plan\n')
    await vi.waitFor(() => expect(readdirSync(api.services.fileDirectory)).toHaveLength(1), { timeout: 5_000 })
    sent.destroy()
    await vi.waitFor(() => expect(readdirSync(api.services.fileDirectory)).toEqual([]), { timeout: 5_000 })
    expect(await queryRows(api, 'select from import_run')).toEqual([])
  })

  it('with a mapping that no database could keep is refused, and leaves no file', async () => {
    for (const mapping of [
      '{"a\\u0000b":"plan"}',
      '{"a":"pl\\u0000an"}',
      '[]',
      '{"a":1}',
      '"x"',
      'null',
      '{"":"plan"}',
    ]) {
      const path = `/imports?mapping=${encodeURIComponent(mapping)}`
      const response = await administrator.send('POST', path, {
        body: fileOf('x'),
        headers: { 'content-type': 'text/csv' },
      })
      expect([400, 422]).toContain(response.status)
    }
    expect(readdirSync(api.services.fileDirectory)).toEqual([])
  })
})

describe('an export of two resellers', () => {
  beforeEach(async () => {
    await importFile(one.client, fileOf('north-a', 'north-b'))
    await importFile(two.client, fileOf('south-a'))
    await api.pool.query(
      `insert into session (nas_id, acct_session_id, epoch, subscriber_id, username, nas_group_id, address_space_id, started_at,
         event_at, updated_at) select 1, username, 1, id, username, 1, 1, $1, $1, $1 from subscriber`,
      [noon],
    )
    await api.pool.query(
      `insert into access_log (day, first_at, last_at, count, username, accepted, subscriber_id, reason, nas_id, method)
       select $1::date, $1, $1, 1, username, true, id, 'accepted', 1, 'pap' from subscriber`,
      [noon],
    )
  })

  it.each(['/subscribers/export?account_type=pppoe', '/exports/sessions', '/exports/access-log'])(
    '%s has what is its own, as CSV and as a spreadsheet',
    async (path) => {
      const [north, south, all] = await Promise.all(
        [one.client, two.client, administrator].map((client) => client.get(path)),
      )
      expect([north!.status, south!.status, all!.status]).toEqual([200, 200, 200])
      expect(north!.text).toContain('north-a')
      expect(north!.text).not.toContain('south')
      expect(south!.text).toContain('south-a')
      expect(south!.text).not.toContain('north-')
      for (const name of ['north-a', 'north-b', 'south-a']) expect(all!.text).toContain(name)
    },
  )

  it('in the background is of its reach, its own to fetch, and gone after its days', async () => {
    const begun = await one.client.post('/exports', { noun: 'sessions' })
    expect(await workExports(api.db, parts())).toBe(true)
    const path = `/exports/${String(begun.body['id'])}`
    const file = await one.client.get(`${path}/file`)
    expect(file.text).toContain('north-b')
    expect(file.text).not.toContain('south')
    const colleague = await api.as('reseller', { organisationId: one.id })
    for (const client of [two.client, colleague, administrator]) {
      for (const suffix of ['', '/file']) expect((await client.get(`${path}${suffix}`)).status).toBe(404)
      expect((await client.post(`${path}/stop`)).status).toBe(404)
    }
    const head = await one.client.send('HEAD', `${path}/file`)
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(file.text.length)])
    expect(await trimExports(api.db, api.services.fileDirectory, hours(7 * 24))).toBe(0)
    for (const name of readdirSync(api.services.fileDirectory)) rmSync(join(api.services.fileDirectory, name))
    // Removed by hand, or made by an instance with another folder.
    expect((await one.client.get(`${path}/file`)).status).toBe(404)
    expect(await trimExports(api.db, api.services.fileDirectory, hours(7 * 24 + 1))).toBe(1)
  })

  it('that was thought lost is made once, and leaves one file', async () => {
    const begun = await one.client.post('/exports', { noun: 'sessions' })
    let asked = 0
    const slow = {
      ...parts('slow'),
      clock() {
        asked += 1
        if (asked === 4)
          void api.pool.query(`update export_run set taken_by = 'quick' where id = $1`, [begun.body['id']])
        return api.clock.now()
      },
    }
    expect(await workExports(api.db, slow)).toBe(true)
    await api.pool.query(`update export_run set worked_at = $2 where id = $1 and state = 'running'`, [
      begun.body['id'],
      hours(-1),
    ])
    await workExports(api.db, parts('quick'))
    const { body } = await one.client.get(`/exports/${String(begun.body['id'])}`)
    expect(body['state']).toBe('done')
    expect(readdirSync(api.services.fileDirectory)).toHaveLength(1)
  })
})
