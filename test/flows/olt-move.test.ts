// An OLT is moved to another outer VLAN at night: all its lines are bound anew in one deed, and in the morning every one of them
// comes online from the new place, and nobody from the old one.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { setNasGroup } from '../../src/domain/nas-group.ts'
import { rebind } from '../../src/domain/rebind.ts'
import type { Dial } from '../../src/simulator/nas-session.ts'
import type { SimulatedNas } from '../../src/simulator/nas.ts'
import { useDatabase } from '../support/database.ts'
import { openIsp, type Isp } from '../support/isp.ts'
import { addLines, inWindow, lineDial, tally } from '../support/many-lines.ts'

const lines = 2_000
/** Dials on their way at once: a busy machine must not keep one waiting until nobody wants its answer. */
const width = 500

const database = useDatabase()
let isp: Isp
let mx: SimulatedNas

beforeAll(async () => {
  isp = await openIsp(database)
  await isp.plan({ sessionLimit: 1 })
  await addLines(isp.pool, lines)
  await isp.pool.query(`delete from device`)
  await isp.pool.query(`update subscriber set bound_s_vlan = 501, bound_c_vlan = 2 + substr(username, 5)::integer`)
  await isp.pool.query('analyze subscriber, device')
  await setNasGroup(isp.db, { name: 'default', identityOrder: 'interface' })
  const timers = { timeoutMs: 10_000, tries: 2 }
  mx = await isp.nas('mx', '127.0.0.59', { vendor: 'juniper', interface: 'ae0', timers })
})
afterAll(() => isp.close())

function dials(sVlan: number): Dial[] {
  return Array.from({ length: lines }, (_, index) => ({ ...lineDial(index), place: { sVlan, cVlan: 2 + index } }))
}

/** Everybody comes online from behind this outer VLAN, and goes again. */
async function tryAll(sVlan: number): Promise<Record<string, number>> {
  const kinds = await inWindow(dials(sVlan), width, async (dial) => {
    const outcome = await mx.dial(dial)
    if (outcome.kind !== 'online') return outcome.kind
    return (await outcome.started) && (await mx.stop(outcome.session, 'Lost-Carrier')) ? 'online' : 'uncounted'
  })
  return tally(kinds)
}

describe(`an OLT with ${lines} lines`, () => {
  it('takes them all along when it moves', async () => {
    expect(await tryAll(501)).toEqual({ online: lines })
    const moved = await rebind(isp.db, { rules: [{ from: 's-vlan=501', to: 's-vlan=601' }] }, systemClock.now())
    expect(moved).toMatchObject({ kind: 'rebound', count: lines })
    expect(await tryAll(601)).toEqual({ online: lines })
    expect(await tryAll(501)).toEqual({ rejected: lines })
    expect(await isp.differences()).toEqual([])
  }, 60_000)
})
