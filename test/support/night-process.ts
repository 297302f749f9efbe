// A process that runs the renewals of a night, for tests that kill or stop it. Arguments: database, key file, fail points,
// length of the lease. Says `begun` when it runs, and ends when the run has ended.

import { createKysely, createPool } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { openKeyring } from '../../src/domain/data-key.ts'
import { armFailPoints } from '../../src/fail-points.ts'
import { renewalTime, startNight } from './night.ts'

const [url, keyFile, failPoints, leaseMs] = process.argv.slice(2) as [string, string, string, string]
const pool = createPool(url, { name: 'gatehouse test night', max: 4 })
const keyring = await openKeyring(pool, keyFile, renewalTime)
if (failPoints !== '') armFailPoints(failPoints)
const office = { pool, db: createKysely<Database>(pool), keyring }
const { runner } = startNight(office, { instance: 'child', leaseMs: Number(leaseMs) })
process.send?.('begun')
await runner.tick()
await runner.close()
await pool.end()
process.disconnect?.()
