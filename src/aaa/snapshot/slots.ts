// Where the record of each slot lies (0: the slot is free), and in which round it was last put.

export type Slots = {
  /** A free slot, marked for the round that runs. */
  take(): number
  giveBack(slot: number): void
  address(slot: number): number
  set(slot: number, address: number): void
  mark(slot: number): void
  beginRound(): void
  taken(): Generator<number>
  /** Those that were neither taken nor marked since the round began. */
  unmarked(): Generator<number>
  octets(): number
}

const fewest = 1_024
/** Half as many more at a time would leave a third unused. */
const growth = 1.25

/** Makes a set in which every slot is free. */
export function createSlots(): Slots {
  let addresses = new Uint32Array(fewest)
  let rounds = new Uint32Array(fewest)
  const free: number[] = []
  let count = 0
  let round = 0

  function* taken(): Generator<number> {
    for (let slot = 0; slot < count; slot++) if (addresses[slot] !== 0) yield slot
  }
  return {
    take() {
      const slot = free.pop() ?? count++
      if (slot >= addresses.length) {
        addresses = longer(addresses)
        rounds = longer(rounds)
      }
      rounds[slot] = round
      return slot
    },
    giveBack(slot) {
      addresses[slot] = 0
      free.push(slot)
    },
    address: (slot) => addresses[slot]!,
    set(slot, address) {
      addresses[slot] = address
    },
    mark(slot) {
      rounds[slot] = round
    },
    beginRound() {
      round += 1
    },
    taken,
    *unmarked() {
      for (const slot of taken()) if (rounds[slot] !== round) yield slot
    },
    octets: () => addresses.byteLength + rounds.byteLength,
  }
}

function longer(numbers: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const more = new Uint32Array(Math.ceil(numbers.length * growth))
  more.set(numbers)
  return more
}
