// Long runs: a RADIUS process that runs out of memory, and half an hour of mixed load with small faults, in which nothing may grow.
import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { until } from '../support/cluster.ts'
import { guests, openWorld, tryLogins, type FaultWorld } from '../support/fault-world.ts'
import { outageGuests } from '../support/postgres-faults.ts'
import { residentOctets } from '../support/processes.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)

function world(seed: string, network: number, proxies = false): Promise<FaultWorld> {
  return openWorld({ seed, network, subscribers: 40, others: guests(outageGuests), serve: { proxies } })
}

/** Least squares: how fast the values grow, in their unit by the minute. */
function slopeOf(samples: readonly { minutes: number; value: number }[]): number {
  const mean = (pick: (sample: (typeof samples)[number]) => number): number =>
    samples.reduce((sum, sample) => sum + pick(sample), 0) / samples.length
  const [meanX, meanY] = [mean(({ minutes }) => minutes), mean(({ value }) => value)]
  const covariance = mean(({ minutes, value }) => (minutes - meanX) * (value - meanY))
  return covariance / mean(({ minutes }) => (minutes - meanX) ** 2)
}

it('F08: a RADIUS process that gets no more memory is started again within 3 s, and nothing acknowledged is lost', async () => {
  const stage = await world('F08', 85)
  const { service } = stage
  try {
    stage.begin({ pauseMs: 5 })
    for (let round = 0; round < 5; round += 1) {
      await sleep(10_000)
      const [pid] = service.pids('radius')
      const begun = performance.now()
      // From now on the kernel gives it nothing.
      execFileSync('prlimit', ['--pid', String(pid), '--data=1'])
      await until(() => !service.pids('radius').includes(pid!), 60_000, 'the process lives without memory')
      const died = performance.now()
      const { right } = await tryLogins(stage, { perSecond: 10, seconds: 1, guests: outageGuests })
      say(
        `F08: dead after ${Math.round(died - begun)} ms, ${right.online} of 8 logins within ${Math.round(performance.now() - died)} ms of it`,
      )
      expect(right.rejected).toBe(0)
    }
    await stage.settle()
  } finally {
    await stage.close()
  }
}, 600_000)

it('F44: 30 minutes of mixed load and small faults: memory is flat', async () => {
  const minutes = Number(process.env.GATEHOUSE_TEST_SOAK_MINUTES ?? 30)
  const stage = await world('F44', 86, true)
  const { service, postgres } = stage
  try {
    stage.begin({ pauseMs: 50, churn: 0.05, officeMs: 500 })
    for (const proxy of service.toRadius) proxy.set('both', { loss: 0.02, duplicate: 0.02, reorder: 0.05 })
    const samples: { minutes: number; value: number }[] = []
    const begun = performance.now()
    const passed = (): number => (performance.now() - begun) / 60_000
    const [first] = service.pids('radius')
    for (let second = 0; passed() < minutes; second += 10) {
      const { right } = await tryLogins(stage, { perSecond: 5, seconds: 10, guests: outageGuests })
      expect(right.rejected).toBe(0)
      // Caches and the pools fill in the first minutes.
      if (passed() > Math.min(5, minutes / 4))
        samples.push({ minutes: passed(), value: residentOctets(first!) / 2 ** 20 })
      if (second % 300 === 150) await postgres.killBackend('gatehouse-access')
    }
    const slope = slopeOf(samples)
    const values = samples.map(({ value }) => value)
    say(
      `F44: ${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)} MiB, ${slope.toFixed(2)} MiB by the minute ` +
        `over ${minutes} minutes; ${stage.acknowledged()} records acknowledged`,
    )
    expect(service.pids('radius')).toEqual([first])
    expect(slope).toBeLessThan(1)
    for (const proxy of service.toRadius) proxy.heal()
    await stage.settle()
  } finally {
    await stage.close()
  }
}, 3_600_000)
