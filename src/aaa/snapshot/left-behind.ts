// The logins that RADIUS processes which are no more let in without Postgres, which must be looked at again, and their snapshots, which
// nobody reads any more.

import type { Logger } from '../../log.ts'
import { findLeftBehind, type StateOf } from '../left-behind.ts'

/** Paths of files. */
export type SnapshotsLeft = { readonly accepts: readonly string[]; readonly snapshots: readonly string[] }

/** Never rejects. */
export async function findSnapshotsLeft(of: StateOf & { log: Pick<Logger, 'info' | 'warn'> }): Promise<SnapshotsLeft> {
  try {
    const left = await findLeftBehind(of)
    const pathsOf = (wanted: string): string[] => left.filter(({ kind }) => kind === wanted).map(({ path }) => path)
    const found = { accepts: pathsOf('degraded-accepts'), snapshots: pathsOf('snapshot') }
    if (found.accepts.length + found.snapshots.length > 0)
      of.log.info(found, 'what RADIUS processes that are no more left behind is taken over')
    return found
  } catch (error) {
    of.log.warn({ error }, 'whether RADIUS processes that are no more left something behind cannot be seen')
    return { accepts: [], snapshots: [] }
  }
}
