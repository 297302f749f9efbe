// The drill of taking over is run as an operator runs it: of two instances on one database the first is stopped and the second is
// killed, while a subscriber logs in at the other (F69).
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { freeTcpPort, freeUdpPort } from '../../src/cli/free-port.ts'
import { systemClock } from '../../src/clock.ts'
import { createKysely } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { ownAuthor } from '../../src/domain/author.ts'
import { addClient } from '../../src/domain/client.ts'
import { openKeyring } from '../../src/domain/data-key.ts'
import { addSubscriber } from '../../src/domain/subscriber.ts'
import { serving } from '../support/cluster.ts'
import { useDatabase } from '../support/database.ts'
import { password, secret } from '../support/isp.ts'
import { makePlan } from '../support/operator.ts'
import { descendants, signalAll } from '../support/processes.ts'

const drill = new URL('../../drills/take-over.sh', import.meta.url).pathname
const main = new URL('../../src/main.ts', import.meta.url).pathname
const nas = '127.0.84.1'
const path = `${dirname(process.execPath)}:${process.env.PATH}`
const database = useDatabase()

type Instance = { authPort: number; acctPort: number; pid(): number; stop: string; kill: string; start: string }
let folder: string
const instances: Instance[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-drill-'))
  writeFileSync(join(folder, 'secret'), `${secret}\n`)
  writeFileSync(join(folder, 'password'), `${password}\n`)
  const db = createKysely<Database>(database.pool)
  const now = systemClock.now()
  const keyring = await openKeyring(database.pool, join(folder, 'gatehouse.key'), now)
  await makePlan({ db }, { name: 'Home' })
  await addSubscriber(db, { username: 'anna', plan: 'Home', password }, ownAuthor('system', 'test', keyring), now)
  await addClient(db, keyring, { name: 'drill', address: nas, secret }, now)
  for (const name of ['first', 'second']) instances.push(await makeInstance(name))
  await Promise.all(instances.map(({ start }) => run('sh', ['-c', start])))
  const client = { localAddress: nas, secret, patienceMs: 30_000 }
  await Promise.all(instances.map(({ authPort }) => serving({ ...client, port: authPort })))
}, 180_000)
afterAll(() => {
  for (const { pid } of instances) signalAll([...descendants(pid()), pid()], 'SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

/** The commands by which it is started and ended, as an operator's would be. */
async function makeInstance(name: string): Promise<Instance> {
  const [authPort, acctPort] = [await freeUdpPort(0), await freeUdpPort(0)]
  const file = join(folder, `${name}.pid`)
  const env = {
    DATABASE_URL: database.url,
    GATEHOUSE_DATA_DIR: join(folder, name),
    GATEHOUSE_KEY_FILE: join(folder, 'gatehouse.key'),
    GATEHOUSE_RADIUS_ADDRESSES: '127.0.0.1',
    GATEHOUSE_AUTH_PORT: authPort,
    GATEHOUSE_ACCT_PORT: acctPort,
    GATEHOUSE_HTTP_PORT: await freeTcpPort(0),
  }
  const variables = Object.entries(env).map(([variable, value]) => `${variable}='${value}'`)
  const log = join(folder, `${name}.log`)
  return {
    authPort,
    acctPort,
    pid: () => Number(readFileSync(file, 'utf8')),
    stop: `kill $(cat ${file}) && while kill -0 $(cat ${file}) 2>/dev/null; do sleep 0.05; done`,
    kill: `p=$(cat ${file}); kill -9 $p $(cat /proc/$p/task/$p/children)`,
    start: `env ${variables.join(' ')} '${process.execPath}' '${main}' serve >>${log} 2>&1 & echo $! >${file}`,
  }
}

function run(
  file: string,
  args: string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) =>
    execFile(file, args, { env: { PATH: path, NODE_ENV: 'test', TMPDIR: folder, ...env } }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    ),
  )
}

function runDrill(more: NodeJS.ProcessEnv = {}) {
  const [first, second] = instances as [Instance, Instance]
  return run(drill, [], {
    FIRST: '127.0.0.1',
    SECOND: '127.0.0.1',
    STOP_FIRST: first.stop,
    START_FIRST: first.start,
    KILL_SECOND: second.kill,
    START_SECOND: second.start,
    FIRST_AUTH_PORT: String(first.authPort),
    FIRST_ACCT_PORT: String(first.acctPort),
    SECOND_AUTH_PORT: String(second.authPort),
    SECOND_ACCT_PORT: String(second.acctPort),
    DRILL_NAS: nas,
    DRILL_SECRET_FILE: join(folder, 'secret'),
    DRILL_USERNAME: 'anna',
    DRILL_PASSWORD_FILE: join(folder, 'password'),
    DRILL_ROUNDS: '10',
    ...more,
  })
}

it('F69: either of two instances may be stopped or killed, and no login fails at the other', async () => {
  const ran = await runDrill()
  expect(ran, ran.stderr).toMatchObject({ code: 0, stderr: '' })
  expect(ran.stdout.split('\n').map((line) => line.replace(/^ *\d+s {2}/, ''))).toEqual([
    'both let the subscriber in',
    'the first was stopped: no login failed at the second',
    'the first serves again',
    'the second was killed: no login failed at the first',
    'either may go',
    '',
  ])
  // Everything that was begun was ended, at whichever of the two.
  const { rows } = await database.pool.query(
    'select count(*) filter (where ended_at is null)::int as open, count(*) > 10 as many from session',
  )
  expect(rows).toEqual([{ open: 0, many: true }])
}, 180_000)

it('says where the one that should be gone still answers', async () => {
  const ran = await runDrill({ STOP_FIRST: 'true', DRILL_ROUNDS: '2' })
  expect(ran.code).toBe(1)
  expect(ran.stderr).toContain('FAILED: the first still answers')
}, 180_000)
