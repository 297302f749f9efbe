import { readdirSync } from 'node:fs'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { sql } from 'kysely'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { exportNouns } from '../../../src/domain/export/nouns.ts'
import { trimExports, workExports } from '../../../src/domain/export/work.ts'
import { importSubscribers } from '../../../src/domain/import/import.ts'
import { addPlan } from '../../../src/domain/plan.ts'
import { subscriberColumnNames } from '../../../src/domain/subscriber-list/columns.ts'
import { importColumns } from '../../../src/domain/import/column.ts'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { hours, noon } from '../../support/operator.ts'

const api = useApi()
let administrator: Client
let superAdministrator: Client
let resellerId = 0n

async function* octets(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}

beforeAll(async () => {
  await addPlan(api.db, { name: 'Home', down: '50M', up: '20M', days: 30 }, () => undefined, noon)
  resellerId = await api.reseller('R1')
  const text =
    'username,password,plan,full_name,phone,address,owner\n' +
    'alice,=secret,Home,Alice,+49 30 123456,"1, Main St",\nbob,pw,Home,Bob,,,\nfar,pw,Home,Far,,,R1\n'
  await importSubscribers(api.db, api.keyring, octets(text), noon)
  administrator = await api.as('administrator')
  superAdministrator = await api.as('super-administrator')
})

const lines = (text: string): string[] => text.trimEnd().split('\r\n')

describe('an export of subscribers', () => {
  it('is a CSV file of what an import takes, and downloads by itself', async () => {
    const answer = await administrator.get('/subscribers/export?search=alice')
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present')
    expect(answer.headers.get('content-disposition')).toBe(
      'attachment; filename="gatehouse-subscribers-2026-11-22T120000Z.csv"',
    )
    const [header, row, ...more] = lines(answer.text)
    expect(header).toBe(importColumns.filter((name) => name !== 'password' && name !== 'nt_hash').join(','))
    expect(row).toMatch(/^alice,Home,/)
    expect(row).toContain(`"'+4930123456"`)
    expect(more).toEqual([])
  })

  it('has the columns that were asked for, in their order, and the mark of UTF-8 where it is wanted', async () => {
    const response = await administrator.send(
      'GET',
      '/subscribers/export?columns=phone,email,username,label,mac&search=alice&bom=true',
    )
    expect(Buffer.from(await response.arrayBuffer()).toString()).toBe(
      `\uFEFFphone,email,username,label,live_mac\r\n"'+4930123456",,alice,new,\r\n`,
    )
    const wrong = await administrator.get('/subscribers/export?columns=phone,colour')
    expect(wrong).toMatchObject({ status: 422, body: { errors: [{ field: 'columns' }] } })
    expect(wrong.headers.get('content-disposition')).toBeNull()
    expect((await administrator.get('/subscribers/export?columns=phone,phone')).status).toBe(422)
    expect((await administrator.get('/subscribers/export?colour=red')).status).toBe(400)
  })

  it('is a spreadsheet where that is wanted', async () => {
    const response = await administrator.send('GET', '/subscribers/export?format=xlsx&search=alice')
    expect(response.headers.get('content-type')).toContain('spreadsheetml.sheet')
    expect(Buffer.from(await response.arrayBuffer()).subarray(0, 4)).toEqual(Buffer.from('PK\u0003\u0004'))
  })

  it('takes its filter as a body too', async () => {
    const answer = await administrator.post('/subscribers/export', { columns: ['username'], filter: { search: 'bob' } })
    expect(lines(answer.text)).toEqual(['username', 'bob'])
  })

  it('gives everybody, and passwords, only to who has just proved who they are', async () => {
    const late = await api.as('super-administrator', { provedAt: hours(-1) })
    expect((await late.get('/subscribers/export?search=alice')).status).toBe(200)
    expect((await late.get('/subscribers/export')).body['code']).toBe('recent-proof-needed')
    const secrets = '/subscribers/export?columns=username,password,nt_hash&search=alice'
    expect((await late.get(secrets)).body['code']).toBe('recent-proof-needed')
    expect((await administrator.get(secrets)).body['code']).toBe('forbidden')
    const answer = await superAdministrator.get(secrets)
    expect(lines(answer.text)).toEqual(['username,password,nt_hash', `alice,"'=secret",`])
  })

  it('is in the audit trail, with columns and without what was looked for', async () => {
    await administrator.get('/subscribers/export?columns=username,phone&search=Streng+Geheim')
    const { rows } = await api.pool.query<{ after: unknown }>(
      `select after from audit_entry where action = 'export.run' order by id desc limit 1`,
    )
    expect(rows[0]!.after).toEqual({ format: 'csv', columns: ['username', 'phone'], filter_fields: ['search'] })
  })

  it('is not for who may not export, and ends at what one reaches', async () => {
    const support = await api.as('support')
    expect((await support.get('/subscribers/export?search=alice')).status).toBe(403)
    expect((await api.anonymous().get('/subscribers/export')).status).toBe(401)
    const reseller = await api.as('reseller', { organisationId: resellerId })
    const answer = await reseller.get('/subscribers/export?columns=username,owner')
    expect(lines(answer.text)).toEqual(['username,owner', 'far,R1'])
  })

  it('answers HEAD without making the file', async () => {
    const response = await administrator.send('HEAD', '/subscribers/export?search=alice')
    expect(response.status).toBe(200)
    expect(response.headers.get('content-disposition')).toContain('attachment')
  })
})

