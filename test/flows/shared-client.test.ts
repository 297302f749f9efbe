// Three NASes behind one NAT are one client to us, and three devices: what one says of itself touches the others in nothing.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listAlarms } from '../../src/domain/alarm.ts'
import type { NasSession } from '../../src/simulator/nas-session.ts'
import type { SimulatedNas } from '../../src/simulator/nas.ts'
import { useDatabase } from '../support/database.ts'
import { openIsp, sessionRows, type Isp } from '../support/isp.ts'
import { lineMac } from '../support/many-lines.ts'

const towns = ['north', 'south', 'west'] as const

const database = useDatabase()
let isp: Isp
const nases = new Map<string, SimulatedNas>()

beforeAll(async () => {
  isp = await openIsp(database)
  await isp.plan({ sessionLimit: 1 })
  await isp.client('behind-nat', '127.0.0.38')
  for (const [at, town] of towns.entries()) {
    await isp.subscriber(`anna.${town}`)
    await isp.subscriber(`bela.${town}`)
    // The addresses that they call their own are private, and two are the same.
    const nasAddress = at === 2 ? '192.168.88.2' : '192.168.88.1'
    nases.set(town, await isp.nas(`bras-${town}`, '127.0.0.38', { behind: true, nasAddress }))
  }
})
// Behind one address the NASes give out the same private ones.
afterAll(() => isp.close({ I9: /both have 10\.38\./ }))

async function online(town: string, name: string, mac: string): Promise<NasSession> {
  const nas = nases.get(town)!
  const outcome = await nas.dial(isp.dial(`${name}.${town}`, { mac }))
  if (outcome.kind !== 'online') throw new Error(`${name}.${town}: ${outcome.kind}`)
  expect(await outcome.started).toBe(true)
  nas.pass(outcome.session, 60)
  await nas.interim(outcome.session)
  return outcome.session
}

async function open(): Promise<string[]> {
  const rows = await sessionRows(isp.pool)
  return rows.filter(({ endedAt }) => endedAt === undefined).map(({ nas, username }) => `${nas} ${username}`)
}

describe('three NASes behind one address', () => {
  it('keep their sessions apart although the ids are the same, and a reboot ends only its own', async () => {
    for (const [at, town] of towns.entries()) {
      await online(town, 'anna', lineMac(10 + at))
      await online(town, 'bela', lineMac(20 + at))
    }
    expect(await open()).toHaveLength(6)
    await nases.get('south')!.reboot({ tell: true })
    expect(await open()).toEqual([
      'bras-north anna.north',
      'bras-north bela.north',
      'bras-west anna.west',
      'bras-west bela.west',
    ])
    expect(await isp.differences()).toEqual([])
  })

  it('lose no session by an Accounting-On that names nobody, and an operator hears of it', async () => {
    const before = await open()
    await nases.get('west')!.tell('Accounting-On', { unnamed: true })
    expect(await open()).toEqual(before)
    const alarms = await listAlarms(isp.pool)
    expect(alarms).toMatchObject([{ kind: 'unnamed-reboot', subject: 'behind-nat', count: 1n }])
  })
})
