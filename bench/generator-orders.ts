// What the benchmark and its generator say to each other: orders in, results out, one run a process.

export const works = [
  'auth-pap',
  'auth-chap',
  'auth-mschapv2',
  'auth-wrong',
  'auth-ipoe',
  'acct-start',
  'acct-interim',
  'acct-stop',
  'acct-mix',
  'storm',
  'evening',
] as const
export type Work = (typeof works)[number]

export type Orders = {
  work: Work
  authPort: number
  acctPort: number
  secret: string
  /** Whether replies to logins must carry Message-Authenticator. */
  replySigned: boolean
  /** Requests outstanding in a closed loop. */
  window: number
  /** Requests a second whatever the answers do (open loop); undefined: a closed loop. */
  perSecond?: number
  warmupSeconds: number
  seconds: number
  /** Logins go through all of them, one after the other. */
  subscribers: number
  /** Makes the session ids of this run its own. */
  run: number
  /** So long a request waits for its answer before it is sent again. Default 1,000. */
  patienceMs?: number
  /**
   * Sendings of one request, default 5: then it is lost. In a storm a new request begins instead (new identifier and
   * authenticator), as a dial-in does, until there is an answer.
   */
  tries?: number
}

/** Milliseconds, from when a request was due until its answer or its end: of all that were due in the measured time. */
export type Times = { p50Ms: number; p99Ms: number; p999Ms: number; worstMs: number }

export type Result = Times & {
  /** Right answers in the measured time. */
  requests: number
  seconds: number
  retransmissions: number
  /** Given up; in an open loop also what was due and never sent. */
  lost: number
  /** Requests of a storm that were given up and begun anew. */
  anew: number
  /** Replies with another code than asked for, or whose authenticators are wrong. */
  wrong: number
  /** Replies to requests that were answered already. */
  late: number
  generatorCpuSeconds: number
  /** Of logins and of accounting alone, where the work has them. */
  auth?: Times
  accounting?: Times
  /** First answers in each 100 ms of the measured time. */
  goodput: number[]
}
