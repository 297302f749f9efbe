// Slows who guesses: the more logins of one username, line or port were refused for want of a right password, the longer the
// next such refusal is held back, as far as the NAS's patience goes (attack rows R31, R32). Nobody is ever locked out: a right
// password is accepted at once whatever came before it, else anybody could cut off a subscriber by guessing.
// Memory is of one size: counts stand under a hash, and who shares one with a guesser and mistypes waits a little longer.

import { randomInt } from 'node:crypto'

const slots = 65_536
/** So many are free: people mistype, and a modem with an old password redials. */
const free = { username: 10, line: 10, port: 100 }
/** So many times the free ones, and it is held back as long as it may be. */
const fullAt = 4
/** In such a time half of it is forgiven. */
const halfLifeMs = 60_000

export type Guessed = {
  readonly username: string
  /** By MAC, circuit or what the NAS group knows lines by; undefined where the request names none. */
  readonly line: string | undefined
  /** Device and port; what a modem that changes its MAC cannot change. */
  readonly port: string | undefined
}

export type GuessBrake = {
  /** Notes a refusal and says how hard to brake: 0 not at all, 1 as hard as it may be. */
  failed(guess: Guessed, nowMs: number): number
}

/** Makes the brake of a process. `seed` makes hashes of one process unknown to others. */
export function createGuessBrake(seed: number = randomInt(2 ** 31)): GuessBrake {
  const counts = new Float32Array(slots)
  const halvedAt = new Float64Array(slots)
  /** One more under this key: how far beyond what is free. */
  const add = (kind: keyof typeof free, key: string | undefined, nowMs: number): number => {
    if (key === undefined) return 0
    const slot = hash(`${kind} ${key}`, seed) % slots
    // A clock that went back counts from where it is now.
    const since = Math.min(halvedAt[slot]!, nowMs)
    const halvings = Math.floor((nowMs - since) / halfLifeMs)
    halvedAt[slot] = since + halvings * halfLifeMs
    counts[slot] = counts[slot]! / 2 ** halvings + 1
    return (counts[slot] - free[kind]) / (free[kind] * (fullAt - 1))
  }
  return {
    failed({ username, line, port }, nowMs) {
      const most = Math.max(add('username', username, nowMs), add('line', line, nowMs), add('port', port, nowMs))
      return Math.min(1, Math.max(0, most))
    },
  }
}

// FNV-1a, from a seed.
function hash(text: string, seed: number): number {
  let value = 0x811c9dc5 ^ seed
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return value >>> 0
}
