// The command line as a shell sees it: arguments and standard input in, text and an exit code out.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { useDatabase } from '../support/database.ts'
import { programEnvironment } from '../support/program-environment.ts'

const database = useDatabase()
const directory = mkdtempSync(join(tmpdir(), 'gatehouse-cli-'))
const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

type Ended = { code: number | null; stdout: string; stderr: string }

function run(args: string[], input = '', changes: Record<string, string> = {}): Promise<Ended> {
  const env = {
    ...programEnvironment,
    DATABASE_URL: database.url,
    GATEHOUSE_DATA_DIR: directory,
    GATEHOUSE_KEY_FILE: join(directory, 'key'),
    ...changes,
  }
  const child = spawn(process.execPath, [main, ...args], { env })
  const ended: Ended = { code: null, stdout: '', stderr: '' }
  child.stdout.on('data', (data) => (ended.stdout += String(data)))
  child.stderr.on('data', (data) => (ended.stderr += String(data)))
  // A command that fails before it reads leaves the pipe closed.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  return new Promise((resolve) => child.on('close', (code) => resolve({ ...ended, code })))
}

async function json(args: string[], input = ''): Promise<unknown> {
  const { code, stdout, stderr } = await run([...args, '--json'], input)
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`)
  return JSON.parse(stdout)
}

// Each command is a process of its own: on a busy machine a story of twenty takes its time.
describe('the command line', { timeout: 120_000 }, () => {
  it('sets up an ISP, from the first client to the first block', async () => {
    const made = await run(['client', 'add', '--name', 'bng1', '--address', '192.0.2.1', '--vendor', 'mikrotik'])
    expect(made).toMatchObject({ code: 0, stderr: '' })
    expect(made.stdout).toMatch(
      /^client bng1 \(192\.0\.2\.1\/32\) added with its NAS \(mikrotik\)\nsecret: [a-zA-Z2-9]{24} {3}\(shown only now\)\n$/,
    )
    const brought = await run(
      ['client', 'add', '--name', 'site', '--address', '10.0.0.0/8', '--secret-stdin'],
      'k7Gq2mZ9xP4w\n',
    )
    expect(brought).toEqual({
      code: 0,
      stdout: 'client site (10.0.0.0/8) added\n',
      stderr: 'warning: the secret has under 16 characters (RFC 2865 §3)\n',
    })
    expect(
      await json([
        'nas',
        'add',
        '--client',
        'site',
        '--name',
        'bng2',
        '--vendor',
        'accel-ppp',
        '--identifier',
        'b2',
        '--attribute',
        'Filter-Id = x',
      ]),
    ).toMatchObject({ name: 'bng2' })
    expect(await json(['nas', 'list'])).toMatchObject([
      { name: 'bng1', client: 'bng1' },
      { name: 'bng2', identifier: 'b2', coa_port: 3799 },
    ])
    await json([
      'plan',
      'add',
      '--name',
      'Home',
      '--down',
      '50M',
      '--up',
      '20M',
      '--days',
      '30',
      '--price',
      '20.00',
      '--quota',
      '100G',
      '--uncut-days',
      '6,7',
    ])
    expect(await json(['plan', 'list'])).toMatchObject([
      {
        name: 'Home',
        down_bps: 50_000_000,
        price: '20.00',
        currency: 'EUR',
        quota_octets: '100000000000',
        no_cut_days: [6, 7],
      },
    ])
    const added = await json(['subscriber', 'add', '--username', 'Anna', '--plan', 'Home', '--expires', '2099-01-31'])
    expect(added).toMatchObject({ username: 'anna', password: expect.stringMatching(/^[a-zA-Z2-9]{12}$/) as string })
    const own = await run(['subscriber', 'add', '--username', 'ben', '--plan', 'Home', '--password-stdin'], 'p w\r\n')
    expect(own).toEqual({ code: 0, stdout: 'subscriber ben added\n', stderr: '' })
    expect(await json(['subscriber', 'block', 'anna', '--reason', 'unpaid'])).toEqual({
      kind: 'blocked',
      username: 'anna',
      wish: 'disconnect',
      sessions: 0,
    })
    expect(await json(['subscriber', 'show', 'ANNA'])).toMatchObject({
      label: 'blocked',
      block_reason: 'unpaid',
      expires_at: '2099-02-01T00:00:00.000Z',
      balance: '0.00',
      currency: 'EUR',
      online: false,
    })
    expect(await json(['sessions', '--online'])).toEqual([])
    expect(await json(['why', 'anna'])).toMatchObject({
      username: 'anna',
      subscriber: { label: 'blocked' },
      decisions: [],
    })
    expect(await json(['setting', 'set', 'zone', 'Europe/Berlin'])).toEqual({ name: 'zone', value: 'Europe/Berlin' })
  })

  it('imports a file, or tells every bad row', async () => {
    const file = join(directory, 'subscribers.csv')
    writeFileSync(file, 'username,password,plan\nann,,Home\nbea,x,Nope\n')
    const refused = await run(['subscriber', 'import', file])
    expect(refused).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'line 2, password: is empty, and so is nt_hash: one of them is needed\n' +
        'line 3, plan: there is no plan "Nope"\n' +
        'gatehouse: nothing was imported: 2 errors\n',
    })
    const done = await run(['subscriber', 'import', '-', '--json'], 'username,password,plan\nann,x,Home\n')
    expect(JSON.parse(done.stdout)).toMatchObject({ kind: 'imported', subscribers: 1 })
    for (const unreadable of [join(directory, 'missing.csv'), directory])
      expect(await run(['subscriber', 'import', unreadable])).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('file: ') as string,
      })
  })

  it.each([
    [[], 'Usage: gatehouse'],
    [['nonsense'], "gatehouse: unknown command 'nonsense'"],
    [['client', 'add', '--name', 'x'], "gatehouse: required option '--address <address>' not specified"],
    [
      ['client', 'add', '--name', 'x', '--address', '0.0.0.0/0'],
      'gatehouse: address: the whole internet cannot be a client',
    ],
    [
      ['plan', 'add', '--name', 'x', '--down', 'fast', '--up', '1M', '--days', '1'],
      'gatehouse: down-bps: "fast" is not a rate',
    ],
    [['setting', 'set', 'zone', 'Mars'], 'gatehouse: zone: is not a time zone'],
  ])('%j is wrong use: 2', async (args, message) => {
    const ended = await run(args)
    expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code: 2, stdout: '' })
    expect(ended.stderr).toContain(message)
  })

  it('refuses a weak secret without repeating it', async () => {
    const ended = await run(
      ['client', 'add', '--name', 'weak', '--address', '198.51.100.1', '--secret-stdin'],
      'testing123',
    )
    expect(ended).toEqual({
      code: 2,
      stdout: '',
      stderr: 'gatehouse: secret: is well known; --allow-weak-secret takes it all the same\n',
    })
  })

  it('ends with 1 and one line where it could not be done', async () => {
    expect(await run(['subscriber', 'show', 'nobody'])).toEqual({
      code: 1,
      stdout: '',
      stderr: 'gatehouse: there is no subscriber "nobody"\n',
    })
    const away = await run(['client', 'list'], '', { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' })
    expect(away).toMatchObject({ code: 1, stdout: '' })
    expect(away.stderr).toMatch(/^gatehouse: the database cannot be asked: .*ECONNREFUSED.*\n$/)
    const lost = await run(['subscriber', 'set-password', 'ben'], '', {
      GATEHOUSE_KEY_FILE: join(directory, 'other-key'),
    })
    expect(lost).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('is missing') as string })
  })

  it('names every bad variable at once: 2', async () => {
    const ended = await run(['client', 'list'], '', { GATEHOUSE_AUTH_PORT: 'x', GATEHOUSE_NONSENSE: '1' })
    expect(ended.code).toBe(2)
    expect(ended.stderr).toContain('GATEHOUSE_AUTH_PORT')
    expect(ended.stderr).toContain('GATEHOUSE_NONSENSE')
  })
})
