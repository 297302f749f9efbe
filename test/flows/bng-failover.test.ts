// BNG A dies without a word, and all its lines dial in at BNG B within one interim: nobody is refused although each may have one
// session only, nobody is online twice, and what A may still hold is to be verified.
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { importSubscribers } from '../../src/domain/import/import.ts'
import type { Dial } from '../../src/simulator/nas-session.ts'
import type { SimulatedNas } from '../../src/simulator/nas.ts'
import { useDatabase } from '../support/database.ts'
import { openIsp, password, type Isp } from '../support/isp.ts'
import { inWindow, lineMac, tally } from '../support/many-lines.ts'

const lines = 5_000
const width = 256
const timers = { timeoutMs: 5_000, tries: 2 }

const database = useDatabase()
let isp: Isp
let a: SimulatedNas
let b: SimulatedNas

beforeAll(async () => {
  isp = await openIsp(database)
  await isp.plan({ sessionLimit: 1 })
  const rows = Array.from({ length: lines }, (_, index) => `line${index},${password},Home50`)
  const csv = Readable.from([Buffer.from(['username,password,plan', ...rows].join('\n'))])
  const imported = await importSubscribers(isp.db, isp.service.keyring, csv, systemClock.now())
  if (imported.kind === 'refused') throw new Error(JSON.stringify(imported.errors[0]))
  await isp.pool.query('analyze')
  a = await isp.nas('bng-a', '127.0.0.33', { timers })
  b = await isp.nas('bng-b', '127.0.0.34', { timers })
})
afterAll(() => isp.close())

function dials(): Dial[] {
  return Array.from({ length: lines }, (_, index) =>
    isp.dial(`line${index}`, { mac: lineMac(index), method: 'pap' as const }),
  )
}

/** Everybody dials in there; how it ended. */
async function dialAll(nas: SimulatedNas): Promise<Record<string, number>> {
  const kinds = await inWindow(dials(), width, async (dial) => {
    const outcome = await nas.dial(dial)
    return outcome.kind === 'online' && (await outcome.started) ? 'online and counted' : outcome.kind
  })
  return tally(kinds)
}

describe(`${lines} lines of a BNG that dies`, () => {
  it('come online at the other one, none refused and none twice', async () => {
    expect(await dialAll(a)).toEqual({ 'online and counted': lines })
    a.die()
    expect(await dialAll(b)).toEqual({ 'online and counted': lines })
    const { rows } = await isp.pool.query(
      `select nas.name, s.ended_by, count(*)::int as sessions, count(distinct s.subscriber_id)::int as subscribers
       from session s join nas on nas.id = s.nas_id group by 1, 2 order by 1`,
    )
    expect(rows).toEqual([
      { name: 'bng-a', ended_by: 'replaced', sessions: lines, subscribers: lines },
      { name: 'bng-b', ended_by: null, sessions: lines, subscribers: lines },
    ])
    expect(await isp.differences()).toEqual([])
  }, 60_000)

  it('leave orders to make sure that the old sessions are gone', async () => {
    const { rows } = await isp.pool.query(
      `select nas.name, o.wish, o.state, count(distinct o.session_id)::int as sessions
       from coa_order o join nas on nas.id = o.nas_id group by 1, 2, 3`,
    )
    expect(rows).toEqual([{ name: 'bng-a', wish: 'disconnect', state: 'waiting', sessions: lines }])
  })
})
