// The end of retention over a clock: who is purged on which day, in which portions, and what a second instance or a changed mind
// makes of it.
import { beforeEach, describe, expect, it } from 'vitest'
import { purgeExpired } from '../../../src/domain/subscriber/retention.ts'
import { writeSetting } from '../../../src/domain/setting.ts'
import { jobs } from '../../../src/jobs/list.ts'
import { createLogger } from '../../../src/log.ts'
import { useApi } from '../../support/api.ts'
import { addMany } from '../../support/bulk.ts'
import { hours, noon } from '../../support/operator.ts'
import { queryRows, takeNamed } from '../../support/subscribers.ts'

const api = useApi()
const days = (count: number) => hours(24 * count)

beforeEach(async () => {
  await queryRows(api, `update subscriber set archived_at = null, purged_at = null, username_reserved = false`)
  await writeSetting(api.db, { name: 'deleted_retention_days', value: 10 }, noon)
})

let made = 0
/** Subscribers that were deleted at these instants. */
async function deleted(...at: Date[]): Promise<number[]> {
  made += 1
  const ids = (await addMany(api.pool, at.length, { name: `r${made}-` })).map(Number)
  for (const [index, id] of ids.entries()) {
    await takeNamed(api.db, { action: 'delete', ids: [id] }, api.author, at[index])
  }
  return ids
}
const purgedOf = async (ids: number[]): Promise<boolean[]> => {
  const rows = await queryRows(api, 'select purged_at from subscriber where id = any($1) order by id', [ids])
  return rows.map(({ purged_at: at }) => at !== null)
}
const run = (now: Date) => purgeExpired(api.db, api.keyring, now)

describe('retention', () => {
  it('purges each on its own day, not an hour before', async () => {
    const ids = await deleted(days(0), days(1), days(2))
    expect(await run(days(10))).toBe(0)
    expect(await run(hours(1, days(10)))).toBe(1)
    expect(await purgedOf(ids)).toEqual([true, false, false])
    expect(await run(hours(1, days(12)))).toBe(2)
    expect(await purgedOf(ids)).toEqual([true, true, true])
  })

  it('goes by the setting as it is at the run', async () => {
    const ids = await deleted(days(0))
    await writeSetting(api.db, { name: 'deleted_retention_days', value: 30 }, noon)
    expect(await run(days(29))).toBe(0)
    await writeSetting(api.db, { name: 'deleted_retention_days', value: 1 }, noon)
    expect(await run(days(2))).toBe(1)
    expect(await purgedOf(ids)).toEqual([true])
  })

  it('counts from the last deletion of who was restored in between', async () => {
    const [id] = await deleted(days(0))
    await takeNamed(api.db, { action: 'restore', ids: [id!] }, api.author, days(5))
    expect(await run(days(20))).toBe(0)
    await takeNamed(api.db, { action: 'delete', ids: [id!] }, api.author, days(20))
    expect(await run(days(29))).toBe(0)
    expect(await run(days(31))).toBe(1)
  })

  it('takes more than one portion', async () => {
    const ids = (await addMany(api.pool, 120, { name: 'many-' })).map(Number)
    await takeNamed(api.db, { action: 'delete', ids }, api.author, noon)
    expect(await run(days(11))).toBe(120)
    expect(new Set(await purgedOf(ids))).toEqual(new Set([true]))
    const [entries] = await queryRows(
      api,
      `select count(*)::int as n from audit_entry where action = 'subscriber.purge' and row_id = any($1)`,
      [ids],
    )
    expect(entries).toEqual({ n: 120 })
  })

  it('of two instances at once purges each once', async () => {
    const ids = await deleted(...Array.from({ length: 30 }, () => days(0)))
    await Promise.all([run(days(11)), run(days(11)), run(days(11))])
    expect(new Set(await purgedOf(ids))).toEqual(new Set([true]))
    const [entries] = await queryRows(
      api,
      `select count(*)::int as n from audit_entry where action = 'subscriber.purge' and row_id = any($1)`,
      [ids],
    )
    expect(entries).toEqual({ n: 30 })
  })

  it('leaves alone whom somebody restores in the same moment, or purges all of it', async () => {
    const ids = await deleted(...Array.from({ length: 10 }, () => days(0)))
    const [, ...restored] = await Promise.all([
      run(days(11)),
      ...ids.map((id) => takeNamed(api.db, { action: 'restore', ids: [id] }, api.author, days(11))),
    ])
    const rows = await queryRows(
      api,
      'select id, archived_at, purged_at, username from subscriber where id = any($1) order by id',
      [ids],
    )
    for (const [at, row] of rows.entries()) {
      const wasRestored = (restored[at] as { kind: string }[])[0]!.kind === 'done'
      const isPurged = row['purged_at'] !== null
      // Restored first: it is not deleted any more, and a purge that had chosen it must not take it.
      expect([row['username'] === `purged-${String(row['id'])}`, isPurged]).toEqual([isPurged, isPurged])
      expect(wasRestored && isPurged).toBe(false)
    }
  })

  it('is a job of every day that says how many', async () => {
    await deleted(days(0), days(0))
    const job = jobs.find(({ name }) => name === 'retention')!
    const log = createLogger({ level: 'silent', name: 'test' })
    const context = { pool: api.pool, db: api.db, keyring: api.keyring, now: days(11), zone: 'UTC', log }
    expect(job.cron).toBe('15 3 * * *')
    expect(await job.run(context)).toEqual({ purged: 2 })
    expect(await job.run(context)).toEqual({ purged: 0 })
  })
})
