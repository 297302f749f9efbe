// Sessions whose ids or beginnings mislead: a NAS that boots uses its ids again for other lines, and a NAS that is added to the
// server has sessions under way whose octets another server has charged.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Dial, NasSession } from '../../src/simulator/nas-session.ts'
import type { SimulatedNas } from '../../src/simulator/nas.ts'
import { compareUsage } from '../../src/simulator/compare-usage.ts'
import { useDatabase } from '../support/database.ts'
import { chargedByName, openIsp, secret, sessionRows, type Isp } from '../support/isp.ts'
import { lineMac } from '../support/many-lines.ts'

const database = useDatabase()
let isp: Isp

beforeAll(async () => {
  isp = await openIsp(database)
  await isp.plan({ sessionLimit: 1 })
  for (const at of [1, 2, 3]) await isp.line(`lease${at}`, { mac: lineMac(at) })
  for (const at of [4, 5]) await isp.subscriber(`moved${at}`)
})
afterAll(() => isp.close())

function lease(at: number): Dial {
  return { username: `lease${at}`, password: '', method: 'pap', mac: lineMac(at) }
}

async function online(nas: SimulatedNas, dial: Dial): Promise<NasSession> {
  const outcome = await nas.dial(dial)
  if (outcome.kind !== 'online') throw new Error(`${dial.username}: ${JSON.stringify(outcome)}`)
  await outcome.started
  nas.pass(outcome.session, 300)
  await nas.interim(outcome.session)
  return outcome.session
}

describe('session ids that a boot begins again', () => {
  it.each([
    ['silently', false, '127.0.0.39'],
    ['with Accounting-On', true, '127.0.0.40'],
  ] as const)('%s are other sessions, of other leases, and each octet counts once', async (_how, tell, address) => {
    const name = `dhcp-${address}`
    const nas = await isp.nas(name, address, { access: 'ipoe' })
    const before = [await online(nas, lease(1)), await online(nas, lease(2)), await online(nas, lease(3))]
    await nas.reboot({ tell })
    const after = [await online(nas, lease(3)), await online(nas, lease(1)), await online(nas, lease(2))]
    expect(after.map(({ acctSessionId }) => acctSessionId)).toEqual(before.map(({ acctSessionId }) => acctSessionId))
    const rows = (await sessionRows(isp.pool)).filter((row) => row.nas === name)
    expect(rows.map(({ epoch, endedBy }) => `${epoch} ${endedBy ?? 'open'}`)).toEqual([
      ...Array<string>(3).fill(`0 ${tell ? 'nas-reboot' : 'replaced'}`),
      ...Array<string>(3).fill('1 open'),
    ])
    for (const session of after) await nas.stop(session, 'User-Request')
    expect(await isp.differences()).toEqual([])
    expect(compareUsage(isp.ledger.state, await chargedByName(isp.pool))).toEqual([])
  })
})

describe('sessions under way when their NAS is added', () => {
  it('are online at their first record, and nothing is charged of what they had before', async () => {
    const nas = await isp.nas('from-elsewhere', '127.0.0.41', {
      behind: true,
      // Nobody listens to a stranger.
      timers: { timeoutMs: 100, tries: 1 },
    })
    const sessions = [4, 5].map((at) => nas.inherit(isp.dial(`moved${at}`, { mac: lineMac(at) }), 7_200))
    expect(await nas.interim(sessions[0]!)).toBe(false)
    await isp.client('from-elsewhere', '127.0.0.41', { vendor: 'mikrotik', secret })
    for (let round = 0; round < 3; round += 1) {
      for (const session of sessions) {
        nas.pass(session, 300)
        expect(await nas.interim(session)).toBe(true)
      }
    }
    const open = (await sessionRows(isp.pool)).filter((row) => row.nas === 'from-elsewhere')
    expect(open.map(({ username, endedAt }) => [username, endedAt])).toEqual([
      ['moved4', undefined],
      ['moved5', undefined],
    ])
    expect(open.every(({ inputOctets }, at) => inputOctets < sessions[at]!.counters.inputOctets)).toBe(true)
    expect(compareUsage(isp.ledger.state, await chargedByName(isp.pool))).toEqual([])
    for (const session of sessions) expect(await nas.stop(session, 'User-Request')).toBe(true)
    expect(await isp.differences()).toEqual([])
    expect(compareUsage(isp.ledger.state, await chargedByName(isp.pool))).toEqual([])
  })
})
