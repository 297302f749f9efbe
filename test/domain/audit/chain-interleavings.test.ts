import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PoolClient } from 'pg'
import { createPool, withTransaction } from '../../../src/db/pool.ts'
import type { Pool } from '../../../src/db/pool.ts'
import { extendChain } from '../../../src/domain/audit/chain.ts'
import { verifyChain } from '../../../src/domain/audit/verify-chain.ts'
import { noon, rowsOf, useOffice } from '../../support/operator.ts'

const office = useOffice()
/** Of the cluster that the database was restored from: far beyond all of ours. */
const oldNumbers = 10n ** 12n
let writers: Pool
let restores = 0n

beforeAll(() => {
  writers = createPool(office.url, { name: 'writers', max: 6 })
})
afterAll(() => writers.end())

const entry = (client: { query(text: string): Promise<unknown> }, changedBy?: bigint) =>
  client.query(
    `insert into audit_entry (at, author_kind, author_name, action, noun${changedBy === undefined ? '' : ', changed_by'})
     values (now(), 'system', 'writer', 'plan.edit', 'plan'${changedBy === undefined ? '' : `, '${changedBy}'`})`,
  )
const chain = async (): Promise<void> => {
  while ((await extendChain(office.db, noon)).isMore);
}
const unchained = async (): Promise<unknown[]> =>
  rowsOf(
    office,
    `select id, changed_by from audit_entry where not exists (select from audit_chain where entry_id = audit_entry.id)`,
  )
const isWhole = async (): Promise<void> => {
  await chain()
  expect(await unchained()).toEqual([])
  expect(await verifyChain(office.db, undefined)).toMatchObject({ faults: [], waiting: 0 })
}

/**
 * As after a restore from a cluster with far greater transaction numbers: some of its entries are chained, some are not, and
 * the position is one of its numbers.
 */
async function restore(chained: number, waiting: number): Promise<void> {
  restores += 1n
  const number = oldNumbers * restores
  for (let n = 0; n < chained; n += 1) await entry(office.pool, number)
  await chain()
  for (let n = 0; n < waiting; n += 1) await entry(office.pool, number + 5n)
  await office.pool.query(`update audit_chain_position set changed_by = '${number + 1n}'`)
}

describe('after a restore into a cluster with smaller transaction numbers', () => {
  it('an entry whose writer was under way while the sequencer found its place again is chained all the same', async () => {
    await restore(2, 1)
    const client = await writers.connect()
    await client.query('begin')
    await entry(client)
    await entry(office.pool)
    expect(await extendChain(office.db, noon)).toMatchObject({ chained: 2 })
    await client.query('commit')
    client.release()
    await chain()
    expect(await unchained()).toEqual([])
    await isWhole()
  })

  it('finds what its own cluster had not chained yet, once', async () => {
    await restore(3, 3)
    expect(await extendChain(office.db, noon)).toEqual({ chained: 3, isMore: false })
    expect(await extendChain(office.db, noon)).toEqual({ chained: 0, isMore: false })
    await isWhole()
  })

  it('does not look at the old entries again with every run', async () => {
    await restore(4, 0)
    await chain()
    const [position] = await rowsOf(
      office,
      `select floor_id >= (select max(id) from audit_entry where changed_by > pg_snapshot_xmax(pg_current_snapshot())) as above,
         changed_by <= pg_snapshot_xmin(pg_current_snapshot()) as back from audit_chain_position`,
    )
    expect(position).toEqual({ above: true, back: true })
  })

  it('is whole after a second restore on top of the first', async () => {
    await restore(2, 2)
    await entry(office.pool)
    await chain()
    await restore(1, 2)
    await entry(office.pool)
    await isWhole()
    const [floor] = await rowsOf(
      office,
      `select floor_id < (select max(id) from audit_entry) as below from audit_chain_position`,
    )
    expect(floor).toEqual({ below: true })
  })
})

type Step =
  | { kind: 'begin' | 'write' | 'commit' | 'rollback'; writer: number }
  | { kind: 'chain' | 'chain-twice' | 'write-alone' }
  | { kind: 'restore' }

const writer = fc.integer({ min: 0, max: 3 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constantFrom('begin', 'write', 'write', 'commit', 'rollback'), writer }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('chain', 'chain-twice', 'write-alone') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restore' as const) }) },
)

/** Takes the steps with up to four writers of their own transactions; all are committed in the end. */
async function play(steps: readonly Step[]): Promise<void> {
  const open = new Map<number, PoolClient>()
  const begin = async (number: number): Promise<PoolClient> => {
    const client = open.get(number) ?? (await writers.connect())
    if (!open.has(number)) await client.query('begin')
    open.set(number, client)
    return client
  }
  const close = async (number: number, how: 'commit' | 'rollback'): Promise<void> => {
    const client = open.get(number)
    open.delete(number)
    await client?.query(how)
    client?.release()
  }
  const closeAll = async (how: 'commit' | 'rollback'): Promise<void> => {
    for (const number of open.keys()) await close(number, how)
  }
  const take = async (one: Step): Promise<void> => {
    switch (one.kind) {
      case 'chain':
        await extendChain(office.db, noon)
        return
      case 'chain-twice':
        await Promise.all([1, 2].map(() => extendChain(office.db, noon)))
        return
      case 'write-alone':
        await entry(office.pool)
        return
      case 'restore':
        // Nobody writes while a database is restored: who was writing is gone.
        await closeAll('rollback')
        await restore(1, 1)
        return
      case 'begin':
        await begin(one.writer)
        return
      case 'write':
        await entry(await begin(one.writer))
        return
      case 'commit':
      case 'rollback':
        await close(one.writer, one.kind)
    }
  }
  for (const one of steps) await take(one)
  await closeAll('commit')
}

describe('whatever writers and sequencers do in whatever order', () => {
  it('every committed entry is in the chain once, and none that was rolled back', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        await play(steps)
        await isWhole()
        const [counts] = await rowsOf(
          office,
          `select count(*) as links, count(distinct entry_id) as entries, max(sequence) as last from audit_chain`,
        )
        expect(counts!.links).toBe(counts!.entries)
        expect(counts!.links).toBe(counts!.last ?? 0n)
      }),
      { numRuns: 30 },
    )
  })

  it('a link that was written never changes: the head of before is always part of what comes after', async () => {
    await withTransaction(office.pool, (client) => entry(client))
    await chain()
    const [kept] = await rowsOf(office, 'select sequence, hash from audit_chain order by sequence desc limit 1')
    const head = { sequence: kept!.sequence as bigint, hash: kept!.hash as Buffer }
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 10 }), async (steps) => {
        await play(steps)
        await chain()
        expect((await verifyChain(office.db, head)).faults).toEqual([])
      }),
      { numRuns: 8 },
    )
  })
})
