import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPool } from '../../../src/db/pool.ts'
import type { Pool } from '../../../src/db/pool.ts'
import { insertPlan, insertSubscriber } from '../../support/access.ts'
import { useDatabase } from '../../support/database.ts'
import { runModel, stepsOf } from '../../support/ip-pool-model.ts'
import { makePool } from '../../support/ip-pools.ts'

const database = useDatabase()
let claimPools: Pool[] = []
let planId: bigint
let run = 0

beforeAll(async () => {
  claimPools = ['one', 'two'].map((name) => createPool(database.url, { name, max: 1, hotPath: true }))
  planId = await insertPlan(database.pool)
})
afterAll(() => Promise.all(claimPools.map((pool) => pool.end())))

describe('I9: a pool beside a network', () => {
  it('never gives an address that another has, whatever happens in whatever order', async () => {
    await fc.assert(
      fc.asyncProperty(stepsOf(6), async (steps) => {
        run += 1
        const addresses = [1, 2, 3, 4].map((host) => `10.${run >> 8}.${run & 255}.${host}`)
        const ranges = [`${addresses[0]}-${addresses[3]}`]
        const poolId = await makePool(database.pool, { name: `pool ${run}`, ranges })
        const people: bigint[] = []
        for (let i = 0; i < 6; i++) {
          people.push(await insertSubscriber(database.pool, { username: `model${run}.${i}`, plan_id: planId }))
        }
        await runModel({ pool: database.pool, claimPools, poolId, addresses, people }, steps)
      }),
      { numRuns: 25, endOnFailure: true },
    )
    expect(run).toBe(25)
  })
})
