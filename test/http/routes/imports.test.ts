import { existsSync, readdirSync, rmSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { addPlan } from '../../../src/domain/plan.ts'
import { workImports } from '../../../src/domain/import/work.ts'
import { writeSetting } from '../../../src/domain/setting.ts'
import { ownHeader } from '../../../src/http/auth.ts'
import { useApi } from '../../support/api.ts'
import type { Answer, Client } from '../../support/api.ts'
import { noon } from '../../support/operator.ts'

const api = useApi()
const csv = { 'content-type': 'text/csv' }
let support: Client

beforeAll(async () => {
  await addPlan(api.db, { name: 'Home', down: '50M', up: '20M', days: 30 }, () => undefined, noon)
  support = await api.as('support')
})
beforeEach(async () => {
  await api.pool.query('delete from setting')
})

async function send(
  client: Client,
  body: RequestInit['body'],
  query = '',
  headers: Record<string, string> = csv,
): Promise<Answer> {
  const response = await client.send('POST', `/imports${query}`, { body, headers })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, body: JSON.parse(text) as Record<string, unknown> }
}

const folder = () => api.services.fileDirectory
const work = (signal?: AbortSignal) =>
  workImports(api.db, {
    keyring: api.keyring,
    folder: folder(),
    instance: 'test',
    checkAttribute: () => undefined,
    onError: (error) => {
      throw error
    },
    clock: () => api.clock.now(),
    ...(signal === undefined ? {} : { signal }),
  })

/** Sends a file, has it done, and tells the run. */
async function importFile(client: Client, body: RequestInit['body'], query = ''): Promise<Record<string, unknown>> {
  const sent = await send(client, body, query)
  expect(sent.status).toBe(202)
  while (await work());
  return (await client.get(`/imports/${String(sent.body['id'])}`)).body
}

const rows = (...names: string[]) => `username,password,plan\n${names.map((name) => `${name},secret,Home\n`).join('')}`

async function usernames(prefix: string): Promise<unknown[]> {
  const text = 'select username from subscriber where username like $1 order by 1'
  return (await api.pool.query(text, [`${prefix}%`])).rows.map((row: { username: string }) => row.username)
}

