// A Juniper counts each service of a subscriber in a session of its own, beside the one of the line, which has the octets of all of
// them: only the line's session is charged.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SimulatedNas } from '../../src/simulator/nas.ts'
import { compareUsage } from '../../src/simulator/compare-usage.ts'
import { useDatabase } from '../support/database.ts'
import { chargedByName, openIsp, type Isp } from '../support/isp.ts'
import { lineMac } from '../support/many-lines.ts'
import { everySink } from '../support/sinks.ts'

describe.each(everySink)('with the sink $sink', ({ sink }) => {
  const database = useDatabase()
  let isp: Isp
  let mx: SimulatedNas

  beforeAll(async () => {
    isp = await openIsp(database, { settings: { accounting_sink: sink } })
    await isp.plan({ sessionLimit: 1 })
    await isp.line('triple', { mac: lineMac(1) })
    mx = await isp.nas('mx', '127.0.0.37', { vendor: 'juniper', interface: 'ae0' })
  })
  // A service goes with the line that had it, and its NAS never says so.
  afterAll(() => isp.close({ I10: /^ended: 4001:1 / }))

  describe('a line with two services', () => {
    it('is charged for what its own session says, and for nothing else', async () => {
      const outcome = await mx.dial({ username: 'triple', password: '', method: 'pap', mac: lineMac(1) })
      if (outcome.kind !== 'online') throw new Error(JSON.stringify(outcome))
      await outcome.started
      const { session } = outcome
      const services = [mx.startService(session, 'internet(50m,20m)'), mx.startService(session, 'iptv')]
      for (const service of services) expect(await service.started).toBe(true)
      for (let round = 0; round < 3; round += 1) {
        for (const one of [session, ...session.services]) {
          mx.pass(one, 300)
          expect(await mx.interim(one)).toBe(true)
        }
      }
      await isp.service.drained()
      const { rows: open } = await isp.pool.query(
        `select s.service, parent.acct_session_id as parent from session s left join session parent on parent.id = s.parent_id
       where s.ended_at is null order by s.id`,
      )
      expect(open).toEqual([
        { service: null, parent: null },
        { service: 'internet(50m,20m)', parent: session.acctSessionId },
        { service: 'iptv', parent: session.acctSessionId },
      ])
      expect(await mx.stop(session, 'User-Request')).toBe(true)
      expect(await isp.differences()).toEqual([])
      expect(compareUsage(isp.ledger.state, await chargedByName(isp.pool))).toEqual([])
      const { rows } = await isp.pool.query<{ input: bigint }>(
        `select sum(input_octets)::bigint as input from usage_period`,
      )
      expect(rows[0]!.input).toBe(session.counters.inputOctets)
    })

    it('may dial again with its services still open: they end with the line that had them', async () => {
      const dial = { username: 'triple', password: '', method: 'pap' as const, mac: lineMac(1) }
      const first = await mx.dial(dial)
      if (first.kind !== 'online') throw new Error(JSON.stringify(first))
      await first.started
      await mx.startService(first.session, 'iptv').started
      const second = await mx.dial(dial)
      if (second.kind !== 'online') throw new Error(JSON.stringify(second))
      await second.started
      await isp.service.drained()
      const { rows } = await isp.pool.query(
        `select acct_session_id as id from session where ended_at is null order by id`,
      )
      expect(rows).toEqual([{ id: second.session.acctSessionId }])
    })
  })
})
