// Every subscriber in memory, compactly and outside the heap of JavaScript (decision 0031): records in an arena, found by their
// keys. A slot is the number by which the index names a record wherever it lies.

import { columnOf } from '../../domain/snapshot-rows.ts'
import type { SnapshotRow } from '../../domain/snapshot-rows.ts'
import { createArena } from './arena.ts'
import { createKeyIndex } from './key-index.ts'
import { decodeRow, encodeRow, hasKey, key, keysOf } from './record.ts'
import { createSlots } from './slots.ts'

export type Store = {
  /** Keeps a subscriber in place of what was kept under its id. */
  put(row: SnapshotRow): void
  /** The same from the octets that `records` gave. Throws RangeError for what is no record. */
  putRecord(octets: Buffer): void
  remove(id: string): void
  /** The subscribers with a key (record.ts), in no order. */
  find(wanted: string): SnapshotRow[]
  /** From here on whoever is put is of this round … */
  beginRound(): void
  /** … and who was not put in it is removed. */
  endRound(): void
  /** Every record, each valid until the next is asked for. What changes meanwhile comes as it was or as it is. */
  records(): Generator<Buffer>
  size(): { readonly subscribers: number; readonly octets: number }
}

/** Makes an empty one. */
export function createStore(): Store {
  const arena = createArena()
  const index = createKeyIndex()
  const slots = createSlots()
  let subscribers = 0

  const rowOf = (slot: number): SnapshotRow => decodeRow(arena.read(slots.address(slot)))
  const slotOf = (id: string): number | undefined =>
    index.find(key.id(id)).find((slot) => rowOf(slot)[columnOf.id] === id)
  const setKeys = (slot: number, before: readonly string[], now: readonly string[]): void => {
    for (const gone of before) if (!now.includes(gone)) index.remove(gone, slot)
    for (const added of now) if (!before.includes(added)) index.add(added, slot)
  }
  const drop = (slot: number): void => {
    setKeys(slot, keysOf(rowOf(slot)), [])
    arena.release(slots.address(slot))
    slots.giveBack(slot)
    subscribers -= 1
  }
  const add = (row: SnapshotRow): number => {
    const slot = slots.take()
    setKeys(slot, [], keysOf(row))
    subscribers += 1
    return slot
  }
  const keep = (row: SnapshotRow, octets: Buffer): void => {
    const known = slotOf(row[columnOf.id]!)
    if (known !== undefined) {
      slots.mark(known)
      if (arena.read(slots.address(known)).equals(octets)) return
      setKeys(known, keysOf(rowOf(known)), keysOf(row))
      arena.release(slots.address(known))
    }
    const slot = known ?? add(row)
    slots.set(slot, arena.append(slot, octets))
    arena.compact((owner, address) => slots.address(owner) === address, slots.set)
  }
  return {
    put: (row) => keep(row, encodeRow(row)),
    putRecord: (octets) => keep(decodeRow(octets), octets),
    remove(id) {
      const slot = slotOf(id)
      if (slot !== undefined) drop(slot)
    },
    find: (wanted) =>
      index
        .find(wanted)
        .map(rowOf)
        .filter((row) => hasKey(row, wanted)),
    beginRound: slots.beginRound,
    endRound() {
      for (const slot of slots.unmarked()) drop(slot)
    },
    *records() {
      for (const slot of slots.taken()) yield arena.read(slots.address(slot))
    },
    size: () => ({ subscribers, octets: arena.octets() + index.octets() + slots.octets() }),
  }
}