describe('an import', () => {
  it('is taken at once and done in the background, with an audit entry for itself and each subscriber', async () => {
    const sent = await send(support, rows('one-a', 'one-b'))
    expect(sent).toMatchObject({
      status: 202,
      body: { state: 'waiting', rows: 0, octets: '59', author: support.email },
    })
    expect(await usernames('one-')).toEqual([])
    expect(await work()).toBe(true)
    expect((await support.get(`/imports/${String(sent.body['id'])}`)).body).toMatchObject({
      state: 'done',
      rows: 2,
      created: 2,
      errors: 0,
    })
    expect(await usernames('one-')).toEqual(['one-a', 'one-b'])
    const { rows: audited } = await api.pool.query(
      `select action, count(*)::int as n, bool_or(personal is not null) as personal from audit_entry
       where author_name = $1 group by 1 order by 1`,
      [support.email],
    )
    expect(audited).toEqual([
      { action: 'import.begin', n: 1, personal: false },
      { action: 'import.end', n: 1, personal: false },
      { action: 'subscriber.create', n: 2, personal: false },
    ])
    // It held passwords.
    expect(readdirSync(folder())).toEqual([])
  })

  it('of a file with errors writes nothing, and tells each with line and field', async () => {
    const text = `${rows('two-a')},secret,Home\ntwo-b,secret,Nope\n`
    const run = await importFile(support, text)
    expect(run).toMatchObject({ state: 'refused', rows: 3, created: 0, errors: 2 })
    const path = `/imports/${String(run['id'])}/errors`
    const first = await support.get(`${path}?limit=1`)
    expect(first.body['items']).toEqual([{ line: 3, field: 'username', reason: 'is empty' }])
    const second = await support.get(`${path}?limit=1&cursor=${String(first.body['next_cursor'])}`)
    expect(second.body['items']).toEqual([{ line: 4, field: 'plan', reason: 'there is no plan "Nope"' }])
    const file = await support.get(`${path}/file`)
    expect(file.headers.get('content-disposition')).toMatch(
      /^attachment; filename="gatehouse-import-errors-[0-9TZ-]+\.csv"$/,
    )
    expect(file.text).toBe('line,field,reason\r\n3,username,is empty\r\n4,plan,"there is no plan ""Nope"""\r\n')
    expect(await usernames('two-')).toEqual([])
  })

  it('in parts writes the good rows and tells the bad', async () => {
    const run = await importFile(support, `${rows('part-a')}part-b,secret,Nope\npart-c,secret,Home\n`, '?partial=true')
    expect(run).toMatchObject({ state: 'done', rows: 3, created: 2, errors: 1 })
    expect(await usernames('part-')).toEqual(['part-a', 'part-c'])
  })

  it('that is dry tells the same and changes nothing', async () => {
    const run = await importFile(support, `${rows('dry-a')}dry-b,secret,Nope\n`, '?dry_run=true')
    expect(run).toMatchObject({ state: 'refused', errors: 1 })
    expect(await importFile(support, rows('dry-a'), '?dry_run=true')).toMatchObject({
      state: 'done',
      rows: 1,
      created: 0,
    })
    expect(await usernames('dry-')).toEqual([])
  })

  it('W31: sent twice is the same import; what is another is one of its own', async () => {
    const text = rows('twice-a')
    const [one, other] = await Promise.all([send(support, text), send(support, text)])
    expect(one.body['id']).toBe(other.body['id'])
    while (await work());
    const later = await send(support, text)
    expect(later.body).toMatchObject({ id: one.body['id'], state: 'done', created: 1 })
    expect(readdirSync(folder())).toEqual([])
    const again = await importFile(support, text, '?again=true')
    expect(again).toMatchObject({ state: 'refused', errors: 1 })
    expect((await send(support, text, '?mode=upsert')).body['id']).not.toBe(one.body['id'])
    while (await work());
  })

  it('changes who is there by username; an empty cell leaves what is, `none` clears', async () => {
    await importFile(
      support,
      'username,password,plan,full_name,email\nup-a,secret,Home,Ada,ada@example.org\nup-b,secret,Home,Bob,\n',
    )
    const administrator = await api.as('administrator')
    const text = 'username,full_name,email,password,plan\nup-a,,none,,\nup-b,Robert,,,\nup-c,Cleo,,secret,Home\n'
    expect(await importFile(administrator, text, '?mode=upsert')).toMatchObject({
      created: 1,
      updated: 2,
      unchanged: 0,
    })
    const query = `select username, full_name, email from subscriber where username like 'up-%' order by 1`
    expect((await api.pool.query(query)).rows).toEqual([
      { username: 'up-a', full_name: 'Ada', email: null },
      { username: 'up-b', full_name: 'Robert', email: null },
      { username: 'up-c', full_name: 'Cleo', email: null },
    ])
    const again = await importFile(administrator, text, '?mode=upsert&again=true')
    expect(again).toMatchObject({ created: 0, updated: 0, unchanged: 3 })
  })

  it('asks for the permission of each column that it would change', async () => {
    const text = 'username,expires_at,owner\nup-a,2027-01-31,\nup-b,,Nobody\n'
    const run = await importFile(support, text, '?mode=upsert')
    expect(run).toMatchObject({ state: 'refused', updated: 0 })
    const { items } = (await support.get(`/imports/${String(run['id'])}/errors`)).body as {
      items: { reason: string }[]
    }
    expect(items.map(({ reason }) => reason)).toEqual([
      'to change it needs the permission service.free',
      'to change it needs the permission subscriber.owner',
      'there is no organisation "Nobody"',
    ])
  })

  it('blocks and tells live sessions in the same transaction', async () => {
    await importFile(support, rows('block-a'))
    await api.pool.query(
      `insert into session (nas_id, acct_session_id, epoch, subscriber_id, username, nas_group_id,
      address_space_id, started_at, event_at, updated_at) select 1, 'b1', 1, id, username, 1, 1, $1, $1, $1
      from subscriber where username = 'block-a'`,
      [noon],
    )
    await importFile(support, 'username,block_reason\nblock-a,unpaid\n', '?mode=upsert')
    const { rows: orders } = await api.pool.query(`select wish, reason from coa_order where reason = 'imported'`)
    expect(orders).toEqual([{ wish: 'disconnect', reason: 'imported' }])
  })

  it('reads columns of other systems, by a mapping too', async () => {
    const text = 'Login;Pass;Tarif;Creationdate;Ballast\nmap-a;secret;Home;;x\n'
    const mapping = encodeURIComponent(JSON.stringify({ Tarif: 'plan', Ballast: '' }))
    const run = await importFile(support, text, `?mapping=${mapping}`)
    expect(run).toMatchObject({ created: 1, notices: ['not read, since nobody can set them: Ballast'] })
    const wrong = await send(support, text, `?mapping=${encodeURIComponent('{"Tarif":"colour"}')}`)
    expect(wrong).toMatchObject({ status: 422, body: { errors: [{ field: 'mapping' }] } })
    expect((await send(support, text, '?mapping=x')).status).toBe(400)
  })

  it('can be stopped, and leaves nothing then', async () => {
    const sent = await send(support, rows('stop-a'))
    const id = String(sent.body['id'])
    expect((await support.post(`/imports/${id}/stop`)).body).toMatchObject({ state: 'stopping' })
    while (await work());
    expect((await support.get(`/imports/${id}`)).body).toMatchObject({ state: 'stopped', created: 0 })
    expect((await support.post(`/imports/${id}/stop`)).status).toBe(409)
    expect(await usernames('stop-')).toEqual([])
  })
})

