// The command `simulate` as it is typed, in a process of its own, against a service in this one.

import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createKysely } from '../../src/db/pool.ts'
import type { Database, Db } from '../../src/db/schema.ts'
import { ownAuthor } from '../../src/domain/author.ts'
import { addClient } from '../../src/domain/client.ts'
import { addPlan } from '../../src/domain/plan.ts'
import { addSubscriber } from '../../src/domain/subscriber.ts'
import { readSessionRows } from '../../src/cli/ledger-rows.ts'
import { makeMac } from '../../src/cli/simulate.ts'
import { readLedgerFile } from '../../src/simulator/ledger-file.ts'
import { useDatabase } from '../support/database.ts'
import { startTestService } from '../support/service.ts'
import type { TestService } from '../support/service.ts'
import { programEnvironment } from '../support/program-environment.ts'

const secret = 'a secret of the simulation'
const password = 'made up for all'
const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

const database = useDatabase()
const directory = mkdtempSync(join(tmpdir(), 'gatehouse-simulate-'))
let service: TestService
let db: Db

beforeAll(async () => {
  service = await startTestService(database)
  db = createKysely<Database>(database.pool)
  const now = new Date()
  await addPlan(db, { name: 'Home', down: '50M', up: '20M', days: 30 }, () => undefined, now)
  for (let i = 1; i <= 6; i++) {
    await addSubscriber(
      db,
      { username: `line${i}`, password, plan: 'Home' },
      ownAuthor('system', 'test', service.keyring),
      now,
    )
  }
  await addClient(db, service.keyring, { name: 'named', address: '127.0.0.31', vendor: 'mikrotik', secret }, now)
  await addClient(db, service.keyring, { name: 'behind', address: '127.0.0.32/31', secret }, now)
  // Its own client: one that has seen signatures takes no unsigned request any more.
  await addClient(db, service.keyring, { name: 'unsigned', address: '127.0.0.34', vendor: 'accel-ppp', secret }, now)
  await service.refresh()
})
afterAll(async () => {
  await service.close()
  rmSync(directory, { recursive: true })
})

function lease(index: number) {
  return { username: `lease${index}`, plan: 'Home', accountType: 'ipoe', mac: makeMac(900 + index) }
}

type Result = { code: number | null; stdout: string; stderr: string }

function gatehouse(args: readonly string[], input = `${secret}\n${password}\n`): Promise<Result> {
  const env = {
    ...programEnvironment,
    DATABASE_URL: database.url,
    GATEHOUSE_DATA_DIR: directory,
    GATEHOUSE_AUTH_PORT: String(service.authPort),
    GATEHOUSE_ACCT_PORT: String(service.acctPort),
  }
  const child = spawn(process.execPath, [main, ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] })
  const result: Result = { code: null, stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => (result.stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (result.stderr += chunk.toString()))
  child.stdin.end(input)
  return new Promise((resolve) => child.on('close', (code) => resolve({ ...result, code })))
}

const quick = ['--secret-stdin', '--password-stdin', '--username-prefix', 'line', '--rounds', '3', '--pace', '20']