describe('W32: whatever stands in a field', () => {
  const columns = [...new Set([...importColumns, ...subscriberColumnNames])]
  const starts = ['=1', '+1', '-x', '@a', '\t=1', '\r=1', "'=1", '＝1', '＠x']

  it.each(starts)('%j, no cell of any column begins a formula', async (start) => {
    // Even what no form would let in, in every column of text that there is.
    await sql`alter table subscriber disable trigger user`.execute(api.db)
    await sql`update subscriber set full_name = ${start}, email = ${start}, phone = ${start}, phone_extension = ${start},
      address = ${start}, zone = ${start}, language = ${start}, block_reason = ${start}, blocked_at = now(),
      bound_interface = ${start}, bound_port = ${start}, attributes = array[${start}], latitude = -1.5, longitude = -2,
      circuit_id = convert_to(${start}, 'utf8'), remote_id = convert_to(${start}, 'utf8'), duid = convert_to(${start}, 'utf8')
      where username = 'bob'`.execute(api.db)
    await sql`delete from subscriber_route`.execute(api.db)
    await sql`insert into subscriber_route (subscriber_id, route) select id, ${start} from subscriber
      where username = 'bob'`.execute(api.db)
    const answer = await superAdministrator.get(`/subscribers/export?columns=${columns.join(',')}&search=bob`)
    expect(answer.status).toBe(200)
    const cells = answer.text.split(/,|\r\n/).filter((cell) => cell !== '')
    const dangerous = cells.filter((cell) => /^"?[=+@＝＠\t\r\0]|^"?-(?!\d+(\.\d+)?$)/.test(cell))
    expect(dangerous).toEqual([])
    // Numbers stay numbers.
    expect(cells).toContain('-1.5')
  })
})

describe('other exports', () => {
  it.each(exportNouns)('of %s are files with a header', async (noun) => {
    const answer = await superAdministrator.get(`/exports/${noun}?from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z`)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-disposition')).toContain(`gatehouse-${noun}-`)
    expect(lines(answer.text)[0]).toMatch(/^[a-z0-9_]+(,[a-z0-9_]+)+$/)
  })

  it('show sessions of subscribers in reach, and of nobody else', async () => {
    await api.pool.query(
      `insert into session (nas_id, acct_session_id, epoch, subscriber_id, username, nas_group_id,
      address_space_id, started_at, event_at, updated_at, framed_ip, input_octets)
      select 1, id::text, 1, id, username, 1, 1, $1, $1, $1, '10.0.0.7', 5000000000 from subscriber`,
      [noon],
    )
    const all = await administrator.get('/exports/sessions')
    expect(lines(all.text)).toHaveLength(4)
    expect(all.text).toContain(',10.0.0.7,')
    expect(all.text).toContain(',5000000000,')
    const reseller = await api.as('reseller', { organisationId: resellerId })
    expect(
      lines((await reseller.get('/exports/sessions')).text)
        .slice(1)
        .join(),
    ).toMatch(/,far,/)
    const later = await administrator.get('/exports/sessions?from=2026-11-22T13:00:00Z')
    expect(lines(later.text)).toHaveLength(1)
  })

  it('ask for the permission of what they hold', async () => {
    const billing = await api.as('billing')
    expect((await billing.get('/exports/ledger')).status).toBe(200)
    expect((await billing.get('/exports/audit')).status).toBe(403)
    const reseller = await api.as('reseller', { organisationId: resellerId })
    const audit = await reseller.get('/exports/audit')
    expect(audit.text).not.toContain('administrator')
    expect((await reseller.get('/exports/operators')).status).toBe(403)
  })
})

