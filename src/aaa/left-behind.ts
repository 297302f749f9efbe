// What RADIUS processes that are no more left in the state directory, after an instance got fewer of them. Each process names what it
// keeps by a kind and its number, from 1; the first process takes care of what the others left.

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** `workers` undefined: nothing is looked for. */
export type StateOf = {
  readonly stateDirectory: string
  readonly worker: number
  readonly workers?: number | undefined
}

export type LeftBehind = { readonly kind: string; readonly worker: number; readonly path: string }

/** `kind-number`, and what was being written under that name, of processes beyond the `workers`. Throws what the file system does. */
export async function findLeftBehind(of: StateOf): Promise<LeftBehind[]> {
  const { stateDirectory, worker, workers } = of
  if (worker !== 1 || workers === undefined) return []
  const names = await readdir(stateDirectory)
  return names.flatMap((name) => {
    const [, kind, number] = /^([a-z-]+)-([1-9]\d*)(?:\.tmp)?$/.exec(name) ?? []
    if (kind === undefined || Number(number) <= workers) return []
    return [{ kind, worker: Number(number), path: join(stateDirectory, name) }]
  })
}
