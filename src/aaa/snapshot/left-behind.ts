// What RADIUS processes that are no more left in the state directory, after an instance got fewer of them: the logins that they let in
// without Postgres, which must be looked at again, and snapshots that nobody reads any more. The first process takes care of them.

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '../../log.ts'

/** Paths of files. */
export type LeftBehind = { readonly accepts: readonly string[]; readonly snapshots: readonly string[] }

const nothing: LeftBehind = { accepts: [], snapshots: [] }

/** For the process with this number, from 1, of so many; `workers` undefined: nothing is looked for. Never rejects. */
export async function findLeftBehind(of: {
  readonly stateDirectory: string
  readonly worker: number
  readonly workers?: number | undefined
  readonly log: Pick<Logger, 'info' | 'warn'>
}): Promise<LeftBehind> {
  const { stateDirectory, worker, workers, log } = of
  if (worker !== 1 || workers === undefined) return nothing
  try {
    const found = { accepts: [] as string[], snapshots: [] as string[] }
    for (const name of await readdir(stateDirectory)) {
      const [, kind, number] = /^(degraded-accepts|snapshot)-([1-9]\d*)(?:\.tmp)?$/.exec(name) ?? []
      if (Number(number ?? 0) <= workers) continue
      found[kind === 'snapshot' ? 'snapshots' : 'accepts'].push(join(stateDirectory, name))
    }
    if (found.accepts.length + found.snapshots.length > 0)
      log.info(found, 'what RADIUS processes that are no more left behind is taken over')
    return found
  } catch (error) {
    log.warn({ error }, 'whether RADIUS processes that are no more left something behind cannot be seen')
    return nothing
  }
}
