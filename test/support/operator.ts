// What an operator's test needs: a kysely over the test database, a keyring, an instant, and the columns of one row.
import { afterAll, beforeAll } from 'vitest'
import { createKysely } from '../../src/db/pool.ts'
import type { Pool } from '../../src/db/pool.ts'
import type { Database, Db } from '../../src/db/schema.ts'
import { ownAuthor, type Author } from '../../src/domain/author.ts'
import type { Keyring } from '../../src/domain/data-key.ts'
import type { NewPlan } from '../../src/domain/plan.ts'
import { addPlan } from '../../src/domain/plan.ts'
import { useDatabase } from './database.ts'
import { openTestKeyring } from './keyring.ts'

export const noon = new Date('2026-11-22T12:00:00Z')
export const hours = (count: number, from = noon): Date => new Date(from.getTime() + count * 3_600_000)

export type Office = {
  readonly url: string
  readonly pool: Pool
  readonly db: Db
  readonly keyring: Keyring
  readonly keyFile: string
  /** Of deeds that the test does itself. */
  readonly author: Author
}

/** A migrated database of its own for the test file, with its keyring. */
export function useOffice(): Office {
  const database = useDatabase()
  let keys: Awaited<ReturnType<typeof openTestKeyring>> | undefined
  let db: Db | undefined
  beforeAll(async () => {
    keys = await openTestKeyring(database.pool)
    db = createKysely<Database>(database.pool)
  })
  afterAll(() => keys?.remove())
  return {
    get url() {
      return database.url
    },
    get pool() {
      return database.pool
    },
    get db() {
      return db!
    },
    get keyring() {
      return keys!.keyring
    },
    get keyFile() {
      return keys!.keyFile
    },
    get author() {
      return ownAuthor('system', 'test', keys!.keyring)
    },
  }
}

/** Adds a plan: 50M down, 20M up, 30 days, unless said otherwise. */
export function makePlan(
  office: Pick<Office, 'db'>,
  input: Partial<NewPlan> & { name: string },
): Promise<{ id: bigint }> {
  return addPlan(office.db, { down: '50M', up: '20M', days: 30, ...input }, () => undefined, noon)
}

/** The rows of a statement. */
export async function rowsOf(
  office: Pick<Office, 'pool'>,
  text: string,
  values: unknown[] = [],
): Promise<Record<string, unknown>[]> {
  return (await office.pool.query<Record<string, unknown>>(text, values)).rows
}

/** Puts an open session of a subscriber into the database and returns its id. */
export async function openSession(
  office: Pick<Office, 'pool'>,
  subscriberId: bigint,
  acctSessionId: string,
  changes: { endedAt?: Date; parentId?: bigint } = {},
): Promise<bigint> {
  const [row] = await rowsOf(
    office,
    `insert into session (nas_id, acct_session_id, epoch, subscriber_id, username, nas_group_id, address_space_id, started_at,
       event_at, updated_at, ended_at, parent_id, service, framed_ip)
     values (1, $1, 1, $2, 'x', 1, 1, $3, $3, $3, $4, $5, case when $5::bigint is not null then 'internet' end, '10.9.9.9')
     returning id`,
    [acctSessionId, subscriberId, noon, changes.endedAt ?? null, changes.parentId ?? null],
  )
  return row!.id as bigint
}
