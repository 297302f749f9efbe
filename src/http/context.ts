// What the handler of a route is given, and what the whole API lives on.

import type { Request, Response } from 'express'
import type { Clock } from '../clock.ts'
import type { Db } from '../db/schema.ts'
import type { Pool } from '../db/pool.ts'
import type { Author } from '../domain/author.ts'
import type { Keyring } from '../domain/data-key.ts'
import type { AttributeCheck } from '../domain/nas-device.ts'
import type { Caller } from '../domain/operator/caller.ts'
import type { Logger } from '../log.ts'

export type Listening = {
  addresses: readonly string[]
  authPort: number
  acctPort: number
  radsecPort: number | undefined
}

/** What the API lives on: connections, keys, time. */
export type Services = {
  /** Short questions: 5 s at most. */
  db: Db
  pool: Pool
  /** Without a time limit, for exports and imports that stream. */
  longPool: Pool
  longDb: Db
  keyring: Keyring
  clock: Clock
  log: Logger
  /** Whether extra attributes exist and fit, by the dictionary. */
  checkAttribute: AttributeCheck
  /** Folder of files that wait to be fetched or imported. */
  fileDirectory: string
  /** Where NASes reach us, for the scripts that they are given. */
  listening?: () => Listening
  /** What runs by itself. */
  jobs: readonly { name: string; cron: string }[]
}

export type Context<Params = unknown, Query = unknown, Body = unknown> = {
  services: Services
  /** In a route that changes something: its one transaction, committed with the answer. Under row level security for resellers. */
  db: Db
  /** Who asks; for `anybody` routes perhaps nobody, as kind `anonymous`. */
  by: Author
  /** How they are signed in; undefined: not at all. */
  caller: Caller | undefined
  params: Params
  query: Query
  body: Body
  now: Date
  /** For bodies and answers that stream. */
  request: Request
  response: Response
  /** The version that the caller read (If-Match), without quotes. */
  ifMatch: string | undefined
  /** Tells the version of what is answered (ETag). */
  setVersion(version: string): void
  /** Done when the transaction has committed; never when it has not. */
  afterCommit(work: () => void): void
}
