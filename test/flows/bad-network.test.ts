// Loss, duplication and reordering between NAS and server: every login is one session and every octet counts once.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SimulatedNas } from '../../src/simulator/nas.ts'
import { useDatabase } from '../support/database.ts'
import { openIsp, type Isp } from '../support/isp.ts'

const database = useDatabase()
let isp: Isp

beforeAll(async () => {
  isp = await openIsp(database)
  await isp.plan({ sessionLimit: 1 })
  for (let at = 0; at < 20; at += 1) await isp.subscriber(`sub${at}`)
})
afterAll(() => isp.close())

async function playSubscriber(nas: SimulatedNas, at: number): Promise<void> {
  const mac = `02:00:00:00:01:${at.toString(16).padStart(2, '0')}`
  const method = (['pap', 'chap', 'mschapv2'] as const)[at % 3]!
  const outcome = await nas.dial(isp.dial(`sub${at}`, { mac, method }))
  // A modem whose request was lost four times shows an error; it is no session.
  if (outcome.kind !== 'online') return
  await outcome.started
  for (let round = 0; round < 4; round += 1) {
    nas.pass(outcome.session, 120)
    await nas.interim(outcome.session)
  }
  await nas.stop(outcome.session, 'User-Request')
}

describe('a bad network', () => {
  it.each(['mikrotik', 'accel-ppp'] as const)('changes nothing of what is kept from %s', async (vendor) => {
    const nas = await isp.nas(`lossy-${vendor}`, vendor === 'mikrotik' ? '127.0.0.25' : '127.0.0.26', {
      vendor,
      faults: { loss: 0.15, duplicate: 0.15, reorder: 0.15 },
      timers: { timeoutMs: 100, tries: 5 },
    })
    await Promise.all(Array.from({ length: 20 }, (_, at) => playSubscriber(nas, at)))
    await nas.quiet()
    expect(nas.counts().rejected).toBe(0)
    expect(nas.counts().accepted).toBeGreaterThan(15)
    expect(await isp.differences()).toEqual([])
  })
})
