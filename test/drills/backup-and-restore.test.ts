// The drill of backup and restore is run as an operator runs it, against Debian's PostgreSQL 15, from one server to another (F78).
import { execFile } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freeTcpPort, freeUdpPort } from '../../src/cli/free-port.ts'
import { createKeyFile } from '../../src/crypto/key-file.ts'
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/db/embedded.ts'
import { migrate } from '../../src/db/migrate.ts'
import { createKysely, createPool } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { addClient } from '../../src/domain/client.ts'
import { ownAuthor } from '../../src/domain/author.ts'
import { openKeyring } from '../../src/domain/data-key.ts'
import { addSubscriber } from '../../src/domain/subscriber.ts'
import { runAsAdministrator, silentLog } from '../support/database.ts'
import { makePlan } from '../support/operator.ts'
import { hasTools, postgresPrograms, provideTools } from '../support/tools.ts'
import { programEnvironment } from '../support/program-environment.ts'

const drill = new URL('../../drills/backup-and-restore.sh', import.meta.url).pathname
const now = new Date('2026-11-22T12:00:00Z')
const password = 'Of-Anna-4711'

describe.runIf(hasTools('postgres'))('the drill of backup and restore', () => {
  let folder: string
  const servers: EmbeddedPostgres[] = []
  let env: NodeJS.ProcessEnv
  let keyCopy: string

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-drill-'))
    // Programs before Postgres 16 cannot be started inside a closed folder.
    chmodSync(folder, 0o711)
    const binaries = await postgresPrograms()
    const tools = await provideTools('postgres')
    for (const name of ['in-use', 'other']) {
      const dataDirectory = join(folder, name)
      mkdirSync(dataDirectory)
      chmodSync(dataDirectory, 0o711)
      const options = { dataDirectory, durable: false, log: silentLog, binaries, watch: false }
      servers.push(await startEmbeddedPostgres(options))
    }
    const keyFile = join(folder, 'gatehouse.key')
    await fillBooks(servers[0]!.url, keyFile)
    keyCopy = join(folder, 'copy-of-the-key')
    copyFileSync(keyFile, keyCopy)
    writeFileSync(join(folder, 'password'), `${password}\n`)
    env = {
      ...programEnvironment,
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      NODE_ENV: 'test',
      TMPDIR: folder,
      ...tools.env,
      POSTGRES_BIN: tools.file('usr/lib/postgresql/15/bin'),
      DATABASE_URL: servers[0]!.url,
      RESTORE_URL: servers[1]!.url,
      // Of the service in use, which has that port.
      GATEHOUSE_RADSEC_CERT: join(folder, 'radsec.pem'),
      GATEHOUSE_RADSEC_KEY: join(folder, 'radsec.key'),
      KEY_COPY: keyCopy,
      DRILL_USERNAME: 'anna',
      DRILL_PASSWORD_FILE: join(folder, 'password'),
      DRILL_AUTH_PORT: String(await freeUdpPort(0)),
      DRILL_ACCT_PORT: String(await freeUdpPort(0)),
      DRILL_HTTP_PORT: String(await freeTcpPort(0)),
    }
  }, 120_000)
  afterAll(async () => {
    for (const server of servers) await server.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('F78: shows that the backup serves with the key file that is kept apart, and not without it', async () => {
    const ran = await run({})
    expect(ran, ran.stderr).toMatchObject({ code: 0 })
    const said = ran.stdout.split('\n').map((line) => line.replace(/^ *\d+s {2}/, ''))
    expect(said.slice(1)).toEqual([
      'the dump holds neither the key nor the password',
      'restored: 1 subscribers, 0 sessions',
      'without the key file the start is refused',
      'with the copy of the key file it serves',
      'anna logs in, and its accounting is answered',
      'the backup is good',
      '',
    ])
    // The copy has the session of the drill and was made unable to order anything; the books in use have and lost nothing.
    const copy = createPool(servers[1]!.url, { name: 'test', max: 1 })
    const books = createPool(servers[0]!.url, { name: 'test', max: 1 })
    const count = `select (select count(*)::int from session) as sessions, (select count(*)::int from webhook where enabled) as hooks`
    expect((await copy.query(count)).rows).toEqual([{ sessions: 1, hooks: 0 }])
    expect((await books.query(count)).rows).toEqual([{ sessions: 0, hooks: 1 }])
    await Promise.all([copy.end(), books.end()])
    expect(readdirSync(folder).filter((name) => name.startsWith('tmp.'))).toEqual([])
  }, 240_000)

  it('fails where the copy of the key is another one, in words, and leaves nothing running', async () => {
    await runAsAdministrator(servers[1]!.url, 'create database second_drill template template0')
    const other = join(folder, 'another-key')
    createKeyFile(other)
    const restoreUrl = new URL('/second_drill', servers[1]!.url).href
    const ran = await run({ KEY_COPY: other, RESTORE_URL: restoreUrl })
    expect(ran.code).toBe(1)
    expect(ran.stderr).toContain('is not the one that this database was sealed with')
    expect(existsSync(other)).toBe(true)
  }, 240_000)

  it('touches no database that holds something', async () => {
    const ran = await run({ RESTORE_URL: servers[0]!.url })
    expect(ran).toMatchObject({ code: 1, stdout: '' })
    expect(ran.stderr).toContain('FAILED: RESTORE_URL is not an empty database')
  }, 60_000)

  function run(more: NodeJS.ProcessEnv): Promise<{ code: number; stdout: string; stderr: string }> {
    return new Promise((resolve) => {
      execFile(drill, { env: { ...env, ...more } }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
        resolve({ code, stdout, stderr })
      })
    })
  }
})

async function fillBooks(url: string, keyFile: string): Promise<void> {
  await migrate(url)
  const pool = createPool(url, { name: 'test', max: 2 })
  const db = createKysely<Database>(pool)
  const keyring = await openKeyring(pool, keyFile, now)
  const by = ownAuthor('system', 'test', keyring)
  await makePlan({ db }, { name: 'Home' })
  await addSubscriber(db, { username: 'anna', plan: 'Home', password }, by, now)
  await addClient(db, keyring, { name: 'bras', address: '192.0.2.1', secret: 'Of-The-Bras-x9-4711' }, now)
  await pool.query(
    `insert into webhook (name, url, events, secret, created_at) values ('shop', 'https://shop.example/', '{*}', '\\x00', $1)`,
    [now],
  )
  await pool.end()
}
