// What a router says beside what its packets said: a Stop that was lost, a session that we closed too early, and a subscriber that
// was blocked while nobody could tell the router. A MikroTik on a loopback address with its management side beside it.
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { systemClock, type Clock } from '../../src/clock.ts'
import { ownAuthor } from '../../src/domain/author.ts'
import { changeNasSettings } from '../../src/domain/nas-settings.ts'
import { setRouter } from '../../src/domain/nas-router.ts'
import { askRegularRuns, askRun, listRuns, readRun } from '../../src/domain/router-run.ts'
import { everything } from '../../src/domain/scope.ts'
import { block } from '../../src/domain/subscriber-action/block.ts'
import { takeByUsername } from '../../src/domain/subscriber-action/by-username.ts'
import { followNotifications } from '../../src/jobs/notifications.ts'
import { routerRunWorker } from '../../src/jobs/router-runs.ts'
import { startWorkers } from '../../src/jobs/workers.ts'
import type { NasSession } from '../../src/simulator/nas-session.ts'
import type { SimulatedNas } from '../../src/simulator/nas.ts'
import { silentLog, useDatabase } from '../support/database.ts'
import { startFakeRouter, type FakeRouter, type FakeRow } from '../support/fake-router.ts'
import { openIsp, sessionRows, type Isp } from '../support/isp.ts'

const database = useDatabase()
let isp: Isp
let mikrotik: SimulatedNas
let router: FakeRouter
let closeWorker: () => Promise<void>
const now = (): Date => systemClock.now()
/** Twenty minutes ahead: to who compares, the last records came long ago. */
const later: Clock = { ...systemClock, now: () => new Date(systemClock.now().getTime() + 1_200_000) }
const author = () => ownAuthor('system', 'test', isp.service.keyring)

beforeAll(async () => {
  isp = await openIsp(database)
  mikrotik = await isp.nas('bras-1', '127.0.0.71')
  await isp.plan()
  router = await startFakeRouter({ '/ppp/active': [], '/ip/dhcp-server/lease': [], '/ip/hotspot/active': [] })
  const { host, restPort: port, user: userName, password, fingerprint: pin } = router
  await setRouter(isp.db, { name: 'bras-1', backend: 'rest', host, port, userName, password, pin }, author(), now())
  await changeNasSettings(isp.db, 'bras-1', { reconcile: 'mend' })
  const notifications = followNotifications({ pool: isp.pool, log: silentLog as never })
  const context = {
    pool: isp.pool,
    db: isp.db,
    keyring: isp.service.keyring,
    clock: later,
    log: silentLog as never,
  }
  const more = { listen: notifications.listen, instance: 'test', fileDirectory: '' }
  const worker = startWorkers({ ...context, ...more }, [routerRunWorker()])
  closeWorker = async () => {
    await worker.close()
    await notifications.close()
  }
})
afterAll(async () => {
  await closeWorker()
  await router.close()
  await isp.close()
})
afterEach(() => router.tables.set('/ppp/active', []))

async function online(username: string): Promise<NasSession> {
  await isp.subscriber(username)
  const outcome = await mikrotik.dial(isp.dial(username))
  if (outcome.kind !== 'online') throw new Error(`${username} was not let in: ${JSON.stringify(outcome)}`)
  expect(await outcome.started).toBe(true)
  return outcome.session
}

const rowOf = (username: string, session: NasSession): FakeRow => ({
  '.id': '*8000001',
  name: username,
  'caller-id': 'D4:CA:6D:01:02:03',
  'session-id': `0x${session.acctSessionId.toUpperCase()}`,
  uptime: '20m',
  radius: 'true',
})

/** On a machine where much else runs. */
const patience = { timeout: 20_000 }

/** Compares, and gives the result. */
async function reconcile(): Promise<Record<string, unknown>> {
  const { id } = await askRun(isp.db, { nas: 'bras-1', kind: 'reconcile' }, author(), now())
  await vi.waitFor(async () => expect(await readRun(isp.db, id, everything)).toMatchObject({ state: 'done' }), patience)
  return (await readRun(isp.db, id, everything)).result as Record<string, unknown>
}
const stateOf = async (username: string) => {
  const rows = (await sessionRows(isp.pool)).filter((row) => row.username === username)
  return rows.map(({ endedBy }) => endedBy)
}

describe('a router and our books', () => {
  it('agree about who is online', async () => {
    const session = await online('anna')
    router.tables.set('/ppp/active', [rowOf('anna', session)])
    expect(await reconcile()).toMatchObject({ on_router: { ppp: 1 }, gone_count: 0, zombie_count: 0 })
    await mikrotik.stop(session, 'User-Request')
  })

  it('a session whose Stop was lost ends, and its subscriber is no longer shown online', async () => {
    const session = await online('ben')
    expect(await reconcile()).toMatchObject({ mode: 'mend', gone_count: 1, ended_count: 1 })
    expect(await stateOf('ben')).toEqual(['stale'])
    // It was only late: what the NAS says itself counts.
    await mikrotik.stop(session, 'User-Request')
    expect(await stateOf('ben')).toEqual(['stop'])
  })

  it('a session that was closed too early opens again with its next Interim', async () => {
    const session = await online('carla')
    expect(await reconcile()).toMatchObject({ ended_count: 1 })
    expect(await stateOf('carla')).toEqual(['stale'])
    // One of a later second: Event-Timestamp has no parts of it.
    await vi.waitFor(async () => {
      mikrotik.pass(session, 300)
      expect(await mikrotik.interim(session)).toBe(true)
      expect(await stateOf('carla')).toEqual([undefined])
    }, patience)
    router.tables.set('/ppp/active', [rowOf('carla', session)])
    expect(await reconcile()).toMatchObject({ gone_count: 0, zombie_count: 0 })
    await mikrotik.stop(session, 'User-Request')
  })

  it('who was blocked and is on the router without a session of ours is ended there', async () => {
    const session = await online('dora')
    await mikrotik.stop(session, 'User-Request')
    router.tables.set('/ppp/active', [rowOf('dora', session)])
    expect(await reconcile()).toMatchObject({ zombie_count: 1, removed_count: 0 })
    await takeByUsername(isp.db, block, { username: 'dora', params: { reason: 'unpaid' } }, author(), now())
    expect(await reconcile()).toMatchObject({ zombie_count: 1, removed_count: 1 })
    expect(router.tables.get('/ppp/active')).toEqual([])
  })

  it('are compared again by themselves, and what came of it stays to be seen', async () => {
    const [{ id }] = (await isp.pool.query<{ id: bigint }>(`select id from nas where name = 'bras-1'`)).rows as [
      { id: bigint },
    ]
    const asked = { kind: 'reconcile', nasIds: [id], author: 'reconcile', spreadMs: 0 } as const
    expect(await askRegularRuns(isp.pool, asked, now())).toBe(1)
    const last = async () => (await listRuns(isp.db, { nas: 'bras-1', kind: 'reconcile', limit: 1 }, everything))[0]!
    const done = { state: 'done', author_kind: 'system', author_name: 'reconcile' }
    await vi.waitFor(async () => expect(await last()).toMatchObject(done), patience)
  })
})
