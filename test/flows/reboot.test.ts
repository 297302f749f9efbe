// A NAS loses power without a word, and comes back with Acct-Session-Ids that it used before.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SimulatedNas } from '../../src/simulator/nas.ts'
import { useDatabase } from '../support/database.ts'
import { openIsp, sessionRows, type Isp } from '../support/isp.ts'
import { everySink } from '../support/sinks.ts'

describe.each(everySink)('with the sink $sink', ({ sink }) => {
  const database = useDatabase()
  let isp: Isp

  beforeAll(async () => {
    isp = await openIsp(database, { settings: { accounting_sink: sink } })
    await isp.plan({ sessionLimit: 1 })
    for (const name of ['a', 'b', 'c']) await isp.subscriber(`sub.${name}`)
  })
  afterAll(() => isp.close())

  const macs: Record<string, string> = { a: '02:00:00:00:00:0a', b: '02:00:00:00:00:0b', c: '02:00:00:00:00:0c' }

  async function dial(nas: SimulatedNas, name: string) {
    const outcome = await nas.dial(isp.dial(`sub.${name}`, { mac: macs[name]! }))
    if (outcome.kind !== 'online') throw new Error(`sub.${name}: ${outcome.kind}`)
    await outcome.started
    nas.pass(outcome.session, 60)
    await nas.interim(outcome.session)
    return outcome.session
  }

  describe('a NAS that reboots', () => {
    it('F47: keeps the sessions before and after apart although their ids repeat, and locks nobody out', async () => {
      const nas = await isp.nas('reboots-silently', '127.0.0.22')
      const before = [await dial(nas, 'a'), await dial(nas, 'b')]
      await nas.reboot({ tell: false })
      // In another order, so that each id now belongs to another subscriber.
      const after = [await dial(nas, 'b'), await dial(nas, 'a')]
      expect(after.map((session) => session.acctSessionId)).toEqual(before.map((session) => session.acctSessionId))
      for (const session of after) await nas.stop(session, 'User-Request')
      await isp.service.drained()
      const rows = (await sessionRows(isp.pool)).filter((row) => row.nas === 'reboots-silently')
      expect(rows.map((row) => [row.username, row.epoch, row.endedBy])).toEqual([
        ['sub.a', 0, 'replaced'],
        ['sub.b', 0, 'replaced'],
        ['sub.b', 1, 'stop'],
        ['sub.a', 1, 'stop'],
      ])
      expect(await isp.differences()).toEqual([])
    })

    it('closes only its own sessions by Accounting-On', async () => {
      const one = await isp.nas('reboots', '127.0.0.23')
      const other = await isp.nas('stays', '127.0.0.24')
      await dial(one, 'a')
      const kept = await dial(other, 'c')
      await one.reboot({ tell: true })
      await isp.service.drained()
      const rows = await sessionRows(isp.pool)
      expect(rows.find((row) => row.nas === 'reboots')).toMatchObject({ endedBy: 'nas-reboot' })
      expect(rows.find((row) => row.nas === 'stays')).toMatchObject({ endedBy: undefined })
      await other.stop(kept, 'User-Request')
      expect(await isp.differences()).toEqual([])
    })
  })
})
