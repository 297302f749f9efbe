// A file system in memory for the journal, with what a real one only does on a bad day: operations that fail, and a loss of power
// after which of what was not synced anything may be there or not, sector by sector.

import type { JournalFile, JournalFiles } from '../../src/aaa/journal/files.ts'

const sector = 512

type Content = { octets: Buffer; synced: Buffer; dirty: Set<number> }
export type Operation =
  | 'create'
  | 'open'
  | 'write'
  | 'sync'
  | 'read'
  | 'truncate'
  | 'list'
  | 'rename'
  | 'remove'
  | 'syncDirectory'

export type MemoryFiles = JournalFiles & {
  /** Asked before each operation; what it returns is thrown. A file is named by the name that it was opened by. */
  failure: (operation: Operation, name: string) => Error | undefined
  /** Whether these octets of a file can be read; EIO if not. */
  readable: (name: string, from: number, to: number) => boolean
  /** How often each operation was done. */
  readonly counts: Map<Operation, number>
  names(): string[]
  /** What stands in a file, to be looked at or spoilt. */
  octetsOf(name: string): Buffer
  /** Cuts or replaces a file, as if it had always been so. */
  put(name: string, octets: Buffer): void
  /** Power is lost: `chance` (true or false) says of each thing that was not synced whether it got to the disk. */
  losePower(chance: () => boolean): void
  /** A copy of everything, as it stands. */
  clone(): MemoryFiles
}

/** An error as the kernel's. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: told so by the test`), { code })
}

/** An empty file system, or one with these names: as they stand, and as they are on the disk. */
export function createMemoryFiles(current = new Map<string, Content>(), durable = new Map(current)): MemoryFiles {
  const counts = new Map<Operation, number>()

  const step = (operation: Operation, name: string): void => {
    counts.set(operation, (counts.get(operation) ?? 0) + 1)
    const error = files.failure(operation, name)
    if (error !== undefined) throw error
  }
  const find = (name: string): Content => {
    const content = current.get(name)
    if (content === undefined) throw systemError('ENOENT')
    return content
  }
  const files: MemoryFiles = {
    failure: () => undefined,
    readable: () => true,
    counts,
    async create(name) {
      step('create', name)
      if (current.has(name)) throw systemError('EEXIST')
      current.set(name, contentOf(Buffer.alloc(0)))
      return fileOf(find(name), name, { step, readable: (...where) => files.readable(...where) })
    },
    async open(name) {
      step('open', name)
      return fileOf(find(name), name, { step, readable: (...where) => files.readable(...where) })
    },
    async list(directory) {
      step('list', directory)
      return [...current.keys()].map((name) => name.slice(directory.length + 1))
    },
    async rename(from, to) {
      step('rename', from)
      current.set(to, find(from))
      current.delete(from)
    },
    async remove(name) {
      step('remove', name)
      current.delete(name)
    },
    async syncDirectory(directory) {
      step('syncDirectory', directory)
      durable = new Map(current)
    },
    makeDirectory: async () => undefined,
    names: () => [...current.keys()].toSorted(),
    octetsOf: (name) => find(name).octets,
    put(name, octets) {
      current.set(name, contentOf(octets))
      durable.set(name, find(name))
    },
    losePower(chance) {
      const after = new Map(durable)
      for (const name of new Set([...current.keys(), ...durable.keys()])) {
        const content = current.get(name)
        if (content === durable.get(name) || !chance()) continue
        if (content === undefined) after.delete(name)
        else after.set(name, content)
      }
      for (const content of new Set(after.values())) loseSectors(content, chance)
      current = after
      durable = new Map(after)
    },
    clone() {
      const copies = new Map<Content, Content>()
      const copy = (content: Content): Content => {
        const { octets, synced, dirty } = content
        const made = copies.get(content) ?? {
          octets: Buffer.from(octets),
          synced: Buffer.from(synced),
          dirty: new Set(dirty),
        }
        copies.set(content, made)
        return made
      }
      const names = (of: Map<string, Content>) => new Map([...of].map(([name, content]) => [name, copy(content)]))
      return createMemoryFiles(names(current), names(durable))
    },
  }
  return files
}

function contentOf(octets: Buffer): Content {
  return { octets, synced: Buffer.from(octets), dirty: new Set() }
}

function loseSectors(content: Content, chance: () => boolean): void {
  const { octets, synced, dirty } = content
  if (octets.length !== synced.length && !chance()) content.octets = Buffer.from(synced)
  for (const at of dirty) {
    if (at >= content.octets.length || chance()) continue
    const end = Math.min(at + sector, content.octets.length)
    content.octets.fill(0, at, end)
    if (at < synced.length) synced.copy(content.octets, at, at, end)
  }
  content.synced = Buffer.from(content.octets)
  dirty.clear()
}

type Medium = { step(operation: Operation, name: string): void; readable: MemoryFiles['readable'] }

function fileOf(content: Content, name: string, { step, readable }: Medium): JournalFile {
  return {
    async write(octets, at) {
      step('write', name)
      if (at + octets.length > content.octets.length) {
        content.octets = Buffer.concat([content.octets, Buffer.alloc(at + octets.length - content.octets.length)])
      }
      content.octets.set(octets, at)
      for (let from = at - (at % sector); from < at + octets.length; from += sector) content.dirty.add(from)
    },
    async sync() {
      step('sync', name)
      content.synced = Buffer.from(content.octets)
      content.dirty.clear()
    },
    async read(target, at) {
      step('read', name)
      if (!readable(name, at, Math.min(at + target.length, content.octets.length))) throw systemError('EIO')
      return at < content.octets.length ? content.octets.copy(target, 0, at) : 0
    },
    size: async () => content.octets.length,
    async truncate(octets) {
      step('truncate', name)
      content.octets = Buffer.from(content.octets.subarray(0, octets))
    },
    close: async () => undefined,
  }
}
