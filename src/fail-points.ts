// Named places where a test can make the process die, fail or wait, to prove what the code promises about that moment.
// Without a test nothing is armed and a point costs one look at an empty map.

/** Where the code can be stopped. */
export const failPointNames = [
  'before_commit',
  'after_commit',
  'before_answer',
  'before_coa',
  'after_coa',
  'bulk_locked',
  'bulk_acted',
  'bulk_recorded',
  'bulk_committed',
  'renewal_locked',
  'renewal_charged',
  'renewal_given',
  'renewal_recorded',
  'renewal_committed',
  'journal_before_fsync',
  'journal_after_fsync',
  'journal_before_mark',
  'key_written',
  'key_wrapped',
  'key_kept',
] as const

export type FailPointName = (typeof failPointNames)[number]

/** kill: SIGKILL to ourselves; throw: FailPointError; pause: wait until disarmed. */
export type FailPointMode = 'kill' | 'throw' | 'pause'

/** Thrown by a fail point that is armed with `throw`. */
export class FailPointError extends Error {
  override name = 'FailPointError'
}

/** Fail points were asked for where they are not allowed, or by a wrong name. */
export class FailPointRefusedError extends Error {
  override name = 'FailPointRefusedError'
}

type Armed = { mode: FailPointMode; remaining: number; released: Promise<void>; release: () => void }

const armed = new Map<FailPointName, Armed>()

/** Does nothing unless a test has armed this name. Await it: `pause` returns when disarmed. */
export function failPoint(name: FailPointName): Promise<void> | undefined {
  if (armed.size === 0) return undefined
  const point = armed.get(name)
  if (point === undefined) return undefined
  point.remaining -= 1
  if (point.remaining > 0) return undefined
  if (point.mode === 'pause') return point.released
  if (point.mode === 'kill') process.kill(process.pid, 'SIGKILL')
  throw new FailPointError(`fail point ${name}`)
}

/** Arms a point for its `hit`-th passing and every one after. Returns the function that disarms it and frees who waits. */
export function armFailPoint(name: FailPointName, mode: FailPointMode, hit = 1): () => void {
  const { promise, resolve } = Promise.withResolvers<void>()
  const point = { mode, remaining: hit, released: promise, release: resolve }
  armed.get(name)?.release()
  armed.set(name, point)
  return () => {
    if (armed.get(name) === point) armed.delete(name)
    point.release()
  }
}

/**
 * Arms the points that the environment names, as `after_commit=kill@3,before_answer=throw`. The configuration lets such a
 * text through in tests only. Throws FailPointRefusedError.
 */
export function armFailPoints(specification: string): void {
  for (const part of specification.split(',')) {
    const [, name, mode, hit] = /^\s*(\w+)=(kill|throw|pause)(?:@(\d+))?\s*$/.exec(part) ?? []
    const known = failPointNames.find((candidate) => candidate === name)
    if (known === undefined) throw new FailPointRefusedError(`there is no such fail point: ${part.slice(0, 40)}`)
    armFailPoint(known, mode === 'kill' || mode === 'throw' ? mode : 'pause', Number(hit ?? 1))
  }
}
