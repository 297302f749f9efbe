// Records of octets in slabs outside the heap of JavaScript, which would look at every one of a million objects. Records are
// appended; what is no longer needed is waste until its slab is the emptiest and its living records are appended anew.
//
// A record: number of its owner (4 octets) | length (4) | octets, padded to 8. Its address counts units of 8 octets; 0 is none.

/** An address is a number of 32 bits: 2^17 slabs of 2^15 units. */
const unit = 8
const unitsPerSlab = 2 ** 15
const slabOctets = unitsPerSlab * unit
const headOctets = 8
/** Waste up to this share of all is left alone. */
const waste = 0.25

type Slab = {
  readonly octets: Buffer
  used: number
  live: number
}

export type Arena = {
  /** Keeps octets for an owner (0 to 2^32 - 1); returns where. */
  append(owner: number, octets: Uint8Array): number
  /** The octets at an address, valid until the next call that changes the arena. */
  read(address: number): Buffer
  /** They are no longer needed. */
  release(address: number): void
  /** Memory that is taken, waste included. */
  octets(): number
  /**
   * Empties the slab with the least in it where too much is waste. `isAt` says whether an owner's record is at an address;
   * `moved` is told where it is now.
   */
  compact(isAt: (owner: number, address: number) => boolean, moved: (owner: number, address: number) => void): void
}

/** Makes an empty one. */
export function createArena(): Arena {
  const slabs = createSlabs()
  let current = -1
  let live = 0

  const slabFor = (length: number): number => {
    // What is longer than a slab gets one of its own.
    if (length + unit > slabOctets) return slabs.add(length + unit)
    const slab = slabs.all[current]
    if (slab === undefined || slab.used + length > slab.octets.length) current = slabs.add(slabOctets)
    return current
  }
  const append = (owner: number, record: Uint8Array): number => {
    const length = recordOctets(record.length)
    const at = slabFor(length)
    const slab = slabs.all[at]!
    const start = slab.used
    slab.octets.writeUInt32LE(owner, start)
    slab.octets.writeUInt32LE(record.length, start + 4)
    slab.octets.set(record, start + headOctets)
    slab.used += length
    slab.live += length
    live += length
    return at * unitsPerSlab + start / unit
  }
  return {
    append,
    read: (address) => recordAt(slabs.all[Math.floor(address / unitsPerSlab)]!, (address % unitsPerSlab) * unit),
    octets: slabs.octets,
    release(address) {
      const at = Math.floor(address / unitsPerSlab)
      const slab = slabs.all[at]!
      const length = recordOctets(slab.octets.readUInt32LE((address % unitsPerSlab) * unit + 4))
      slab.live -= length
      live -= length
      if (slab.live === 0 && at !== current) slabs.drop(at)
    },
    compact(isAt, moved) {
      if (slabs.octets() - live < waste * slabs.octets() + 2 * slabOctets) return
      const from = emptiest(slabs.all, current)
      const slab = slabs.all[from]
      if (slab === undefined) return
      for (const start of recordsOf(slab, from === 0 ? unit : 0)) {
        const owner = slab.octets.readUInt32LE(start)
        if (!isAt(owner, from * unitsPerSlab + start / unit)) continue
        const record = recordAt(slab, start)
        live -= recordOctets(record.length)
        moved(owner, append(owner, record))
      }
      slabs.drop(from)
    },
  }
}

/** Slabs by number; the number of one that was dropped is given again. */
function createSlabs() {
  const all: (Slab | undefined)[] = []
  const free: number[] = []
  let octets = 0
  return {
    all,
    octets: () => octets,
    add(length: number): number {
      const at = free.pop() ?? all.length
      // The first unit of the first slab is left out: address 0 is none.
      all[at] = { octets: Buffer.allocUnsafeSlow(length), used: at === 0 ? unit : 0, live: 0 }
      octets += length
      return at
    },
    drop(at: number): void {
      octets -= all[at]!.octets.length
      all[at] = undefined
      free.push(at)
    },
  }
}

/** The slab, other than the current one, of which the least is needed; -1: there is no other. */
function emptiest(slabs: readonly (Slab | undefined)[], current: number): number {
  let [found, least] = [-1, Infinity]
  for (const [at, slab] of slabs.entries()) {
    if (slab === undefined || at === current || slab.live / slab.used >= least) continue
    found = at
    least = slab.live / slab.used
  }
  return found
}

function recordAt({ octets }: Slab, start: number): Buffer {
  return octets.subarray(start + headOctets, start + headOctets + octets.readUInt32LE(start + 4))
}

function recordOctets(length: number): number {
  return headOctets + Math.ceil(length / unit) * unit
}

/** Where the records of a slab begin. */
function* recordsOf(slab: Slab, first: number): Generator<number> {
  let start = first
  while (start < slab.used) {
    yield start
    start += recordOctets(slab.octets.readUInt32LE(start + 4))
  }
}
