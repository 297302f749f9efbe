import { expect, it } from 'vitest'
import { createKysely } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { listAlarms } from '../../src/domain/alarm.ts'
import { jobs } from '../../src/jobs/list.ts'
import { after, insertPlan, insertSession, insertSubscriber, noon } from '../support/access.ts'
import { silentLog, useDatabase } from '../support/database.ts'
import { leaseRows, makePool } from '../support/ip-pools.ts'
import { openTestKeyring } from '../support/keyring.ts'

const database = useDatabase()

it('R43: the job of address pools runs each minute: leases follow sessions, and two sessions with one address are told of', async () => {
  const { pool } = database
  const { keyring, remove } = await openTestKeyring(pool)
  const job = jobs.find(({ name }) => name === 'address-pools')!
  expect(job.cron).toBe('* * * * *')
  const run = (now: Date) =>
    job.run({ pool, db: createKysely<Database>(pool), keyring, now, zone: 'UTC', log: silentLog as never })
  const plan = await insertPlan(pool)
  const people = [1, 2].map((n) => insertSubscriber(pool, { username: `job${n}`, plan_id: plan }))
  const poolId = await makePool(pool, { name: 'home', ranges: ['10.0.0.1'] })
  const [one, two] = await Promise.all(people)
  const open = await insertSession(pool, { subscriber_id: one!, framed_ip: '10.0.0.1' })
  expect(await run(noon)).toEqual({ static: 0, used: 1, released: 0, conflicts: 0, alarms: 2 })
  const twice = await insertSession(pool, { subscriber_id: two!, framed_ip: '10.0.0.1', nas_id: 2 })
  expect(await run(after(60))).toMatchObject({ conflicts: 1 })
  expect((await listAlarms(pool)).map(({ kind }) => kind).toSorted()).toEqual([
    'address-conflict',
    'pool-filling',
    'pool-nearly-exhausted',
  ])
  await pool.query('update session set ended_at = $2 where id = any($1::bigint[])', [`{${open},${twice}}`, after(70)])
  expect(await run(after(120))).toEqual({ static: 0, used: 0, released: 1, conflicts: 0, alarms: 0 })
  // The setting says how long others wait.
  expect(await leaseRows(pool, poolId)).toMatchObject([{ until: 130, subscriber_id: one }])
  await run(after(131))
  expect(await listAlarms(pool)).toEqual([])
  remove()
})
