// Many leases renew all day long, as every DHCP server with short leases makes them: each renewal gets the same address and the
// same Class, and neither sessions nor the access log grow with them. Fewer in test/flows, a whole city in test/faults.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readClass } from '../../src/domain/session-class.ts'
import type { NasSession } from '../../src/simulator/nas-session.ts'
import { compareSessions } from '../../src/simulator/compare.ts'
import { compareUsage } from '../../src/simulator/compare-usage.ts'
import type { SimulatedNas } from '../../src/simulator/nas.ts'
import { useDatabase } from './database.ts'
import { chargedByName, openIsp, sessionRows, type Isp } from './isp.ts'
import { addLeases, addLines, inWindow, lineDial, lineMac } from './many-lines.ts'

const rounds = 3
/** Requests on their way at once. */
const width = 256

/** Tells the story. All leases renew in the first round, and those with short leases again in the others: an hour, shortened. */
export function leasesRenew({ leases, shortLeases }: { leases: number; shortLeases: number }): void {
  const database = useDatabase()
  let isp: Isp
  let dhcp: SimulatedNas

  beforeAll(async () => {
    isp = await openIsp(database)
    await isp.plan({ sessionLimit: 1 })
    await addLines(isp.pool, leases)
    // A busy machine must not make it send again.
    dhcp = await isp.nas('dhcp', '127.0.0.31', { access: 'ipoe', timers: { timeoutMs: 5_000, tries: 2 } })
    await addLeases(isp.pool, { nas: 'dhcp', count: leases, firstAddress: '10.31.0.2' })
  })
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => (closing ??= isp.close())
  afterAll(close)

  async function count(table: string): Promise<number> {
    const { rows } = await isp.pool.query<{ n: bigint }>(`select count(*) as n from ${table}`)
    return Number(rows[0]!.n)
  }

  /** What each lease was given in one round of renewals. */
  async function renewAll(sessions: readonly NasSession[]): Promise<string[]> {
    return inWindow(sessions, width, async (session) => {
      const outcome = await dhcp.renew(session)
      if (outcome.kind !== 'renewed') return outcome.kind
      const { framedIp, classes } = outcome.grant
      const read = classes[0] && readClass(isp.service.keyring, classes[0])
      return `${framedIp} ${read?.classId}`
    })
  }

  describe('a lease that is new', () => {
    it('is a login; what follows are renewals, and only what accounting says is charged', async () => {
      await isp.line('newcomer', { mac: lineMac(900_000) })
      const nas = await isp.nas('dhcp-2', '127.0.0.32', { access: 'ipoe' })
      const outcome = await nas.dial({ ...lineDial(900_000), username: 'newcomer' })
      if (outcome.kind !== 'online') throw new Error(JSON.stringify(outcome))
      expect(await outcome.started).toBe(true)
      const { session } = outcome
      const { classes } = session
      for (let round = 0; round < rounds; round += 1) {
        nas.pass(session, 1_200)
        expect(await nas.renew(session)).toMatchObject({ kind: 'renewed', grant: { classes } })
        await nas.interim(session)
      }
      await nas.stop(session, 'User-Request')
      const own = (await sessionRows(isp.pool)).filter((row) => row.nas === 'dhcp-2')
      expect(compareSessions(isp.ledger.state, own).filter(({ nas: name }) => name === 'dhcp-2')).toEqual([])
      expect(compareUsage(isp.ledger.state, await chargedByName(isp.pool))).toEqual([])
    })
  })

  describe(`${leases} leases`, () => {
    it('renew for an hour: the same address and Class every time, and nothing grows', async () => {
      const sessions = Array.from({ length: leases }, (_, index) => dhcp.inherit(lineDial(index), 3600))
      const granted = sessions.map(({ framedIp }, index) => `${framedIp} ${1_000_000 + index}`)
      for (let round = 0; round < rounds; round += 1) {
        const due = round === 0 ? leases : shortLeases
        const answers = await renewAll(sessions.slice(0, due))
        // Not compared as whole arrays: a difference of one would print them all.
        expect(answers.filter((answer, index) => answer !== granted[index])).toEqual([])
      }
      // And that of the newcomer, which has ended.
      expect(await count('session')).toBe(leases + 1)
      expect(await count('session_claim')).toBe(0)
      expect(dhcp.counts()).toMatchObject({ rejected: 0, timeouts: 0 })
    }, 120_000)

    it('are all alive, and leave a log that renewals do not make longer', async () => {
      // What is held back is written before the service ends.
      await close()
      expect(await count('access_log')).toBeLessThan(10)
      const { rows } = await isp.pool.query(
        `select count(*)::int as sessions, count(*) filter (where ended_at is null)::int as open,
           count(*) filter (where updated_at < now() - interval '240 seconds')::int as silent from session`,
      )
      expect(rows).toEqual([{ sessions: leases + 1, open: leases, silent: 0 }])
    })
  })
}
