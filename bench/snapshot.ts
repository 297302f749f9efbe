// `npm run bench -- snapshot`: what the last-known snapshot costs: memory a subscriber, the first load and how long it keeps the
// packets of its process waiting, a look at the change log, the file, and a login decided from it.

import * as fs from 'node:fs'
import * as path from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createFollower } from '../src/aaa/snapshot/follower.ts'
import { knowNothing, snapshotFile, startSnapshot } from '../src/aaa/snapshot/snapshot.ts'
import { systemClock } from '../src/clock.ts'
import { createPool } from '../src/db/pool.ts'
import { openKeyring } from '../src/domain/data-key.ts'
import { createMetrics } from '../src/metrics.ts'
import { openCrowd } from './crowd.ts'
import type { Undo } from './crowd.ts'
import { readOptions } from './options.ts'

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
const asked = 20_000

/** Runs it and prints its figures. `undo` takes what must be ended when it is interrupted. */
export async function benchSnapshot(undo: Undo): Promise<void> {
  const { subscribers: count, keep } = readOptions({ subscribers: 200_000, keep: String })
  const crowd = await openCrowd(count, keep, undo)
  const pool = createPool(crowd.url, { name: 'bench snapshot', max: 1, role: 'gatehouse_service', hotPath: true })
  undo.push(() => pool.end())
  // The crowd has no passwords; sealed ones are so long.
  await crowd.pool.query(`insert into credential (subscriber_id, kind, secret)
    select id, 'clear', substr(decode(repeat(md5(id::text), 3), 'hex'), 1, 43) from subscriber on conflict do nothing`)
  await crowd.pool.query('vacuum analyze')
  const follower = createFollower({ pool, clock: systemClock, signal: new AbortController().signal }, knowNothing())
  await timed('first load', () => follower.look())
  const { subscribers, octets } = follower.known().store.size()
  print(`${subscribers} subscribers in ${octets} octets`, `${(octets / subscribers).toFixed(0)} octets each`)
  await timed('look, nothing changed', () => follower.look())
  await crowd.pool.query('update subscriber set auto_renew = not auto_renew where id <= 10000')
  await timed('look, 10,000 changed', () => follower.look())

  const directory = path.join(crowd.folder, 'state')
  fs.mkdirSync(directory, { recursive: true })
  const keyring = await openKeyring(crowd.pool, path.join(crowd.folder, 'gatehouse.key'), systemClock.now())
  const options = { pool, keyring, directory, clock: systemClock, log: silent, metrics: createMetrics() }
  const snapshot = await startSnapshot({ ...options, kept: follower.known() })
  await snapshot.refresh()
  await timed('file written', () => snapshot.write())
  print('file', `${(fs.statSync(snapshotFile(directory, 1)).size / subscribers).toFixed(0)} octets each`)
  await snapshot.close()
  const again = await startSnapshot(options)
  await timed('file read, and a look', () => again.refresh())
  const { rows } = await crowd.pool.query<{ username: string }>('select username from subscriber limit $1', [asked])
  const begun = performance.now()
  const place = { line: undefined, nasGroupId: 1n, addressSpaceId: 1n }
  const found = rows.filter(({ username }) => again.subject({ username, ...place }) !== undefined)
  print(
    `${found.length} of ${rows.length} logins found`,
    `${(((performance.now() - begun) / asked) * 1000).toFixed(1)} µs each`,
  )
  await again.close()
}

/** How long it took, and how long nothing else of this process had its turn meanwhile. */
async function timed(name: string, work: () => Promise<unknown>): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const [begun, cpu] = [performance.now(), process.cpuUsage()]
  await work()
  const { user, system } = process.cpuUsage(cpu)
  delay.disable()
  const waits = `waits p99 ${(delay.percentile(99) / 1e6).toFixed(1)} ms, most ${(delay.max / 1e6).toFixed(1)} ms`
  print(
    name,
    `${((performance.now() - begun) / 1000).toFixed(2)} s, CPU ${((user + system) / 1e6).toFixed(2)} s, ${waits}`,
  )
}

function print(name: string, figure: string): void {
  process.stdout.write(`${name}: ${figure}\n`)
}