describe('gatehouse simulate', () => {
  it('dials by all methods through a bad network, and the comparison finds nothing', async () => {
    const ledger = join(directory, 'good.jsonl')
    const faults = ['--loss', '0.1', '--duplicate', '0.05', '--reorder', '0.05', '--seed', '7']
    const nases = ['--nas', '127.0.0.31', '127.0.0.32', '--reboot-at', '3', '--accounting-on', '--json']
    const played = await gatehouse(['simulate', ...quick, ...faults, ...nases, '--count', '6', '--ledger', ledger])
    expect(played).toMatchObject({ code: 0, stderr: '' })
    const summary = JSON.parse(played.stdout) as { dials: Record<string, number>; nases: { nas: string }[] }
    expect(summary.dials['online']).toBeGreaterThan(6)
    expect(summary.nases.map(({ nas }) => nas)).toEqual(['mikrotik-127.0.0.31', 'mikrotik-127.0.0.32'])
    const compared = await gatehouse(['simulate', 'compare', '--ledger', ledger])
    expect(compared).toEqual({ code: 0, stdout: '0 differences\n', stderr: '' })
  })

  it('tells of every difference and fails', async () => {
    const ledger = join(directory, 'planted.jsonl')
    const one = ['--nas', '127.0.0.34', '--vendor', 'accel-ppp', '--identifier', 'second', '--count', '2']
    const played = await gatehouse(['simulate', ...quick, ...one, '--method', 'pap', '--ledger', ledger])
    expect(played).toMatchObject({ code: 0, stderr: '' })
    expect(played.stdout).toContain('2 online')
    await database.pool.query(
      `update session set input_octets = input_octets + 1 where id = (select max(id) from session)`,
    )
    const compared = await gatehouse(['simulate', 'compare', '--ledger', ledger])
    expect(compared).toMatchObject({ code: 1, stderr: 'gatehouse: the database differs from the ledger\n' })
    expect(compared.stdout).toMatch(/^1 difference\nDIFFERENCE .*\ncounters .* in, .* out after/)
    const asJson = await gatehouse(['simulate', 'compare', '--ledger', ledger, '--json'])
    expect(JSON.parse(asJson.stdout)).toMatchObject({ differences: 1, list: [{ kind: 'counters', nas: 'second' }] })
  })

  it('renews leases of lines that have no password', async () => {
    const now = new Date()
    for (let i = 0; i < 2; i++) {
      await addSubscriber(db, lease(i), ownAuthor('system', 'test', service.keyring), now)
    }
    const file = join(directory, 'leases.csv')
    writeFileSync(file, `username,mac\nlease0,${makeMac(900)}\nlease1,${makeMac(901)}\n`)
    const ledger = join(directory, 'leases.jsonl')
    const args = ['--nas', '127.0.0.31', '--access', 'ipoe', '--secret-stdin', '--subscribers', file, '--renewal', '1']
    const played = await gatehouse(
      ['simulate', ...args, '--rounds', '3', '--pace', '20', '--churn', '0', '--ledger', ledger],
      secret,
    )
    expect(played).toMatchObject({ code: 0, stderr: '' })
    expect(played.stdout).toMatch(/dial-ins +2 online, 4 renewed/)
    const compared = await gatehouse(['simulate', 'compare', '--ledger', ledger])
    expect(compared).toEqual({ code: 0, stdout: '0 differences\n', stderr: '' })
  })

  it('reads subscribers from a file', async () => {
    const file = join(directory, 'subscribers.csv')
    writeFileSync(file, `username,password,mac\nline1,${password},\nline2,wrong,02:00:00:00:00:07\n`)
    const args = ['--nas', '127.0.0.31', '--secret-stdin', '--subscribers', file, '--rounds', '1', '--pace', '0']
    const played = await gatehouse(['simulate', ...args], secret)
    expect(played).toMatchObject({ code: 0, stderr: '' })
    expect(played.stdout).toMatch(/dial-ins +1 online, 1 rejected|dial-ins +1 rejected, 1 online/)
  })

  it.each<[string, string[], string]>([
    ['no secret', ['--nas', '127.0.0.31'], 'secret-stdin'],
    ['nobody to dial', ['--nas', '127.0.0.31', '--secret-stdin'], 'username-prefix'],
    ['no password', ['--nas', '127.0.0.31', '--secret-stdin', '--username-prefix', 'x'], 'password-stdin'],
    ['a share above one', ['--nas', '127.0.0.31', ...quick, '--loss', '2'], 'loss'],
    ['an unknown vendor', ['--nas', '127.0.0.31', ...quick, '--vendor', 'cisco'], 'vendor'],
    ['PPPoE on a NAS without', ['--nas', '127.0.0.31', ...quick, '--vendor', 'juniper', '--access', 'pppoe'], 'access'],
    ['an unknown behaviour', ['--nas', '127.0.0.31', ...quick, '--coa', 'dance'], 'coa'],
    ['a ledger that is not there', ['compare', '--ledger', '/nowhere/at/all'], 'ledger'],
  ])('is wrongly used with %s', async (_name, args, field) => {
    const result = await gatehouse(['simulate', ...args])
    expect(result.code).toBe(2)
    expect(result.stderr).toContain(field)
  })
})

describe('rows for a ledger', () => {
  it('come under the names of the ledger, whether the device has a name of its own or not', async () => {
    const state = await readLedgerFile(join(directory, 'good.jsonl'))
    const { rows, unknown } = await readSessionRows({ pool: database.pool, db }, state, new Date())
    expect(new Set(rows.map(({ nas }) => nas))).toEqual(new Set(['mikrotik-127.0.0.31', 'mikrotik-127.0.0.32']))
    expect(unknown).toEqual([])
    state.nases.set('x', { identifier: 'x', address: '10.9.9.9', vendor: 'mikrotik', since: 0, sessions: new Map() })
    expect((await readSessionRows({ pool: database.pool, db }, state, new Date())).unknown).toEqual(['x'])
  })

  it('are as long as the ledger says', () => {
    const lines = readFileSync(join(directory, 'good.jsonl'), 'utf8').trim().split('\n')
    expect(lines.length).toBeGreaterThan(50)
    expect(lines.join('\n')).not.toContain(password)
    expect(lines.join('\n')).not.toContain(secret)
  })
})

describe('makeMac', () => {
  it('is one MAC for each number', () => {
    expect([makeMac(0), makeMac(0x1234), makeMac(0xffffffff)]).toEqual([
      '02:5a:00:00:00:00',
      '02:5a:00:00:12:34',
      '02:5a:ff:ff:ff:ff',
    ])
  })
})
