import { writeFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ownAuthor } from '../../../src/domain/author.ts'
import { csvFile } from '../../../src/domain/export/csv.ts'
import { defaultExportColumns } from '../../../src/domain/export/subscriber-columns.ts'
import { permittedColumns, withSubscribers } from '../../../src/domain/export/subscribers.ts'
import type { FileFormat } from '../../../src/domain/export/table.ts'
import { xlsxFile } from '../../../src/domain/export/xlsx.ts'
import { importColumns } from '../../../src/domain/import/column.ts'
import { importSubscribers, runImport } from '../../../src/domain/import/import.ts'
import type { ImportOptions } from '../../../src/domain/import/import.ts'
import type { ImportError } from '../../../src/domain/import/error.ts'
import { sourceOfFile } from '../../../src/domain/import/source.ts'
import { addReseller } from '../../../src/domain/organisation.ts'
import { everything } from '../../../src/domain/scope.ts'
import { hours, makePlan, noon, rowsOf, useOffice } from '../../support/operator.ts'

const office = useOffice()
const author = () => ownAuthor('system', 'test', office.keyring)
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-round-trip-'))
  const { id } = await addReseller(office.db, { name: "O'Hara = Söhne" }, noon)
  await makePlan(office, { name: 'Home', graceHours: 24 })
  await makePlan(office, { name: '=2+5 "Turbo"' })
  await makePlan(office, { name: 'Village', ownerId: id })
  await rowsOf(office, `insert into nas_group (name, address_space_id) values ('@north', 1)`)
  const text = [
    'username,password,nt_hash,plan,full_name,phone,email,address,mac,static_ip,account_type,owner,group',
    '=cmd,"=1+1, ""x""",,Home,=HYPERLINK(1),+49 30 123456,a=b@example.org,"-1, Main ""St""",aa:bb:cc:00:00:01,198.51.100.7 2001:db8:1::/56,pppoe,,+Group',
    `''=quoted,''=secret,,Home,'''=twice,,,@home,,,,,none`,
    `none,none,,Home,'none,,,'none,,,,,`,
    `أحمد,كلمة السر,,"=2+5 ""Turbo""",محمد علي,,,شارع ١, ,,,,`,
    `😀 smile," blank ",,Home,👩‍👩‍👧 Family,,,_x000D_ <&>,,,,,`,
    `village,pw,,Village,Reseller's own,,,,,,,O'Hara = Söhne,`,
    `hashed,,44ebba8d5312b8d611474411f56989ae,Home,,,,,,,,,`,
    `line,,,Home,,,,,aa:bb:cc:00:00:09,,ipoe,,`,
  ].join('\n')
  const result = await importSubscribers(office.db, office.keyring, octetsOf(text), noon)
  if (result.kind !== 'imported') throw new Error(JSON.stringify(result.errors))
  await makeFacts(id)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function* octetsOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}

/** What no file of before could say. */
async function makeFacts(resellerId: bigint): Promise<void> {
  const set = (username: string, assignments: string, values: unknown[] = []) =>
    rowsOf(office, `update subscriber set ${assignments} where username = $1`, [username, ...values])
  await set(
    '=cmd',
    `phone_extension = '0042', latitude = 0.00001, longitude = -122.419415, zone = '-south', language = 'pt-BR',
     expires_at = $2, grace_until = $3, activated_at = '2026-01-02 03:04:05.678901+00', auto_renew = true,
     next_plan_id = (select id from plan where name like '=2%'), session_limit = 3, device_limit = 2,
     attributes = '{"Reply-Message = \\"a; b\\"","Idle-Timeout = 60"}', created_at = '2019-12-31 23:59:59.999999+00',
     period_started_at = '2026-11-01 00:00:00+00', bound_interface = 'ae0.7', bound_port = '1/1', bound_s_vlan = 7,
     bound_c_vlan = 8, circuit_id = '\\x0004000701', remote_id = 'modem 7',
     bound_nas_group_id = (select id from nas_group where name = '@north')`,
    [hours(48), hours(50)],
  )
  // It ends, has no grace although its plan gives some, and nobody has activated it.
  await set(
    'none',
    `expires_at = $2, grace_until = null, activated_at = null, block_reason = 'none', blocked_at = $3`,
    [hours(24), hours(-24)],
  )
  await set("'=quoted", `enabled = false, activated_at = $2`, [hours(-1)])
  await set('أحمد', `blocked_at = $2, block_reason = null`, [hours(-2)])
  await rowsOf(
    office,
    `insert into device (subscriber_id, mac, bound)
    select id, '02:00:00:00:00:0a', false from subscriber where username = '=cmd'`,
  )
  await rowsOf(
    office,
    `insert into subscriber_route (subscriber_id, route)
    select id, unnest(array['192.0.2.0/24 198.51.100.7 1', '=198.51.100.0/24']) from subscriber where username = '=cmd'`,
  )
  const [company] = await rowsOf(
    office,
    `insert into payer (owner_id, name, kind, currency) values ($1, '@ACME, Inc.', 'company', 'EUR') returning id`,
    [resellerId],
  )
  await set('village', 'payer_id = $2', [company!.id])
}

