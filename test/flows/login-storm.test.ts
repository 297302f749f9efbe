// A BRAS has rebooted and all of its subscribers dial in at the same moment, with the short patience of RouterOS.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { useDatabase } from '../support/database.ts'
import { openIsp, sessionRows, type Isp } from '../support/isp.ts'
import { playStorm } from '../support/login-storm.ts'
import { lineMac } from '../support/many-lines.ts'

const database = useDatabase()
const subscribers = 300
let isp: Isp

beforeAll(async () => {
  isp = await openIsp(database)
  await isp.plan({ sessionLimit: 1 })
  for (let at = 0; at < subscribers; at += 1) await isp.subscriber(`sub${at}`)
})
afterAll(() => isp.close())

it('F39: after a reboot everybody is online again, without a reject, each with one session', async () => {
  const nas = await isp.nas('storm', '127.0.64.1', { timers: { timeoutMs: 300, tries: 3 } })
  const dials = Array.from({ length: subscribers }, (_, at) => isp.dial(`sub${at}`, { mac: lineMac(at) }))
  const storm = { nas, dials, spreadMs: 500, retryMs: [300, 900] as const, seed: 'storm' }
  expect(await playStorm(storm)).toMatchObject({ online: subscribers, rejected: 0 })
  // Once more, now that all of them have a session that their NAS knows nothing of any more.
  const again = await playStorm(storm)
  expect(again).toMatchObject({ online: subscribers, rejected: 0 })
  expect(again.allOnlineMs).toBeLessThan(10_000)
  const open = (await sessionRows(isp.pool)).filter(({ endedAt }) => endedAt === undefined)
  expect(new Set(open.map(({ username }) => username)).size).toBe(subscribers)
  expect(open.length).toBe(subscribers)
  expect(await isp.differences()).toEqual([])
}, 60_000)
