import { beforeAll, describe, expect, it } from 'vitest'
import { createTestClock } from '../../src/clock.ts'
import { writeDegradedAccepts } from '../../src/domain/degraded-accept.ts'
import { jobs } from '../../src/jobs/list.ts'
import { lookAgainWorker } from '../../src/jobs/look-again.ts'
import { workers, type WorkerContext } from '../../src/jobs/workers.ts'
import { after, noon, testFacts } from '../support/access.ts'
import { useDatabase } from '../support/database.ts'
import { makeOnline, reasonsOf } from '../support/watch.ts'
import { openWorkerContext } from '../support/worker-context.ts'

const database = useDatabase()
let context: WorkerContext

beforeAll(async () => {
  context = await openWorkerContext(database.pool, createTestClock(noon))
})

const work = () => lookAgainWorker.work(context, new AbortController().signal)

async function letIn(classId: bigint, subscriberId: bigint, nasId = 1n): Promise<void> {
  const whose = { subscriberId, nasId, nasGroupId: 1n, line: undefined, facts: testFacts() }
  const accept = { classId, ...whose, unchecked: [], seenAt: after(-20), decidedAt: after(-10) }
  await writeDegradedAccepts(database.pool, [accept], noon)
}

describe('the worker that looks again', () => {
  it('runs each second in the admin process', () => {
    expect(workers).toContain(lookAgainWorker)
    expect(lookAgainWorker.everyMs).toBe(1_000)
  })

  it('orders about who was let in and should not be, and says whether there is more', async () => {
    const anna = await makeOnline(database.pool, { subscriber: { enabled: false }, session: { class_id: 4_711n } })
    await letIn(4_711n, anna.id)
    expect(await work()).toBe(false)
    // Its NAS is none of ours any more: what is true of the subscriber is found at the delivery.
    expect(await reasonsOf(database.pool, anna.id)).toEqual(['archived'])
    for (let n = 1n; n <= 500n; n++) await letIn(n, 999_999n)
    expect([await work(), await work()]).toEqual([true, false])
  })

  it('leaves what is done with to the nightly job', async () => {
    await database.pool.query(`update degraded_accept set next_at = null, written_at = $1`, [after(-8 * 86_400)])
    const job = jobs.find(({ name }) => name === 'trim-logs')!
    const { pool, db, keyring, log } = context
    expect(await job.run({ pool, db, keyring, now: noon, zone: 'UTC', log })).toMatchObject({ degraded: 501 })
  })
})
