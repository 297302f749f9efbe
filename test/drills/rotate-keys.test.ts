// The drill of replacing keys is run as an operator runs it, on a service under load: no login fails meanwhile (S04, S05).
import { execFile } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openKeyring } from '../../src/domain/data-key.ts'
import { openWorld, tryLogins, guests, type FaultWorld } from '../support/fault-world.ts'
import { systemClock } from '../../src/clock.ts'
import { serving } from '../support/cluster.ts'
import { secret } from '../support/isp.ts'
import { programEnvironment } from '../support/program-environment.ts'

const drill = new URL('../../drills/rotate-keys.sh', import.meta.url).pathname
let world: FaultWorld

beforeAll(async () => {
  world = await openWorld({ seed: 'rotate-keys', network: 83, subscribers: 5, others: guests(10) })
}, 120_000)
afterAll(() => world.close(), 60_000)

it('S04, S05: new key file and new data key under load: no login fails, nothing is restarted, nothing is left under the old', async () => {
  const { service, postgres } = world
  const before = new Set(service.pids())
  const running = promisify(execFile)(drill, {
    env: {
      ...programEnvironment,
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      NODE_ENV: 'test',
      DATABASE_URL: postgres.url,
      GATEHOUSE_DATA_DIR: service.directory,
      GATEHOUSE_KEY_FILE: service.keyFile,
      DRILL_NOTICE: '5',
    },
  })
  const drillIs = { over: false }
  const ended = running.finally(() => (drillIs.over = true))
  const tallies = []
  while (!drillIs.over) tallies.push(await tryLogins(world, { perSecond: 20, seconds: 2, guests: 10 }))
  const { stdout } = await ended
  expect(stdout).toContain('keys are replaced')
  tallies.push(await tryLogins(world, { perSecond: 20, seconds: 2, guests: 10 }))
  for (const { right, wrong, unknown } of tallies) {
    expect([right.rejected, right.timeout, right['wrong-proof']]).toEqual([0, 0, 0])
    expect(right.online).toBeGreaterThan(0)
    expect([wrong.online, unknown.online]).toEqual([0, 0])
  }
  expect(new Set(service.pids())).toEqual(before)
  expect(service.said.filter(({ level }) => level === 'error')).toEqual([])

  // The new key file alone opens everything, also after a start.
  for (const name of readdirSync(dirname(service.keyFile))) {
    if (name.startsWith('gatehouse.key.old-')) rmSync(join(dirname(service.keyFile), name))
  }
  const keyring = await openKeyring(postgres.pool, service.keyFile, systemClock.now())
  expect([keyring.firstId, keyring.currentId]).toEqual([1, 2])
  await service.stop()
  // Without Postgres too: what was last known is kept under the new key file.
  await postgres.kill()
  const starting = service.start()
  await serving({ port: service.authPort, localAddress: world.fleet.localAddress, secret, patienceMs: 30_000 })
  const kept = await tryLogins(world, { perSecond: 10, seconds: 1, guests: 10 })
  expect([kept.right.rejected, kept.wrong.online]).toEqual([0, 0])
  expect(kept.right.online).toBeGreaterThan(0)
  await postgres.start()
  await starting
  expect(await world.settle()).toBeGreaterThanOrEqual(0)
}, 240_000)
