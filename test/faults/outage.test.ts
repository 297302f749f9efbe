// An outage of Postgres at full size: 15 s, 200 logins a second. The reduced form and the stories around it: test/flows/outage.test.ts.
import { afterEach, describe, expect, it } from 'vitest'
import { acceptedWithin, crowd, expectUnnoticed, lookAtAll, openOutage } from '../support/outage.ts'
import type { Counts, Outage } from '../support/outage.ts'

const print = (line: string) => process.stdout.write(`${line}\n`)
const size = { perSecond: 200, seconds: 15 }
let outage: Outage | undefined
afterEach(async () => {
  await outage?.close()
  outage = undefined
})

const figures = (counts: Counts): string => {
  const { right } = counts
  const within = [0.5, 0.99, 1].map((part) => `${acceptedWithin(counts, part).toFixed(1)} ms`).join(', ')
  return `${right.accepted} of ${right.asked} right logins accepted; half, 99 % and all of them within ${within}`
}

describe('an outage of 15 s at 200 logins a second', () => {
  it('F12, D2, D3: is not noticed, and everybody who was let in is looked at again within a minute of it', async () => {
    outage = await openOutage()
    const { isp, proxy } = outage
    proxy.set({ fresh: 'refuse' })
    proxy.cut()
    const counts = await crowd(isp, size)
    print(`F12: ${figures(counts)}`)
    expectUnnoticed(counts)
    proxy.heal()
    const seconds = await lookAtAll(outage)
    print(`D7: all looked at again after ${seconds.toFixed(1)} s`)
    expect(seconds).toBeLessThan(60)
  }, 120_000)

  it('F15: nor where Postgres hangs with TCP alive', async () => {
    outage = await openOutage()
    const { isp, proxy } = outage
    proxy.set({ fresh: 'silent', blackhole: 'both' })
    const counts = await crowd(isp, size)
    print(`F15: ${figures(counts)}`)
    expectUnnoticed(counts)
    expect(acceptedWithin(counts, 1)).toBeLessThan(900)
    proxy.heal()
    proxy.cut()
  }, 120_000)

  it('F17: nor where every statement takes half a second', async () => {
    outage = await openOutage()
    const { isp, proxy } = outage
    proxy.set({ delayMs: [250, 250] })
    const counts = await crowd(isp, size)
    print(`F17: ${figures(counts)}`)
    expect(counts.right.accepted).toBe(counts.right.asked)
    expect([counts.wrong.accepted, counts.blocked.accepted]).toEqual([0, 0])
    expect(acceptedWithin(counts, 0.99)).toBeLessThan(400)
    proxy.heal()
  }, 120_000)
})
