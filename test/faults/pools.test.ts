// F56 at full size: two instances hand out of one small pool at once, a thousand times; sessions begin and end in between, and
// another instance sweeps all the while.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createKysely, createPool } from '../../src/db/pool.ts'
import type { Pool } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { claimLeases } from '../../src/domain/ip-pool/lease-claim.ts'
import { sweepLeases } from '../../src/domain/ip-pool/lease-sweep.ts'
import { after, insertPlan, insertSession, insertSubscriber } from '../support/access.ts'
import { useDatabase } from '../support/database.ts'
import { makePool } from '../support/ip-pools.ts'

const database = useDatabase()
const rounds = 1_000
const people: bigint[] = []
let pools: Pool[] = []
let poolId: bigint

beforeAll(async () => {
  pools = ['one', 'two'].map((name) =>
    createPool(database.url, { name, max: 3, synchronousCommit: 'off', hotPath: true }),
  )
  const planId = await insertPlan(database.pool)
  for (let i = 0; i < 50; i++) {
    people.push(await insertSubscriber(database.pool, { username: `crowd${i}`, plan_id: planId }))
  }
  poolId = await makePool(database.pool, { name: 'crowd', ranges: ['10.0.0.1-10.0.0.10'] })
})
afterAll(() => Promise.all(pools.map((pool) => pool.end())))

it(
  `F56: 50 logins on two instances for 10 addresses: no duplicate in ${rounds} rounds`,
  { timeout: 600_000 },
  async () => {
    const db = createKysely<Database>(database.pool)
    let classId = 0n
    let given = 0
    for (let round = 0; round < rounds; round++) {
      const now = after(round * 300)
      const wishOf = (person: number) => ({
        poolId,
        sticky: round % 2 === 0,
        subscriberId: people[person]!,
        line: `mac:${person}`,
        nasGroupId: 1n,
        classId: (classId += 1n),
      })
      const wishes = people.map((_, person) => wishOf(person))
      const [sweeping, ...answers] = await Promise.all([
        sweepLeases(db, { poolIds: [poolId], quietS: 0 }, now),
        ...wishes.map((wish, person) => claimLeases(pools[person % 2]!, [wish], now)),
      ])
      expect(sweeping.static).toBe(0)
      const taken = answers.map(([address]) => address)
      const got = taken.filter((address) => address !== undefined)
      expect(new Set(got).size, `round ${round}`).toBe(got.length)
      given += got.length
      // Half of them come online, and are offline again before the next round but one.
      for (const [person, address] of taken.entries()) {
        if (address === undefined || person % 2 === 1) continue
        const { subscriberId, line, classId: class_id } = wishes[person]!
        await insertSession(database.pool, {
          subscriber_id: subscriberId,
          line,
          class_id,
          framed_ip: address,
          started_at: now,
          ended_at: after(round * 300 + 200),
          ended_by: 'stop',
        })
      }
    }
    // A sweep may hold a row back for a round, never for two.
    expect(given).toBeGreaterThan(rounds * 9)
  },
)
