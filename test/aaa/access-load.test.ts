import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSubjectLoader } from '../../src/aaa/access-load.ts'
import type { SubjectLoader } from '../../src/aaa/access-load.ts'
import { loadAccess } from '../../src/domain/access.ts'
import type { AccessKey } from '../../src/domain/access.ts'
import { createMetrics } from '../../src/metrics.ts'
import { insertPlan, insertSubscriber, macA, noon } from '../support/access.ts'
import { useDatabase } from '../support/database.ts'
import { openTestKeyring } from '../support/keyring.ts'
import { startTestSnapshot } from '../support/snapshot.ts'

const database = useDatabase()
const context = { zone: 'UTC', now: noon }
const names = ['anna', 'berta', 'carl', 'dora']
const keys: AccessKey[] = [...names, 'nobody'].map((username) => ({
  username,
  line: undefined,
  nasGroupId: 1n,
  addressSpaceId: 1n,
}))
const metrics = createMetrics()
let memory: Awaited<ReturnType<typeof startTestSnapshot>>
let planIds: bigint[]
let ids: bigint[]
let load: SubjectLoader
let close: () => void

beforeAll(async () => {
  const made = await openTestKeyring(database.pool)
  planIds = [await insertPlan(database.pool), await insertPlan(database.pool)]
  ids = []
  for (const username of names) ids.push(await insertSubscriber(database.pool, { username, plan_id: planIds[0]! }))
  memory = await startTestSnapshot(database.url, { keyring: made.keyring })
  await memory.snapshot.refresh()
  load = createSubjectLoader({ pool: database.pool, memory: memory.snapshot, metrics })
  close = made.remove
})
afterAll(async () => {
  await memory.close()
  close()
})

/** How many were read from where since the last call. */
const counted = { memory: 0, tables: 0 }
async function readFrom(): Promise<{ memory: number; tables: number }> {
  const { values } = await metrics.loginsRead.get()
  const of = (from: string) => values.find(({ labels }) => labels.from === from)?.value ?? 0
  const now = { memory: of('memory'), tables: of('tables') }
  const since = { memory: now.memory - counted.memory, tables: now.tables - counted.tables }
  Object.assign(counted, now)
  return since
}

const truth = () => loadAccess(database.pool, keys, context)

describe('the subscribers of a batch', () => {
  it('come from memory while nothing changes, and who is not there is looked for', async () => {
    await memory.snapshot.refresh()
    await readFrom()
    expect(await load(keys, context)).toEqual(await truth())
    expect(await readFrom()).toEqual({ memory: 4, tables: 1 })
  })

  it('come as they are now when one was changed a moment ago, though memory has not looked since', async () => {
    await memory.snapshot.refresh()
    await readFrom()
    await database.pool.query(
      `update subscriber set blocked_at = now(), block_reason = 'unpaid' where username = 'berta'`,
    )
    const found = await load(keys, context)
    expect(found[1]!.blockReason).toBe('unpaid')
    expect(found).toEqual(await truth())
    // One who changed, one who is not there; memory may have looked by itself meanwhile.
    expect((await readFrom()).memory).toBeGreaterThanOrEqual(3)
  })

  it('come from the tables where their plan counts use, and where lines are counted', async () => {
    const counting = await insertPlan(database.pool, { quota_octets: 1_000_000 })
    await database.pool.query('update subscriber set plan_id = $1 where username = $2', [counting, 'carl'])
    await memory.snapshot.refresh()
    await readFrom()
    const found = await load(keys, context)
    expect(found[2]!.used).toEqual({ down: 0n, up: 0n })
    expect(found).toEqual(await truth())
    expect(await readFrom()).toEqual({ memory: 3, tables: 2 })
    await load(keys, { ...context, intervalS: 300 })
    expect(await readFrom()).toEqual({ memory: 0, tables: 5 })
    await database.pool.query('update subscriber set plan_id = $1 where username = $2', [planIds[0], 'carl'])
  })

  it('come from the tables where nothing is held', async () => {
    const without = createSubjectLoader({ pool: database.pool, memory: undefined, metrics })
    await readFrom()
    expect(await without(keys, context)).toEqual(await truth())
    expect(await readFrom()).toEqual({ memory: 0, tables: 5 })
  })

  it('are those of the tables after any changes, in whatever order they are committed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const slow = await database.pool.connect()
        let isUnderWay = false
        const run = async ([what, who, how]: [string, number, (typeof ofOne)[number]]): Promise<void> => {
          if (what === 'look') await memory.snapshot.refresh()
          if (what === 'now') await database.pool.query(...change(how, who))
          // The slow one changes only dora, whom no other does, so that nobody waits for it.
          if (what === 'slow' && !isUnderWay) await slow.query('begin')
          if (what === 'slow') await slow.query(...change(how, 3))
          if (what === 'commit' && isUnderWay) await slow.query(who === 0 ? 'rollback' : 'commit')
          isUnderWay = what === 'slow' || (isUnderWay && what !== 'commit')
          if (what === 'plan' && !isUnderWay) await database.pool.query(...planChange(who))
        }
        try {
          for (const each of steps) {
            await run(each)
            expect(await load(keys, context)).toEqual(await truth())
          }
        } finally {
          await slow.query('rollback')
          slow.release()
        }
      }),
      { numRuns: 40 },
    )
    expect((await readFrom()).memory).toBeGreaterThan(0)
  })
})

const ofOne = ['enabled', 'username', 'device', 'own plan', 'route', 'archived'] as const
const step = fc.tuple(
  fc.constantFrom('look', 'now', 'now', 'slow', 'commit', 'plan'),
  fc.nat(2),
  fc.constantFrom(...ofOne),
)

/** A change of one subscriber; made twice it is mostly undone. */
function change(how: (typeof ofOne)[number], who: number): [string, unknown[]] {
  const [id, name] = [ids[who], names[who]]
  switch (how) {
    case 'enabled':
      return ['update subscriber set enabled = not enabled where id = $1', [id]]
    case 'username':
      return [
        `update subscriber set username = case username when $2 then $2 || 'x' else $2 end where id = $1`,
        [id, name],
      ]
    case 'device':
      return ['insert into device (subscriber_id, mac, bound) values ($1, $2, true) on conflict do nothing', [id, macA]]
    case 'own plan':
      return [
        'update subscriber set plan_id = case plan_id when $2 then $3::bigint else $2 end where id = $1',
        [id, ...planIds],
      ]
    case 'route':
      return [`insert into subscriber_route (subscriber_id, route) values ($1, '10.0.0.0/24')`, [id]]
    case 'archived':
      return ['update subscriber set archived_at = case when archived_at is null then now() end where id = $1', [id]]
  }
}

function planChange(who: number): [string, unknown[]] {
  return ['update plan set up_bps = up_bps + 1 where id = $1', [planIds[who % 2]]]
}
