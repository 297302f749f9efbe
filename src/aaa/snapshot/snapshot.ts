// What this process last knew of its subscribers (decision 0031): held in memory, kept true each second, written to a file each
// minute. By it logins are decided while Postgres is away, and where Postgres says that nothing of them changed since (access-load.ts).
import * as fs from 'node:fs/promises'
import * as path from 'node:path'
import { serialize } from 'node:v8'
import type { Clock } from '../../clock.ts'
import type { Pool } from '../../db/pool.ts'
import type { AccessKey } from '../../domain/access.ts'
import type { AccessSubject } from '../../domain/access-subject.ts'
import type { Mark } from '../../domain/change-log.ts'
import type { Keyring } from '../../domain/data-key.ts'
import type { House } from '../../domain/house.ts'
import type { Identity, IdentityKey } from '../../domain/identify.ts'
import { subjectOfRow } from '../../domain/snapshot-rows.ts'
import type { Logger } from '../../log.ts'
import type { Metrics } from '../../metrics.ts'
import { createLook } from '../look.ts'
import { readSnapshotFile, removeUnfinished, writeSnapshotFile } from './file.ts'
import { createFollower } from './follower.ts'
import type { Follower, Known } from './follower.ts'
import { identifyFrom } from './lines.ts'
import { key } from './record.ts'
import { createStore } from './store.ts'

/** What was last known. Reads memory of this process, never a socket or a disk. */
export type Snapshot = {
  /** As loadAccess would find it, without usage (`used` undefined) and without other lines (0); undefined: nobody known. */
  subject(key: AccessKey): AccessSubject | undefined
  /** As identifyLines would, `live` always undefined. */
  identify(key: IdentityKey): Identity
  /** When it was last known to be the whole truth (last successful follow); undefined: nothing is held. */
  seenAt(): Date | undefined
  /**
   * The moment of Postgres at which everything that is held was true: what changed since may or may not be held. Undefined: nothing is
   * held, or nobody has looked for a minute.
   */
  trueAt(): Mark | undefined
  /** Subscribers that are held, and the octets of memory that they take, indexes included. */
  size(): { readonly subscribers: number; readonly octets: number }
}

export type RunningSnapshot = Snapshot & {
  /** Which database it was last: another one after a promotion or a restore. Undefined: none was read yet. */
  database(): string | undefined
  /** Looks at the change log now; resolves when everything that was committed before is known. */
  refresh(): Promise<void>
  /** Writes the file now where something changed; resolves when it is on the disk. */
  write(): Promise<void>
  close(): Promise<void>
}

export type SnapshotOptions = {
  /** Of its own: loading a million subscribers must hold up nobody. */
  pool: Pool
  keyring: Keyring
  /** Where `snapshot-<worker>` lies; it must be there. */
  directory: string
  /** Which process of this instance, from 1. Default 1. */
  worker?: number
  /** False: subscribers are never read, only which database it is; nothing is written. Default true. */
  holds?: boolean
  /** Files that nobody reads any more: they are removed when the own one is on the disk. */
  replaces?: readonly string[]
  /** What the file keeps beside the subscribers. */
  house?: () => House | undefined
  /** What a file held, where it was read already. */
  kept?: Known | undefined
  clock: Clock
  log: Pick<Logger, 'info' | 'warn'>
  metrics: Metrics
}

const followMs = 1_000
const writeMs = 60_000
/** Who has just started has as a rule no file that is as good as what it knows. */
const firstWriteMs = 5_000
/** A file that holds everything still says of when it is: it is written anew after so long. */
const rewriteMs = 600_000
/** Beyond this the change log is not asked what became untrue: it is long, and somebody may have emptied it. */
const oldMs = 60_000
/** Writing takes this share of the time at most, however large the file is. */
const writingShare = 0.1

/** Where the file of a worker lies. */
export function snapshotFile(directory: string, worker: number): string {
  return path.join(directory, `snapshot-${worker}`)
}

/** Nothing is known yet. */
export function knowNothing(): Known {
  return { store: createStore(), plans: new Map(), mark: undefined, seenAt: undefined }
}

/**
 * Begins to follow, from what was kept in the file where there is one. Resolves at once: `seenAt` tells when everything is known.
 */
export async function startSnapshot(options: SnapshotOptions): Promise<RunningSnapshot> {
  const running = new Running(options)
  running.start()
  return running
}

/** Owns the timer, and knows what of it is on the disk. */
class Running implements RunningSnapshot {
  readonly #options: SnapshotOptions
  readonly #file: string
  #follower: Follower
  #timer: NodeJS.Timeout | undefined
  #reading: Promise<void> | undefined
  readonly #look = createLook(() => this.#lookOnce())
  #writing: Promise<void> | undefined
  readonly #ending = new AbortController()
  #isBlind = false
  /** A subscriber or plan changed since the file was written. */
  #isChanged = false
  #writtenHouse: Buffer = Buffer.alloc(0)
  /** Before the first look nothing is known that the file does not hold. */
  #hasLooked = false
  #writeAt: number
  #writtenAt: Date | undefined

  constructor(options: SnapshotOptions) {
    this.#options = options
    this.#file = snapshotFile(options.directory, options.worker ?? 1)
    this.#follower = this.#follow(options.kept ?? knowNothing())
    this.#writeAt = options.clock.monotonicMs() + firstWriteMs
  }

  start(): void {
    this.#reading = this.#begin()
    void this.#reading.then(() => this.#tick())
  }

