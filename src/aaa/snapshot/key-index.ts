// Which slots have a key: a hash table in typed arrays that holds hashes and slots but no keys, so that whoever asks compares.
// Chained, for a key may be that of many (a circuit id that an access node gives to all): each costs the same to add. In parts
// that grow apart, so that no addition moves more than a small part of it.

/** Parts; a power of two. */
const parts = 256
const smallest = 8

export type KeyIndex = {
  add(key: string, slot: number): void
  /** Takes one entry away; nothing happens where it is not there. */
  remove(key: string, slot: number): void
  /** The slots of this key, and rarely of another one with the same hash. */
  find(key: string): number[]
  octets(): number
}

/** Makes an empty one. */
export function createKeyIndex(): KeyIndex {
  const tables = Array.from({ length: parts }, createTable)
  return {
    add(key, slot) {
      const hash = hashOf(key)
      tables[hash % parts]!.add(hash, slot)
    },
    remove(key, slot) {
      const hash = hashOf(key)
      tables[hash % parts]!.remove(hash, slot)
    },
    find(key) {
      const hash = hashOf(key)
      return tables[hash % parts]!.find(hash)
    },
    octets: () => tables.reduce((sum, table) => sum + table.octets(), 0),
  }
}

/** FNV-1a over the text's UTF-16, mixed at the end: near texts fall far apart. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** Entries are numbered from 1; 0 ends a chain. `entries` holds hash, slot and next of each. */
function createTable() {
  let heads = new Uint32Array(smallest)
  let entries = new Uint32Array(3 * (smallest + 1))
  let used = 0
  let unused = 0
  const bucketOf = (hash: number): number => (hash / parts) & (heads.length - 1)

  const grow = (): void => {
    const longer = new Uint32Array(3 * (Math.ceil((used + 1) * 1.5) + 1))
    longer.set(entries)
    entries = longer
    if (entries.length / 3 <= heads.length) return
    heads = new Uint32Array(2 * heads.length)
    // Only full tables grow: every entry is in a chain.
    for (let entry = 1; entry <= used; entry++) {
      const bucket = bucketOf(entries[3 * entry]!)
      entries[3 * entry + 2] = heads[bucket]!
      heads[bucket] = entry
    }
  }
  const take = (): number => {
    if (unused !== 0) {
      const entry = unused
      unused = entries[3 * entry + 2]!
      return entry
    }
    if (3 * (used + 2) > entries.length) grow()
    return ++used
  }
  return {
    add(hash: number, slot: number): void {
      const entry = take()
      const bucket = bucketOf(hash)
      entries[3 * entry] = hash
      entries[3 * entry + 1] = slot
      entries[3 * entry + 2] = heads[bucket]!
      heads[bucket] = entry
    },
    remove(hash: number, slot: number): void {
      const bucket = bucketOf(hash)
      let before = 0
      for (let entry = heads[bucket]!; entry !== 0; before = entry, entry = entries[3 * entry + 2]!) {
        if (entries[3 * entry] !== hash || entries[3 * entry + 1] !== slot) continue
        const next = entries[3 * entry + 2]!
        if (before === 0) heads[bucket] = next
        else entries[3 * before + 2] = next
        entries[3 * entry + 2] = unused
        unused = entry
        return
      }
    },
    find(hash: number): number[] {
      const slots: number[] = []
      for (let entry = heads[bucketOf(hash)]!; entry !== 0; entry = entries[3 * entry + 2]!) {
        if (entries[3 * entry] === hash) slots.push(entries[3 * entry + 1]!)
      }
      return slots
    },
    octets: (): number => heads.byteLength + entries.byteLength,
  }
}
