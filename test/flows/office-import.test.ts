// An ISP moves over: the list of its old system is tried, mended, imported; the first subscriber dials in; and what is exported
// is enough to begin anew.
import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { workImports } from '../../src/domain/import/work.ts'
import { useApi } from '../support/api.ts'
import type { Answer, Client } from '../support/api.ts'
import { openIsp } from '../support/isp.ts'
import type { Isp } from '../support/isp.ts'
import { addTestPlan, queryRows } from '../support/subscribers.ts'

const api = useApi()
let office: Client
let isp: Isp | undefined

beforeAll(async () => {
  office = await api.as('super-administrator')
  await addTestPlan(api, 'Home 50')
  await addTestPlan(api, 'Office "Pro"')
})
// What there was is deleted, to be imported anew.
afterAll(() => isp?.close({ I10: /^missing: .* of anna.b on bras/ }))

/** As daloRADIUS gives it out, with what people type into it in ten years. */
const old = [
  'UserName;Cleartext-Password;GroupName;Full Name;Email;MobilePhone;Address;Calling-Station-Id;Framed-IP-Address;Expiration;CreationDate;Billcontact',
  'Anna.B;s3cret;Home 50;Anna Bäcker;anna@example.org;+49 30 123456;"1, Main St";d4:ca:6d:01:02:03;198.51.100.7;2027-12-31;2019-04-01 09:30:00;x',
  'bob;"pass;word";Home 50;Bob;bob(at)example.org;;;;;;2019-04-02 09:30:00;',
  'carla;pw;Home 100;Carla;;;;;198.51.100.7;31.12.2027;;',
  'BOB;pw;"Office ""Pro""";Robert;;;;;;;;',
  'dora;=1+1;"Office ""Pro""";Dora;;;;;2001:db8:7::/56;;;',
].join('\r\n')
const mended = old
  .replace('bob(at)example.org', 'bob@example.org')
  .replace('Home 100', 'Home 50')
  .replace(';198.51.100.7;31.12.2027', ';198.51.100.8;2027-12-31')
  .replace('BOB;pw', 'robert;pw')
  .replace(';=1+1;', ";'=1+1;")
const mapping = encodeURIComponent(JSON.stringify({ Billcontact: '' }))

async function send(body: string | Uint8Array, query: string, type = 'text/csv'): Promise<Answer['body']> {
  const response = await office.send('POST', `/imports?${query}`, {
    body: body as RequestInit['body'],
    headers: { 'content-type': type },
  })
  expect(response.status).toBe(202)
  const { id } = (await response.json()) as { id: number }
  const work = {
    keyring: api.keyring,
    folder: api.services.fileDirectory,
    instance: 'test',
    onError: (error: unknown) => {
      throw error
    },
    clock: () => api.clock.now(),
  }
  while (await workImports(api.db, work));
  return (await office.get(`/imports/${id}`)).body
}

const columns =
  'username,password,plan,full_name,phone,email,address,bound_macs,static_addresses,expires_at,grace_until,activated_at,' +
  'period_started_at,enabled,created_at'
const exported = async () => (await office.get(`/subscribers/export?columns=${columns}`)).text

it('a dry run tells every error with its line and the name that the file gives the column', async () => {
  const run = await send(old, `dry_run=true&mapping=${mapping}`)
  expect(run).toMatchObject({ state: 'refused', rows: 5, created: 0 })
  const { items } = (await office.get(`/imports/${String(run.id)}/errors`)).body as {
    items: { line: number; field: string; reason: string }[]
  }
  expect(items.map(({ line, field }) => `${line} ${field}`).toSorted()).toEqual([
    '3 email',
    '4 expiration',
    '4 framed-ip-address',
    '4 groupname',
    '5 username',
  ])
  const file = (await office.get(`/imports/${String(run.id)}/errors/file`)).text
  expect(file.split('\r\n')).toHaveLength(7)
  expect(file).not.toContain('s3cret')
  expect(await queryRows(api, 'select from subscriber')).toEqual([])
})

it('the file that was mended is tried, and imported, once however often it is sent', async () => {
  expect(await send(mended, `dry_run=true&mapping=${mapping}`)).toMatchObject({ state: 'done', rows: 5, errors: 0 })
  const run = await send(mended, `mapping=${mapping}`)
  expect(run).toMatchObject({ state: 'done', created: 5, errors: 0 })
  expect(await send(mended, `mapping=${mapping}`)).toMatchObject({ id: run.id, created: 5 })
  expect(readdirSync(api.services.fileDirectory)).toEqual([])
  const list = (await office.get('/subscribers?search=anna')).body as { items: Record<string, unknown>[] }
  expect(list.items).toHaveLength(1)
  const trail = await queryRows(
    api,
    `select action, count(*)::int as n from audit_entry where action like 'import.%' or action = 'subscriber.create' group by 1 order by 1`,
  )
  expect(trail).toEqual([
    { action: 'import.begin', n: 3 },
    { action: 'import.end', n: 3 },
    { action: 'subscriber.create', n: 5 },
  ])
})

it('the first of them dials in with the password and the address of before', async () => {
  isp = await openIsp({ url: api.databaseUrl, pool: api.pool }, { keyFile: api.keyFile })
  const nas = await isp.nas('bras', '127.0.7.21')
  const dial = (username: string, typed: string) =>
    nas.dial({ username, password: typed, method: 'chap', mac: 'd4:ca:6d:01:02:03' })
  expect(await dial('anna.b', 's3cret')).toMatchObject({
    kind: 'online',
    session: { grant: { framedIp: '198.51.100.7' } },
  })
  expect(await dial('bob', 'pass')).toMatchObject({ kind: 'rejected' })
})

it('what is exported begins anew: everybody is purged, and the same file is imported and exported again', async () => {
  const first = await exported()
  expect(first.split('\r\n')).toHaveLength(7)
  expect(first).toContain(`'=1+1`)
  await api.pool.query('delete from session; delete from session_archive; delete from subscriber; delete from payer')
  expect(await send(first, 'mode=create')).toMatchObject({ state: 'done', created: 5, errors: 0 })
  expect(await exported()).toBe(first)
  expect(await send(first, 'mode=upsert')).toMatchObject({ state: 'done', updated: 0, unchanged: 5 })
})
