// Outages in which the accounting journal is all there is: the figures of the story; the checker has then found nothing. Small in
// test/flows, at full size in test/faults.
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from './cluster.ts'
import { openWorld, type WorldOptions } from './fault-world.ts'

type Story = Pick<WorldOptions, 'seed' | 'network' | 'subscribers'>

/** Postgres is killed for so long while everybody sends an interim, waits for its answer and then `pauseMs`. */
export async function accountingOutage(input: Story & { seconds: number; pauseMs: number }): Promise<{
  acknowledgedMeanwhile: number
  drainedMs: number
}> {
  const world = await openWorld(input)
  try {
    world.begin({ pauseMs: input.pauseMs, churn: 0.02 })
    await sleep(500)
    await world.postgres.kill()
    const before = world.acknowledged()
    await sleep(input.seconds * 1_000)
    const acknowledgedMeanwhile = world.acknowledged() - before
    await world.postgres.start()
    return { acknowledgedMeanwhile, drainedMs: await world.settle() }
  } finally {
    await world.close()
  }
}

/** Postgres is away, accounting is acknowledged, and the RADIUS process is killed so many times before Postgres is back. */
export async function killWithUndrainedJournal(input: Story & { kills: number }): Promise<{ keptAtDeath: number }> {
  const world = await openWorld(input)
  try {
    world.begin({ pauseMs: 20, churn: 0.02 })
    const hear = async (from: number): Promise<number> => {
      await until(() => world.acknowledged() > from + 10, 30_000, 'accounting is not acknowledged')
      return world.acknowledged() - from
    }
    // It writes at its end what it needs to begin without Postgres; else it would a minute after its start.
    for (const pid of world.service.pids('radius')) process.kill(pid, 'SIGTERM')
    await until(() => world.service.pids('radius').length === 0, 15_000, 'the RADIUS process does not end')
    await hear(world.acknowledged())
    await world.postgres.kill()
    let keptAtDeath = 0
    for (let kill = 0; kill < input.kills; kill += 1) {
      keptAtDeath += await hear(world.acknowledged())
      world.service.kill('radius')
    }
    await world.postgres.start()
    await world.settle()
    return { keptAtDeath }
  } finally {
    await world.close()
  }
}
