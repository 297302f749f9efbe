// What the benchmark and its generator say to each other: orders in, results out. By IPC, one run a process.

export const works = ['auth-pap', 'auth-chap', 'auth-mschapv2', 'acct-mix', 'storm'] as const
export type Work = (typeof works)[number]

export type Orders = {
  work: Work
  authPort: number
  acctPort: number
  secret: string
  /** Whether replies to logins must carry Message-Authenticator. */
  replySigned: boolean
  window: number
  warmupSeconds: number
  seconds: number
  /** Logins go through all of them, one after the other. */
  subscribers: number
  /** Makes the session ids of this run its own. */
  run: number
}

export type Result = {
  requests: number
  seconds: number
  p50Ms: number
  p99Ms: number
  retransmissions: number
  lost: number
  /** Replies with another code than asked for, or whose authenticators are wrong. */
  wrong: number
  /** Replies to requests that were answered already. */
  late: number
  generatorCpuSeconds: number
}

export type FromGenerator = { kind: 'begin' } | { kind: 'end' } | { kind: 'result'; result: Result }