describe('a reseller', () => {
  it('imports for itself alone, and learns nothing of others', async () => {
    await importFile(support, 'username,password,plan,static_ip\nfar-a,secret,Home,203.0.113.77\n')
    const organisationId = await api.reseller('R1')
    const reseller = await api.as('reseller', { organisationId })
    const other = await api.as('reseller', { organisationId: await api.reseller('R2') })
    const run = await importFile(reseller, rows('near-a'))
    expect(run).toMatchObject({ state: 'done', created: 1 })
    const path = `/imports/${String(run['id'])}`
    for (const suffix of ['', '/errors', '/errors/file']) expect((await other.get(`${path}${suffix}`)).status).toBe(404)
    expect((await other.post(`${path}/stop`)).status).toBe(404)
    expect((await other.get('/imports')).body).toMatchObject({ items: [] })
    const { rows: owners } = await api.pool.query(`select owner_id from subscriber where username = 'near-a'`)
    expect(owners).toEqual([{ owner_id: organisationId }])
    const text =
      'username,password,plan,static_ip,owner\nfar-a,x,Home,,\nnear-b,x,Home,203.0.113.77,\nnear-c,x,Home,,ISP\n'
    const refused = await importFile(reseller, text, '?mode=upsert')
    const { items } = (await reseller.get(`/imports/${String(refused['id'])}/errors`)).body
    expect(items).toEqual([
      { line: 2, field: 'username', reason: 'there is a subscriber "far-a" already' },
      { line: 3, field: 'static_ip', reason: '203.0.113.77/32 is or overlaps an address that is given' },
      { line: 4, field: 'owner', reason: 'there is no organisation "ISP"' },
    ])
  })

  it('gets no more subscribers than it may have', async () => {
    const organisationId = await api.reseller('R3')
    await api.pool.query('update organisation set subscriber_limit = 2 where id = $1', [organisationId])
    const reseller = await api.as('reseller', { organisationId })
    const run = await importFile(reseller, rows('room-a', 'room-b', 'room-c'), '?partial=true')
    expect(run).toMatchObject({ created: 2, errors: 1 })
  })
})

describe('a run whose instance died', () => {
  it('is taken again by another after a minute: an all-or-nothing one from the start', async () => {
    const sent = await send(support, rows('dead-a'))
    const id = String(sent.body['id'])
    await api.pool.query(`update import_run set state = 'running', taken_by = 'gone', worked_at = $2 where id = $1`, [
      id,
      new Date(api.clock.now().getTime() - 61_000),
    ])
    expect(await work()).toBe(true)
    expect((await support.get(`/imports/${id}`)).body).toMatchObject({ state: 'done', created: 1 })
  })

  it('goes on behind its last chunk where it writes in parts', async () => {
    await importFile(support, rows('rest-a'))
    const sent = await send(support, rows('rest-a', 'rest-b'), '?partial=true')
    await api.pool.query('update import_run set done_line = 2, created = 1 where id = $1', [sent.body['id']])
    while (await work());
    const run = (await support.get(`/imports/${String(sent.body['id'])}`)).body
    expect(run).toMatchObject({ state: 'done', created: 2, errors: 0 })
  })

  it('is done where all was committed and only its end was not told', async () => {
    const sent = await send(support, rows('told-a'))
    const id = String(sent.body['id'])
    await api.pool.query('update import_run set done_line = 2, created = 1, rows = 1 where id = $1', [id])
    while (await work());
    expect((await support.get(`/imports/${id}`)).body).toMatchObject({ state: 'done', created: 1, errors: 0 })
    expect(await usernames('told-')).toEqual([])
    expect(readdirSync(folder())).toEqual([])
  })

  it('fails where its file is gone from everywhere for an hour', async () => {
    const sent = await send(support, rows('gone-a'))
    const id = String(sent.body['id'])
    await api.pool.query(`update import_run set file_name = 'import-of-another.csv' where id = $1`, [id])
    expect(await work()).toBe(false)
    await api.pool.query('update import_run set created_at = $2 where id = $1', [
      id,
      new Date(api.clock.now().getTime() - 3_600_001),
    ])
    expect(await work()).toBe(false)
    expect((await support.get(`/imports/${id}`)).body).toMatchObject({
      state: 'failed',
      error: 'the file is no longer there: send it again',
    })
    for (const name of readdirSync(folder())) rmSync(join(folder(), name))
  })

  it('is not begun by a process that ends', async () => {
    const sent = await send(support, rows('end-a'))
    expect(await work(AbortSignal.abort())).toBe(false)
    expect((await support.get(`/imports/${String(sent.body['id'])}`)).body).toMatchObject({ state: 'waiting' })
    while (await work());
  })
})

