import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createKysely } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { listenedSeconds } from '../../src/domain/listening.ts'
import { changeNasSettings } from '../../src/domain/nas-settings.ts'
import { endReplacedSessions } from '../../src/domain/session-end.ts'
import { endStaleSessions } from '../../src/domain/stale-session.ts'
import { at, makeNas, makeSession, makeSubscriber, onlyRow, recordEach, usageOf } from '../support/accounting.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()

/** We listened in these stretches, in seconds after noon. */
async function listened(...stretches: [number, number][]): Promise<void> {
  await database.pool.query('delete from listening')
  for (const [from, to] of stretches) {
    await database.pool.query(`insert into listening values ('a', $1, $2)`, [at(from), at(to)])
  }
}

const sweep = (seconds: number) => endStaleSessions(database.pool, { defaultIntervalS: 600 }, at(seconds))
/** How many sessions the sweep of this second ends. */
const ended = async (seconds: number) => (await sweep(seconds)).sessions
const interval = { interimIntervalS: 300 }
const setRow = (id: bigint, columns: string) => database.pool.query(`update session set ${columns} where id = $1`, [id])

beforeEach(() => listened([-3600, 86_400]))
afterEach(() => database.pool.query('delete from session'))

describe('a session that is silent', () => {
  it('for three of its intervals is closed at its last sign of life with its last counters', async () => {
    const { pool } = database
    const [nas, subscriber] = [await makeNas(pool), await makeSubscriber(pool)]
    const session = makeSession({ nas, subscriber })
    const { sessionId } = await recordEach(
      pool,
      session.start(interval),
      session.interim(300, { input: 7, output: 9, ...interval }),
    )
    await setRow(sessionId, 'interims = 1')
    expect(await ended(1199)).toBe(0)
    expect(await sweep(1201)).toEqual({ sessions: 1, services: 0, claims: 0 })
    expect(await onlyRow(pool, nas, session.acctSessionId)).toMatchObject({
      ended_by: 'stale',
      ended_at: at(300),
      terminate_cause: 2,
      session_time: 300n,
      input_octets: 7n,
      output_octets: 9n,
    })
    expect(await ended(1260)).toBe(0)
  })

  it('is judged by the interval that was sent, else by the observed one, else by 600 s', async () => {
    const { pool } = database
    const nas = await makeNas(pool)
    await recordEach(pool, makeSession({ nas }).start({ interimIntervalS: 60 }), makeSession({ nas }).start())
    expect(await ended(181)).toBe(1)
    await pool.query('update nas set observed_interval_s = 200 where id = $1', [nas.id])
    expect(await ended(600)).toBe(0)
    expect(await ended(601)).toBe(1)
    await pool.query('update nas set observed_interval_s = null where id = $1', [nas.id])
    await recordEach(pool, makeSession({ nas, start: 1000 }).start())
    expect(await ended(2800)).toBe(0)
    expect(await ended(2801)).toBe(1)
  })

  it('is given as many intervals as its NAS has been set to', async () => {
    const { pool } = database
    const [patient, other] = [await makeNas(pool), await makeNas(pool)]
    await changeNasSettings(createKysely<Database>(pool), patient.name, { stale_factor: 5 })
    const sessions = [patient, other].map((nas) => makeSession({ nas }))
    await recordEach(pool, ...sessions.map((session) => session.start(interval)))
    expect(await ended(901)).toBe(1)
    expect((await onlyRow(pool, patient, sessions[0]!.acctSessionId)).ended_at).toBeNull()
    expect(await ended(1500)).toBe(0)
    expect(await ended(1501)).toBe(1)
  })

  it('is not believed to report more often than once a minute', async () => {
    await recordEach(database.pool, makeSession({ nas: await makeNas(database.pool) }).start({ interimIntervalS: 1 }))
    expect(await ended(180)).toBe(0)
    expect(await ended(181)).toBe(1)
  })

  it('lives as long as something renews it: a line without Interims', async () => {
    const { pool } = database
    const nas = await makeNas(pool)
    const session = makeSession({ nas })
    const { sessionId } = await recordEach(pool, session.start(interval))
    await pool.query('update session set updated_at = $2 where id = $1', [sessionId, at(3000)])
    expect(await ended(3900)).toBe(0)
    expect(await ended(3901)).toBe(1)
    expect((await onlyRow(pool, nas, session.acctSessionId)).ended_at).toEqual(at(3000))
  })

  it('never ends in the future, nor before it began, whatever the clock of its NAS says', async () => {
    const { pool } = database
    const nas = await makeNas(pool)
    const session = makeSession({ nas })
    const { sessionId } = await recordEach(pool, session.start(interval))
    await pool.query('update session set event_at = $2, interims = 1 where id = $1', [sessionId, at(50_000)])
    expect(await ended(901)).toBe(1)
    expect((await onlyRow(pool, nas, session.acctSessionId)).ended_at).toEqual(at(901))
  })

  it('is left alone where an Interim of it comes at the same moment', async () => {
    const { pool } = database
    const nas = await makeNas(pool)
    const session = makeSession({ nas })
    const { sessionId } = await recordEach(pool, session.start(interval))
    const other = await pool.connect()
    try {
      await other.query('begin')
      await other.query('update session set updated_at = $2 where id = $1', [sessionId, at(2000)])
      const sweeping = ended(2000)
      // The sweep waits for the row that the Interim holds.
      await expect.poll(async () => (await waiting()) > 0, { interval: 5 }).toBe(true)
      await other.query('commit')
      expect(await sweeping).toBe(0)
    } finally {
      other.release()
    }
    expect((await onlyRow(pool, nas, session.acctSessionId)).ended_at).toBeNull()
  })

  it('is ended once by two instances that sweep at the same moment', async () => {
    const nas = await makeNas(database.pool)
    const sessions = Array.from({ length: 20 }, () => makeSession({ nas }).start(interval))
    await recordEach(database.pool, ...sessions)
    const [one, other] = await Promise.all([ended(901), ended(901)])
    expect(one + other).toBe(20)
  })

  it('frees its claim', async () => {
    const { pool } = database
    const [nas, subscriber] = [await makeNas(pool), await makeSubscriber(pool)]
    await pool.query(
      `insert into session_claim (subscriber_id, slot, line, nas_group_id, class_id, claimed_at)
       values ($1, 1, 'x', $2, 31, $3)`,
      [subscriber.id, nas.nasGroupId, at(0)],
    )
    await recordEach(pool, makeSession({ nas, subscriber, classId: 31n }).start(interval))
    expect(await sweep(901)).toEqual({ sessions: 1, services: 0, claims: 1 })
    expect((await pool.query('select from session_claim')).rowCount).toBe(0)
  })
})

