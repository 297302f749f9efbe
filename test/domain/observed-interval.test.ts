import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Nas } from '../../src/domain/nas.ts'
import { observeIntervals } from '../../src/domain/observed-interval.ts'
import { at, makeNas, makeSession, recordEach } from '../support/accounting.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()

async function listened(...stretches: [number, number][]): Promise<void> {
  await database.pool.query('delete from listening')
  for (const [from, to] of stretches) {
    await database.pool.query(`insert into listening values ('a', $1, $2)`, [at(from), at(to)])
  }
}

/** A session whose Interims came every `seconds`, `count` of them. */
async function report(nas: Nas, seconds: number, count: number, changes = ''): Promise<void> {
  const session = makeSession({ nas })
  const { sessionId } = await recordEach(database.pool, session.start(), session.interim(seconds * count))
  await database.pool.query(`update session set interims = $2 ${changes} where id = $1`, [sessionId, count])
}

const observe = (seconds = 20_000) => observeIntervals(database.pool, at(seconds))

async function intervalOf(nas: Nas): Promise<number | null> {
  const { rows } = await database.pool.query<{ observed_interval_s: number | null }>(
    'select observed_interval_s from nas where id = $1',
    [nas.id],
  )
  return rows[0]!.observed_interval_s
}

beforeEach(() => listened([-3600, 86_400]))
afterEach(() => database.pool.query('delete from session'))

it('is the median over the sessions of the NAS that have two Interims', async () => {
  const { pool } = database
  const [nas, other, silent] = [await makeNas(pool), await makeNas(pool), await makeNas(pool)]
  for (const seconds of [298, 300, 2000]) await report(nas, seconds, 4)
  await report(nas, 10, 1)
  await report(other, 60, 2)
  await report(silent, 60, 1)
  expect(await observe()).toBe(2)
  expect([await intervalOf(nas), await intervalOf(other), await intervalOf(silent)]).toEqual([300, 60, null])
})

it('is written only where it moved by more than a twentieth', async () => {
  const nas = await makeNas(database.pool)
  await report(nas, 300, 4)
  expect(await observe()).toBe(1)
  expect(await observe()).toBe(0)
  await database.pool.query('update session set session_time = 4 * 314')
  expect(await observe()).toBe(0)
  await database.pool.query('update session set session_time = 4 * 320')
  expect(await observe()).toBe(1)
  expect(await intervalOf(nas)).toBe(320)
})

it('leaves out services, sessions that are over, and those that were under way when first heard of', async () => {
  const nas = await makeNas(database.pool)
  await report(nas, 600, 9, ", service = 'voice'")
  await report(nas, 600, 9, ', ended_at = updated_at')
  await report(nas, 600, 9, ', start_seen = false')
  expect(await observe()).toBe(0)
})

it('takes out the time in which we did not listen: its Interims are missing here', async () => {
  const nas = await makeNas(database.pool)
  await listened([-3600, 600], [4200, 86_400])
  // Two Interims before the outage, and two after it; those in between are lost.
  const session = makeSession({ nas })
  const { sessionId } = await recordEach(database.pool, session.start(), session.interim(4800))
  await database.pool.query('update session set interims = 4 where id = $1', [sessionId])
  await observe()
  expect(await intervalOf(nas)).toBe(300)
})
