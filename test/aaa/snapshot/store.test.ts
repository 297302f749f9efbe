import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createStore } from '../../../src/aaa/snapshot/store.ts'
import type { Store } from '../../../src/aaa/snapshot/store.ts'
import { columnOf } from '../../../src/domain/snapshot-rows.ts'
import type { SnapshotRow } from '../../../src/domain/snapshot-rows.ts'
import { snapshotRow } from '../../support/snapshot.ts'

const ids = fc.integer({ min: 1, max: 40 }).map(String)
/** Long ones, so that slabs fill, and one longer than a slab. */
const reason = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: 0, max: 40_000 }) },
  { weight: 1, arbitrary: fc.constant(300_000) },
)
const row = fc
  .record({
    id: ids,
    username: fc.constantFrom('a', 'b', 'c', 'd'),
    circuitId: fc.option(fc.constantFrom('00', '01')),
    reason,
  })
  .map(({ reason: length, ...columns }) =>
    snapshotRow({ ...columns, accountType: 'ipoe', devices: 'x'.repeat(length === 0 ? 0 : 17) + ' '.repeat(length) }),
  )
type Step = { kind: 'put'; row: SnapshotRow } | { kind: 'remove'; id: string } | { kind: 'round'; keep: string[] }
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('put' as const), row }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('remove' as const), id: ids }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('round' as const), keep: fc.uniqueArray(ids) }) },
)

function take(store: Store, model: Map<string, SnapshotRow>, taken: Step): void {
  if (taken.kind === 'put') {
    store.put(taken.row)
    model.set(taken.row[columnOf.id]!, taken.row)
  } else if (taken.kind === 'remove') {
    store.remove(taken.id)
    model.delete(taken.id)
  } else {
    store.beginRound()
    for (const id of taken.keep) if (model.has(id)) store.put(model.get(id)!)
    store.endRound()
    for (const id of model.keys()) if (!taken.keep.includes(id)) model.delete(id)
  }
}

const byId = (rows: readonly SnapshotRow[]) => rows.toSorted((one, other) => Number(one[1]) - Number(other[1]))

function expectSame(store: Store, model: Map<string, SnapshotRow>): void {
  const rows = [...model.values()]
  for (let id = 1; id <= 40; id++) {
    expect(store.find(`i${id}`)).toEqual(model.has(String(id)) ? [model.get(String(id))] : [])
  }
  for (const username of ['a', 'b', 'c', 'd']) {
    const holders = rows.filter((one) => one[columnOf.username] === username)
    expect(byId(store.find(`u${username}`))).toEqual(byId(holders))
  }
  for (const circuit of ['00', '01']) {
    expect(byId(store.find(`c${circuit}`))).toEqual(byId(rows.filter((one) => one[columnOf.circuitId] === circuit)))
  }
  expect([...store.records()]).toHaveLength(model.size)
}

describe('the store', () => {
  it('holds what a map would, under any order of puts, removals, rounds and compactions', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const [store, model] = [createStore(), new Map<string, SnapshotRow>()]
        for (const taken of steps) take(store, model, taken)
        expectSame(store, model)
        expect(store.size().subscribers).toBe(model.size)
      }),
      { numRuns: 60 },
    )
  })

  it('takes the records of another store', () => {
    const [store, copy] = [createStore(), createStore()]
    for (let id = 1; id <= 500; id++) store.put(snapshotRow({ id: String(id), username: `user${id}` }))
    for (const record of store.records()) copy.putRecord(Buffer.from(record))
    for (let id = 1; id <= 500; id++) expect(copy.find(`uuser${id}`)).toEqual(store.find(`uuser${id}`))
    expect(copy.size()).toEqual(store.size())
  })

  it('does not grow when the same subscribers change for ever', () => {
    const store = createStore()
    const put = (round: number) => {
      for (let id = 1; id <= 2_000; id++) {
        store.put(
          snapshotRow({ id: String(id), username: `user${id}`, devices: 'd'.repeat(1_000 + ((id * round) % 97)) }),
        )
      }
    }
    put(1)
    const { octets } = store.size()
    for (let round = 2; round < 30; round++) put(round)
    expect(store.size().subscribers).toBe(2_000)
    expect(store.size().octets).toBeLessThan(2 * octets)
    expect(store.find('uuser1999')).toEqual([
      snapshotRow({ id: '1999', username: 'user1999', devices: 'd'.repeat(1_000 + ((1_999 * 29) % 97)) }),
    ])
  })

  it('lets a username go to another subscriber', () => {
    const store = createStore()
    store.put(snapshotRow({ id: '1', username: 'anna' }))
    store.put(snapshotRow({ id: '2', username: 'anna' }))
    store.put(snapshotRow({ id: '1', username: 'berta' }))
    expect(store.find('uanna').map((one) => one[columnOf.id])).toEqual(['2'])
    expect(store.find('uberta').map((one) => one[columnOf.id])).toEqual(['1'])
  })

  it('keeps subscribers that nobody put in a round that never ended', () => {
    const store = createStore()
    for (const id of ['1', '2']) store.put(snapshotRow({ id, username: `user${id}` }))
    store.beginRound()
    store.put(snapshotRow({ id: '1', username: 'user1' }))
    // The connection broke: the next look begins anew.
    store.beginRound()
    store.put(snapshotRow({ id: '2', username: 'user2' }))
    store.endRound()
    expect(store.find('uuser1')).toEqual([])
    expect(store.find('uuser2')).toHaveLength(1)
  })
})