/** How long the last stretch is, gaps of 15 s closed. */
async function sinceLastOutage(): Promise<number> {
  const { rows } = await database.pool.query<{ started_at: Date; until: Date }>(
    'select started_at, until from listening order by started_at desc',
  )
  const [last, ...before] = rows
  let since = last!.started_at.getTime()
  for (const row of before) {
    if (row.until.getTime() < since - 15_000) break
    since = row.started_at.getTime()
  }
  return (last!.until.getTime() - since) / 1000
}

async function waiting(): Promise<number> {
  const { rows } = await database.pool.query<{ count: number }>(
    `select count(*)::integer as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  )
  return rows[0]!.count
}

describe('time in which we did not listen', () => {
  it('never counts: sessions that went on while we were down for an hour are not ended', async () => {
    const nas = await makeNas(database.pool)
    const sessions = [makeSession({ nas }), makeSession({ nas, start: 200 })]
    await recordEach(database.pool, ...sessions.map((session) => session.start(interval)))
    await listened([-3600, 400], [4000, 86_400])
    // The first was silent for 400 s before, so has 500 s left.
    expect(await ended(4010)).toBe(0)
    expect(await ended(4500)).toBe(0)
    expect(await ended(4501)).toBe(1)
    expect(await ended(4700)).toBe(0)
    expect(await ended(4701)).toBe(1)
  })

  it('is followed by one whole interval before anything is ended', async () => {
    await recordEach(database.pool, makeSession({ nas: await makeNas(database.pool) }).start(interval))
    await listened([-3600, 890], [4000, 86_400])
    expect(await ended(4050)).toBe(0)
    expect(await ended(4299)).toBe(0)
    expect(await ended(4300)).toBe(1)
  })

  it('is not the restart of a process', async () => {
    await recordEach(database.pool, makeSession({ nas: await makeNas(database.pool) }).start(interval))
    await listened([-3600, 800], [810, 86_400])
    expect(await ended(901)).toBe(1)
  })

  it('is counted out whatever the outages were', async () => {
    const { pool } = database
    const nas = await makeNas(pool)
    const now = 5000
    const outages = fc.uniqueArray(fc.integer({ min: 0, max: now }), { minLength: 1, maxLength: 9 })
    const property = fc.asyncProperty(outages, fc.integer({ min: 0, max: now }), async (edges, heard) => {
      const stretches: [number, number][] = []
      const sorted = [...edges, ...(edges.length % 2 === 0 ? [] : [now])].toSorted((a, b) => a - b)
      for (let i = 0; i + 1 < sorted.length; i += 2) stretches.push([sorted[i]!, sorted[i + 1]!])
      await listened(...stretches)
      await pool.query('delete from session')
      await recordEach(pool, makeSession({ nas, start: heard }).start(interval))
      const heardFor = await listenedSeconds(pool, { from: at(heard), to: at(now) })
      const unbroken = await sinceLastOutage()
      expect(await ended(now)).toBe(heardFor > 900 && unbroken >= 300 ? 1 : 0)
    })
    await fc.assert(property, { numRuns: 60 })
  })

  it('is all of it where nothing was written', async () => {
    await recordEach(database.pool, makeSession({ nas: await makeNas(database.pool) }).start(interval))
    await listened()
    expect(await ended(80_000)).toBe(0)
  })
})

describe('a NAS that sends no Interims at all', () => {
  it('is known by a session that went on for long without one: its silence tells nothing', async () => {
    const { pool } = database
    const [quiet, other] = [await makeNas(pool), await makeNas(pool)]
    for (const nas of [quiet, other]) {
      await recordEach(pool, makeSession({ nas }).stop(7200), makeSession({ nas, start: 7200 }).start())
    }
    const { sessionId } = await recordEach(pool, makeSession({ nas: other }).stop(60))
    await setRow(sessionId, 'interims = 1')
    expect(await ended(80_000)).toBe(1)
    expect(
      (await pool.query(`select from session where nas_id = $1 and ended_by = 'stale'`, [quiet.id])).rowCount,
    ).toBe(0)
  })

  it('is not yet known by a short session', async () => {
    const nas = await makeNas(database.pool)
    await recordEach(database.pool, makeSession({ nas }).stop(60), makeSession({ nas, start: 60 }).start())
    expect(await ended(80_000)).toBe(1)
  })
})

describe('a service on a session', () => {
  async function makeService() {
    const { pool } = database
    const nas = await makeNas(pool)
    const [session, service] = [makeSession({ nas }), makeSession({ nas, start: 10 })]
    const { sessionId: parent } = await recordEach(pool, session.start(interval))
    const { sessionId: child } = await recordEach(pool, service.start(interval))
    await pool.query(`update session set parent_id = $2, service = 'voice' where id = $1`, [child, parent])
    return { nas, session, service, parent }
  }

  it('may be silent while its session lives, and ends with it', async () => {
    const { pool } = database
    const { nas, session, service } = await makeService()
    await recordEach(pool, session.interim(900, interval), session.interim(1800, interval))
    expect(await sweep(2000)).toEqual({ sessions: 0, services: 0, claims: 0 })
    expect(await sweep(2701)).toEqual({ sessions: 1, services: 1, claims: 0 })
    expect(await onlyRow(pool, nas, service.acctSessionId)).toMatchObject({
      ended_by: 'stale',
      ended_at: (await onlyRow(pool, nas, session.acctSessionId)).ended_at,
      terminate_cause: 2,
    })
  })

  it('whose session is over is ended by its own silence', async () => {
    const { nas, session, service } = await makeService()
    await recordEach(database.pool, session.stop(20))
    expect(await ended(900)).toBe(0)
    expect(await ended(911)).toBe(1)
    expect((await onlyRow(database.pool, nas, service.acctSessionId)).ended_by).toBe('stale')
  })
})

describe('a session that was closed as stale', () => {
  it('is opened again by a late Interim, its use counted once; and can fall silent again', async () => {
    const { pool } = database
    const [nas, subscriber] = [await makeNas(pool), await makeSubscriber(pool)]
    const session = makeSession({ nas, subscriber })
    await recordEach(pool, session.start(interval), session.interim(300, { input: 10, ...interval }))
    expect(await ended(1201)).toBe(1)
    // The same Interim once more is no sign of life.
    await recordEach(pool, session.interim(300, { input: 10, ...interval }))
    expect((await onlyRow(pool, nas, session.acctSessionId)).ended_by).toBe('stale')
    await recordEach(pool, session.interim(1500, { input: 25, ...interval }))
    expect(await onlyRow(pool, nas, session.acctSessionId)).toMatchObject({
      ended_at: null,
      ended_by: null,
      terminate_cause: null,
      input_octets: 25n,
    })
    expect((await usageOf(pool, subscriber.id)).periods.input).toBe(25n)
    expect(await ended(2401)).toBe(1)
  })

  it('takes the Stop of its NAS when that comes late', async () => {
    const { pool } = database
    const nas = await makeNas(pool)
    const session = makeSession({ nas })
    await recordEach(pool, session.start(interval))
    expect(await ended(901)).toBe(1)
    await recordEach(pool, session.stop(1100, { input: 3, terminateCause: 1 }))
    expect(await onlyRow(pool, nas, session.acctSessionId)).toMatchObject({
      ended_by: 'stop',
      ended_at: at(1100),
      terminate_cause: 1,
      input_octets: 3n,
    })
  })

  it('is unlike one that a newer session of its line has replaced: that stays closed', async () => {
    const { pool } = database
    const [nas, subscriber] = [await makeNas(pool), await makeSubscriber(pool)]
    const mac = '02:00:00:00:00:77'
    const older = makeSession({ nas, subscriber, mac })
    const newer = makeSession({ nas, subscriber, mac, start: 100 })
    await recordEach(pool, older.start(interval))
    const { sessionId } = await recordEach(pool, newer.start(interval))
    await endReplacedSessions(pool, [sessionId], at(100))
    await recordEach(pool, older.interim(300, { input: 5, ...interval }))
    expect(await onlyRow(pool, nas, older.acctSessionId)).toMatchObject({ ended_by: 'replaced', input_octets: 5n })
    // The newer is closed as stale later, the older is not touched by that.
    expect(await ended(1001)).toBe(1)
    expect((await onlyRow(pool, nas, older.acctSessionId)).ended_by).toBe('replaced')
  })
})