describe('an export in the background', () => {
  const work = (signal?: AbortSignal) =>
    workExports(api.db, {
      pool: api.pool,
      keyring: api.keyring,
      folder: api.services.fileDirectory,
      instance: 'test',
      onError: (error) => {
        throw error
      },
      clock: () => api.clock.now(),
      ...(signal === undefined ? {} : { signal }),
    })
  const order = { noun: 'subscribers', columns: ['username'], filter: { search: 'alice' } }

  it('is made, fetched by its author alone, and forgotten after a week', async () => {
    const begun = await administrator.post('/exports', order)
    expect(begun).toMatchObject({ status: 202, body: { state: 'waiting', noun: 'subscribers', octets: '0' } })
    const path = `/exports/${String(begun.body['id'])}`
    expect((await administrator.get(`${path}/file`)).status).toBe(409)
    expect(await work()).toBe(true)
    expect(await work()).toBe(false)
    expect((await administrator.get(path)).body).toMatchObject({ state: 'done', octets: '17' })
    const file = await administrator.get(`${path}/file`)
    expect(file.headers.get('content-length')).toBe('17')
    expect(lines(file.text)).toEqual(['username', 'alice'])
    for (const suffix of ['', '/file']) expect((await superAdministrator.get(`${path}${suffix}`)).status).toBe(404)
    expect((await administrator.get('/exports')).body['items']).toHaveLength(1)
    expect(await trimExports(api.db, api.services.fileDirectory, hours(8 * 24))).toBe(1)
    expect(readdirSync(api.services.fileDirectory)).toEqual([])
    expect((await administrator.get(path)).status).toBe(404)
  })

  it('is stopped, and given back by a process that ends', async () => {
    const begun = await administrator.post('/exports', order)
    const path = `/exports/${String(begun.body['id'])}`
    expect(await work(AbortSignal.abort())).toBe(false)
    expect((await administrator.get(path)).body).toMatchObject({ state: 'waiting' })
    expect((await administrator.post(`${path}/stop`)).body).toMatchObject({ state: 'stopping' })
    expect(await work()).toBe(true)
    expect((await administrator.get(path)).body).toMatchObject({ state: 'stopped' })
    expect((await administrator.post(`${path}/stop`)).status).toBe(409)
    expect(readdirSync(api.services.fileDirectory)).toEqual([])
  })

  it('is not made for who has lost the right', async () => {
    const leaver = await api.as('administrator')
    const begun = await leaver.post('/exports', { noun: 'operators', format: 'xlsx' })
    await api.pool.query('update operator set enabled = false where id = $1', [leaver.operatorId])
    expect(await work()).toBe(true)
    const { rows } = await api.pool.query<{ state: string }>('select state from export_run where id = $1', [
      begun.body['id'],
    ])
    expect(rows).toEqual([{ state: 'stopped' }])
  })
})

it('ends its question when nobody takes the file any more', async () => {
  await importSubscribers(api.db, api.keyring, octets(manyRows(10_000)), noon)
  const fetchOf = await headersOf(administrator)
  const sent = httpRequest(`${api.url}/api/v1/subscribers/export?account_type=pppoe`, { headers: fetchOf })
  sent.end()
  const [response] = (await once(sent, 'response')) as [import('node:http').IncomingMessage]
  await once(response, 'data')
  sent.destroy()
  const running = `select 1 from pg_stat_activity where datname = current_database() and application_name = 'gatehouse test long'
    and state <> 'idle'`
  await vi.waitFor(async () => expect((await api.pool.query(running)).rows).toEqual([]), { timeout: 5_000 })
  expect((await administrator.get('/subscribers/export?search=alice')).status).toBe(200)
})

it('is one of few at a time: the next waits a moment for a place, and is then told to come later', async () => {
  const ask = () => administrator.get('/subscribers/export?search=alice')
  const holder = await api.pool.connect()
  await holder.query('begin; lock table subscriber in access exclusive mode')
  const first = [ask(), ask(), ask()]
  const held = `select 1 from pg_stat_activity where datname = current_database() and application_name = 'gatehouse test long'
    and wait_event_type = 'Lock'`
  // Within a transaction Postgres shows what it showed first.
  await vi.waitFor(async () => expect((await api.pool.query(held)).rows).toHaveLength(3), { timeout: 5_000 })
  const refused = await ask()
  expect(refused).toMatchObject({ status: 429, body: { code: 'too-many-requests' } })
  expect(refused.headers.get('retry-after')).toBe('10')
  const waiting = ask()
  await holder.query('commit')
  holder.release()
  expect((await Promise.all([...first, waiting])).map(({ status }) => status)).toEqual([200, 200, 200, 200])
})

function manyRows(count: number): string {
  const rows = Array.from({ length: count }, (_, at) => `many${at},pw,Home,${'x'.repeat(200)}`)
  return `username,password,plan,address\n${rows.join('\n')}\n`
}

/** The cookie that a client sends. */
async function headersOf(client: Client): Promise<Record<string, string>> {
  const seen: Record<string, string> = {}
  const original = globalThis.fetch
  globalThis.fetch = (input, init) => {
    Object.assign(seen, init?.headers)
    return original(input, init)
  }
  await client.get('/me').finally(() => (globalThis.fetch = original))
  return seen
}