describe('what is sent', () => {
  it('W28: is broken off where it is too large, whatever it says of its length', async () => {
    await writeSetting(api.db, { name: 'import_maximum_mb', value: 1 }, noon)
    const said = await send(support, 'x'.repeat(1_000_001))
    expect(said).toMatchObject({ status: 413, body: { detail: 'the file has more than 1 MB' } })
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < 40; at += 1) yield Buffer.alloc(64 * 1024, 'x')
    }
    expect(await statusOfChunked(endless())).toBe(413)
    expect(readdirSync(folder())).toEqual([])
  })

  it('W28: has no more rows than it may', async () => {
    await writeSetting(api.db, { name: 'import_maximum_rows', value: 2 }, noon)
    const run = await importFile(support, rows('many-a', 'many-b', 'many-c'))
    expect(run).toMatchObject({ state: 'refused', created: 0 })
    const { items } = (await support.get(`/imports/${String(run['id'])}/errors`)).body
    expect(items).toEqual([{ line: 4, field: 'file', reason: 'the file has more than 2 rows' }])
  })

  it.each([
    ['a spreadsheet as CSV', Buffer.from('PK\u0003\u0004zip'), 'the file is a spreadsheet'],
    ['a web page', '<!DOCTYPE html><table>', 'the file is a web page'],
    ['with a NUL', 'username,plan\na\0,Home\n', 'NUL'],
    ['with a quote that never ends', 'username,plan\n"a,Home\n', 'a quote that opens here is never closed'],
    ['with a cell of 10 MB', `username,plan\n"${'x'.repeat(10_000_000)}",Home\n`, 'the row is longer than 65536'],
  ])('W30: %s is refused by a rule', async (_what, body, reason) => {
    const run = await importFile(support, body)
    expect(run).toMatchObject({ state: 'refused' })
    const { items } = (await support.get(`/imports/${String(run['id'])}/errors`)).body as {
      items: { reason: string }[]
    }
    expect(items.map((one) => one.reason).join()).toContain(reason)
  })

  it('W30: is read in the encoding that it is in', async () => {
    const text = 'username;password;plan;full_name\nENC;secret;Home;Jürgen Groß\n'
    const wide = Buffer.from(`\uFEFF${text.replace('ENC', 'enc-16le')}`, 'utf16le')
    const forms: [string, Buffer, string[]][] = [
      ['enc-8', Buffer.from(text.replace('ENC', 'enc-8')), []],
      ['enc-8b', Buffer.from(`\uFEFF${text.replace('ENC', 'enc-8b')}`), []],
      ['enc-16le', wide, []],
      ['enc-16be', Buffer.from(`\uFEFF${text.replace('ENC', 'enc-16be')}`, 'utf16le').swap16(), []],
      [
        'enc-1252',
        Buffer.from(text.replace('ENC', 'enc-1252'), 'latin1'),
        ['the file is not UTF-8 and was read as Windows-1252'],
      ],
    ]
    for (const [, body, notices] of forms)
      expect(await importFile(support, body)).toMatchObject({ created: 1, notices })
    const names = await api.pool.query(`select distinct full_name from subscriber where username like 'enc-%'`)
    expect(names.rows).toEqual([{ full_name: 'Jürgen Groß' }])
  })

  it('W30: of another type is not taken', async () => {
    expect((await send(support, '{}', '', { 'content-type': 'application/json' })).status).toBe(415)
    expect((await send(support, '', '', csv)).status).toBe(422)
  })

  it('W33: chooses no name of a file', async () => {
    const body = rows('path-a')
    const headers = { ...csv, 'content-disposition': 'attachment; filename="../../etc/passwd.csv"' }
    const sent = await send(support, body, '', headers)
    expect(sent.status).toBe(202)
    const [name] = readdirSync(folder())
    expect(name).toMatch(/^import-[0-9a-f-]{36}\.csv$/)
    expect(existsSync('/etc/passwd.csv')).toBe(false)
    while (await work());
  })
})

/** Sends a body whose length nobody knows, as fetch would not while it is answered. */
async function statusOfChunked(body: AsyncIterable<Uint8Array>): Promise<number | undefined> {
  const { cookie } = support
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>()
  const sent = httpRequest(
    `${api.url}/api/v1/imports`,
    { method: 'POST', headers: { ...csv, cookie, [ownHeader]: '1' } },
    (response) => {
      response.resume()
      resolve(response.statusCode)
    },
  )
  sent.on('error', reject)
  for await (const chunk of body) if (!sent.destroyed) sent.write(chunk)
  sent.end()
  return promise
}