  subject({ username, addressSpaceId }: AccessKey): AccessSubject | undefined {
    const { store, plans } = this.#follower.known()
    const [row, other] = username === '' ? [] : store.find(key.username(username))
    // In the midst of a look a name that changed hands may be two subscribers': then it is not known whose it is.
    if (other !== undefined) return undefined
    return row && subjectOfRow(row, plans, addressSpaceId)
  }

  identify(wanted: IdentityKey): Identity {
    const { store } = this.#follower.known()
    return identifyFrom(store.find, wanted, this.#options.clock.now())
  }

  seenAt(): Date | undefined {
    return this.#follower.known().seenAt
  }

  trueAt(): Mark | undefined {
    const { mark, seenAt } = this.#follower.known()
    if (seenAt === undefined || this.#options.clock.now().getTime() - seenAt.getTime() > oldMs) return undefined
    return mark
  }

  size(): { readonly subscribers: number; readonly octets: number } {
    return this.#follower.known().store.size()
  }

  database(): string | undefined {
    return this.#follower.known().mark?.database
  }

  refresh(): Promise<void> {
    return this.#look.anew()
  }

  write(): Promise<void> {
    this.#writing ??= this.#write().finally(() => (this.#writing = undefined))
    return this.#writing
  }

  async close(): Promise<void> {
    this.#ending.abort()
    clearTimeout(this.#timer)
    await this.#reading
    await this.#look.settled()
    await this.#writing?.catch(() => undefined)
    await this.write().catch((error: unknown) => this.#couldNotWrite(error))
  }

  async #lookOnce(): Promise<void> {
    await this.#reading
    if (await this.#follower.look()) this.#isChanged = true
    this.#hasLooked = true
  }

  #follow(known: Known): Follower {
    const { pool, clock, holds = true } = this.#options
    return createFollower({ pool, clock, holds, signal: this.#ending.signal }, known)
  }

  async #tick(): Promise<void> {
    const { log, clock } = this.#options
    try {
      await this.#look.join()
      if (this.#isBlind) log.info({}, 'the snapshot follows Postgres again')
      this.#isBlind = false
    } catch (error) {
      // Once: an outage must not fill the log.
      if (!this.#isBlind && !this.#ending.signal.aborted)
        log.warn({ error }, 'the snapshot cannot follow Postgres; it is as last seen')
      this.#isBlind = true
    }
    this.#measure()
    if (!this.#ending.signal.aborted && !this.#isBlind && clock.monotonicMs() >= this.#writeAt) {
      const begun = clock.monotonicMs()
      await this.write().catch((error: unknown) => this.#couldNotWrite(error))
      const took = clock.monotonicMs() - begun
      this.#writeAt = clock.monotonicMs() + Math.max(writeMs, took / writingShare)
    }
    if (!this.#ending.signal.aborted) this.#timer = setTimeout(() => void this.#tick(), followMs)
  }

  #couldNotWrite(error: unknown): void {
    this.#options.log.warn(
      { error, file: this.#file },
      'the snapshot could not be written: a start without Postgres needs it',
    )
  }

  #measure(): void {
    const { metrics, clock } = this.#options
    const { subscribers, octets } = this.size()
    const now = clock.now().getTime()
    const seenAt = this.seenAt()
    metrics.snapshotSubscribers.set(subscribers)
    metrics.snapshotOctets.set(octets)
    if (seenAt !== undefined) metrics.snapshotAge.set((now - seenAt.getTime()) / 1000)
    if (this.#writtenAt !== undefined) metrics.snapshotFileAge.set((now - this.#writtenAt.getTime()) / 1000)
  }

  async #begin(): Promise<void> {
    await removeUnfinished(this.#file).catch((error: unknown) => this.#couldNotWrite(error))
    if (this.#options.kept === undefined) await this.#readFile()
  }

  /** One that cannot be read is told and forgotten: everything is then read from Postgres. */
  async #readFile(): Promise<void> {
    const { keyring, log } = this.#options
    const fresh = createStore()
    try {
      const { end } = await readSnapshotFile(this.#file, () => keyring, fresh.putRecord)
      const { plans, mark, seenAt } = end
      this.#follower = this.#follow({ store: fresh, plans, mark, seenAt })
      this.#writtenAt = (await fs.stat(this.#file)).mtime
    } catch (error) {
      if (!isMissing(error)) log.warn({ error, file: this.#file }, 'the kept snapshot is not used')
    }
  }

  async #write(): Promise<void> {
    const { keyring, house: houseOf, clock } = this.#options
    const { store, plans, mark, seenAt } = this.#follower.known()
    const house = houseOf?.()
    // The keys too: a file that only a replaced key file opens must not stay.
    const dataKeys = keyring.rows
    const asOctets = serialize({ house, dataKeys })
    if (mark === undefined || seenAt === undefined || !this.#hasLooked || !this.#isDue(asOctets)) return
    this.#isChanged = false
    try {
      const end = { house, plans, mark, seenAt, subscribers: 0 }
      await writeSnapshotFile(this.#file, { keyring, dataKeys, records: store.records(), end })
    } catch (error) {
      this.#isChanged = true
      throw error
    }
    this.#writtenHouse = asOctets
    this.#writtenAt = clock.now()
    for (const file of this.#options.replaces ?? []) await fs.rm(file, { force: true })
  }

  #isDue(house: Buffer): boolean {
    if (this.#isChanged || this.#writtenAt === undefined || !house.equals(this.#writtenHouse)) return true
    return this.#options.clock.now().getTime() - this.#writtenAt.getTime() >= rewriteMs
  }
}

/** Whether there is no such file. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
