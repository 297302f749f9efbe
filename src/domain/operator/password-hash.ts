// Passwords of operators and of the portal as argon2id, in PHC strings (RFC 9106). Hashing takes tens of milliseconds on
// purpose: call it outside of any transaction. It runs on threads of its own; at most a few at a time, since each takes 19 MB.

import { hash, verify } from '@node-rs/argon2'

/** OWASP's first choice for argon2id with one lane: 19 MiB, two passes. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }
/** More at once only wait for each other and take memory. */
const atOnce = 4

let stranger: Promise<string> | undefined
let running = 0
const waiting: (() => void)[] = []

/** The PHC string of a password, under a salt of its own. */
export function hashPassword(password: string): Promise<string> {
  return inTurn(() => hash(password.normalize('NFKC'), cost))
}

/**
 * Whether the password is that of the PHC string. Without one (unknown account, no password set) it answers false after the same
 * work, so that the time tells nobody which accounts there are.
 */
export async function isPassword(phc: string | null | undefined, password: string): Promise<boolean> {
  const isRight = await inTurn(async () => verify(phc ?? (await strangerHash()), password.normalize('NFKC')))
  return isRight && typeof phc === 'string'
}

/** Whether it was made at another cost than ours is now, and should be made anew while the password is at hand. */
export function isOutdated(phc: string): boolean {
  return !phc.startsWith(`$argon2id$v=19$m=${cost.memoryCost},t=${cost.timeCost},p=${cost.parallelism}$`)
}

/** What an unknown account is compared with; made once. */
function strangerHash(): Promise<string> {
  stranger ??= hash('nobody has this password', cost)
  return stranger
}

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve))
  else running += 1
  try {
    return await work()
  } finally {
    const next = waiting.shift()
    if (next === undefined) running -= 1
    else next()
  }
}