async function exported(format: FileFormat, names: readonly string[]): Promise<Buffer> {
  const columns = permittedColumns(names, author())
  const input = { filter: {}, columns, keyring: office.keyring }
  return withSubscribers(office.pool, input, everything, hours(1), async (table) => {
    const chunks: Buffer[] = []
    const file = format === 'csv' ? csvFile(table, { bom: true }) : xlsxFile(table)
    for await (const chunk of file) chunks.push(chunk)
    return Buffer.concat(chunks)
  })
}

async function imported(format: FileFormat, file: Buffer, options: Partial<ImportOptions> = {}) {
  const path = join(folder, `file.${format}`)
  await writeFile(path, file)
  const errors: ImportError[] = []
  const outcome = await runImport(
    office.db,
    {
      source: await sourceOfFile(path, format),
      options: { mode: 'create', partial: false, dryRun: false, ...options },
      by: author(),
      checkAttribute: () => undefined,
      errors: async (_db, found) => {
        errors.push(...found)
      },
    },
    hours(3),
  )
  return { ...outcome, found: errors }
}

async function empty(): Promise<void> {
  await sql`delete from subscriber`.execute(office.db)
  await sql`delete from payer where kind = 'own'`.execute(office.db)
}

const all = [...importColumns]

describe.each(['csv', 'xlsx'] as const)('an export as %s', (format) => {
  it('imports into an empty database as the same file, octet by octet', async () => {
    const first = await exported(format, all)
    await empty()
    expect(await imported(format, first)).toMatchObject({ kind: 'done', created: 8, found: [], errors: 0 })
    expect((await exported(format, all)).equals(first)).toBe(true)
  })

  it('changes nothing where all of it is there', async () => {
    const first = await exported(format, all)
    const outcome = await imported(format, first, { mode: 'upsert' })
    expect(outcome).toMatchObject({ kind: 'done', found: [], created: 0, updated: 0, unchanged: 8 })
    expect((await exported(format, all)).equals(first)).toBe(true)
  })

  it('without secrets brings all the rest back', async () => {
    const columns = [...defaultExportColumns, 'label', 'online', 'usage', 'balance', 'mac', 'id']
    const first = await exported(format, columns)
    const outcome = await imported(format, first, { mode: 'upsert' })
    expect(outcome).toMatchObject({ kind: 'done', found: [], unchanged: 8 })
    expect(outcome.notices.join()).toContain('label, online, usage, balance, live_mac, id')
  })
})

it('tells the truth about what was nasty', async () => {
  const file = (await exported('csv', all)).toString()
  expect(file).toContain('\uFEFFusername,password,nt_hash,plan')
  expect(file).toContain(`"'=cmd",`)
  expect(file).toContain(`''=quoted`)
  expect(file).toContain(`'+4930123456`)
  expect(file).toContain(`,-122.419415,`)
  const [row] = await rowsOf(office, `select * from subscriber where username = '=cmd'`)
  expect(row).toMatchObject({
    full_name: '=HYPERLINK(1)',
    address: '-1, Main "St"',
    latitude: 0.00001,
    activated_at: new Date('2026-01-02T03:04:05.678Z'),
    created_at: new Date('2019-12-31T23:59:59.999Z'),
    attributes: ['Reply-Message = "a; b"', 'Idle-Timeout = 60'],
    circuit_id: Buffer.from('0004000701', 'hex'),
  })
})
