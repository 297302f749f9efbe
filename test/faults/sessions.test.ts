// Sessions that only seem to be there, or only seem to be gone, at full size: F45 and F46 with their figures, which are printed.
import { describe, expect, it } from 'vitest'
import type { AccountingRecord } from '../../src/domain/accounting-record.ts'
import { recordAccounting } from '../../src/domain/accounting.ts'
import { endStaleSessions } from '../../src/domain/stale-session.ts'
import { at, makeNas, makeSession } from '../support/accounting.ts'
import { useDatabase } from '../support/database.ts'
import { online } from '../support/obeying-nas.ts'
import { openIsp, sessionRows } from '../support/isp.ts'
import { addLines, inWindow, lineDial } from '../support/many-lines.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)
const intervalS = 300

describe('F45: a NAS loses power with 1,000 lines, and comes back without a word', () => {
  const database = useDatabase()
  const lines = 1_000
  /** So many dial again; the others stay away. */
  const back = 900

  it('lets everybody in at the first try, and is without ghosts within three intervals', async () => {
    const isp = await openIsp(database)
    await isp.plan({ sessionLimit: 1, interimIntervalS: intervalS })
    await addLines(isp.pool, lines)
    const timers = { timeoutMs: 10_000, tries: 1 }
    const nas = await isp.nas('dark', '127.0.5.1', { vendor: 'accel-ppp', access: 'ipoe', timers })
    const all = Array.from({ length: lines }, (_, index) => index)
    await inWindow(all, 64, (index) => online(nas, lineDial(index)))
    await nas.reboot({ tell: false })
    // Backwards, so that ids and addresses are dealt to other lines than before.
    const again = await inWindow(all.slice(0, back).toReversed(), 64, (index) => nas.dial(lineDial(index)))
    const refused = again.filter(({ kind }) => kind !== 'online')
    await Promise.all(again.flatMap((outcome) => (outcome.kind === 'online' ? [outcome.started] : [])))
    const open = async () => (await sessionRows(isp.pool)).filter(({ endedAt }) => endedAt === undefined).length
    const ghosts = (await open()) - back
    // Three intervals pass, with the longest that jitter makes of one; those who are online say so.
    const later = new Date(Date.now() + 3 * intervalS * 1_250)
    await isp.pool.query('delete from listening')
    await isp.pool.query(`insert into listening values ('test', $1, $2)`, [new Date(Date.now() - 3_600_000), later])
    const alive = again.flatMap((outcome) => (outcome.kind === 'online' ? [outcome.session.acctSessionId] : []))
    await isp.pool.query(
      `update session set updated_at = $2 where acct_session_id = any($1) and ended_at is null and started_at > $3`,
      [alive, later, await rebootOf(isp.pool)],
    )
    await endStaleSessions(isp.pool, { defaultIntervalS: intervalS }, later)
    const left = (await open()) - back
    say(`F45: ${refused.length} refused at the first try; ${ghosts} ghosts at once, ${left} after three intervals`)
    expect(refused).toEqual([])
    expect(ghosts).toBe(lines - back)
    expect(left).toBe(0)
    await isp.close()
  }, 180_000)
})

/** The begin of the newest session of a line that began twice: everything of before the reboot is older. */
async function rebootOf(pool: Parameters<typeof sessionRows>[0]): Promise<Date> {
  const { rows } = await pool.query<{ at: Date }>(
    `select max(started_at) as at from session where ended_by = 'replaced'`,
  )
  return rows[0]!.at
}

describe('F46: our own outage of two hours, with 2,000 sessions that went on', () => {
  const database = useDatabase()
  const sessions = 2_000
  const outage = { from: 3_600, to: 3_600 + 7_200 }

  it('ends none of them, whenever their next interim comes', async () => {
    const { pool } = database
    const nas = await makeNas(pool)
    const all = Array.from({ length: sessions }, (_, index) => ({
      session: makeSession({ nas, id: index.toString(16).padStart(8, '0'), start: index % intervalS }),
      phase: index % intervalS,
    }))
    const record = async (records: AccountingRecord[], second: number): Promise<void> => {
      for (let from = 0; from < records.length; from += 500) {
        const outcomes = await recordAccounting(pool, records.slice(from, from + 500), at(second))
        expect(outcomes.filter(({ kind }) => kind !== 'recorded')).toEqual([])
      }
    }
    const said = { interimIntervalS: intervalS }
    await record(
      all.map(({ session }) => session.start(said)),
      intervalS,
    )
    await pool.query('delete from listening')
    let ended = 0
    // A minute at a time: who is due in it sends an interim, if we hear; then the sweep looks.
    for (let minute = 6; minute <= (outage.to + 3_600) / 60; minute += 1) {
      const now = minute * 60
      const isDown = now > outage.from && now <= outage.to
      if (isDown) continue
      await listen(pool, now)
      const due = all.filter(({ phase }) => (now - phase) % intervalS < 60)
      await record(
        due.map(({ session, phase }) => session.interim(now - phase, { input: now, ...said })),
        now,
      )
      ended += (await endStaleSessions(pool, { defaultIntervalS: intervalS }, at(now))).sessions
    }
    say(`F46: ${ended} of ${sessions} live sessions ended`)
    expect(ended).toBe(0)
  }, 300_000)

  /** What the beat of a RADIUS process writes: stretches of time, with the outage between them. */
  async function listen(pool: typeof database.pool, now: number): Promise<void> {
    const from = now <= outage.from ? 0 : outage.to
    await pool.query('delete from listening where started_at = $1', [at(from)])
    await pool.query(`insert into listening values ('test', $1, $2)`, [at(from), at(now)])
  }
})
