// A service whose RADIUS process kills itself at a named moment, again in each of its lives, while accounting flows; then the
// checker. Small in test/flows, at full size in test/faults and test/soak.
import { systemClock } from '../../src/clock.ts'
import { createKysely } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { writeSetting } from '../../src/domain/setting.ts'
import type { FailPointName } from '../../src/fail-points.ts'
import { until } from './cluster.ts'
import { openWorld } from './fault-world.ts'

/** Lets it die so many times, at the `hit`-th passing of the point in each life. Resolves with the deaths that were seen. */
export async function dieAt(input: {
  point: FailPointName
  hit: number
  rounds: number
  network: number
  /** Settings that lead the records past this point. */
  settings?: Record<string, string>
  patienceMs: number
}): Promise<{ deaths: number; acknowledged: number }> {
  const { point, hit, rounds, network, patienceMs } = input
  const world = await openWorld({
    seed: point,
    network,
    subscribers: 10,
    serve: { env: { GATEHOUSE_FAIL_POINTS: `${point}=kill@${hit}` } },
  })
  try {
    const db = createKysely<Database>(world.postgres.pool)
    for (const [name, value] of Object.entries(input.settings ?? {}))
      await writeSetting(db, { name, value }, systemClock.now())
    const deaths = (): number =>
      world.service.said.filter(({ msg }) => msg === 'a process died and is started again').length
    world.begin({ pauseMs: 0, churn: 0.05 })
    await until(() => deaths() >= rounds, patienceMs, `the process does not die ${rounds} times at ${point}`)
    await world.settle()
    return { deaths: deaths(), acknowledged: world.acknowledged() }
  } finally {
    await world.close()
  }
}
