// The one table: what happened -> what is sent. A fault of ours is never a reject: silence makes the NAS ask its next server,
// a reject looks like a wrong password (RFC 5080 §2.2.3). An accounting answer means that the record is durable (RFC 2866 §4.1).

import type { RejectReason } from '../domain/access-decision.ts'
import type { Settings } from '../domain/setting.ts'
import { codes } from '../radius/codes.ts'
import type { Code } from '../radius/codes.ts'
import { msChapErrors } from '../radius/ms-chap.ts'
import type { MsChapErrorCode } from '../radius/ms-chap.ts'

export type RejectOutcome = {
  readonly code: typeof codes.accessReject
  /** Held back: guessing and redial storms are slowed. Business reasons are not, the subscriber should know at once. */
  readonly delayed: boolean
  /** The setting whose text is the Reply-Message. */
  readonly text: keyof Settings & `${string}_text`
  /** What MS-CHAP-Error says (RFC 2759 §6). */
  readonly msChapError: MsChapErrorCode
}

const { accountDisabled, badCredentials, noDialIn, passwordExpired } = msChapErrors

/** Whoever has not proved a password gets one and the same answer: nothing tells an unknown name from a wrong password. */
const unproved: RejectOutcome = {
  code: codes.accessReject,
  delayed: true,
  text: 'reject_text',
  msChapError: badCredentials,
}

function refused(text: RejectOutcome['text'], msChapError: MsChapErrorCode): RejectOutcome {
  return { code: codes.accessReject, delayed: false, text, msChapError }
}

/** Every reason for an Access-Reject. */
export const rejectOutcomes: Readonly<Record<RejectReason, RejectOutcome>> = {
  unknown: unproved,
  'realm-refused': unproved,
  'ambiguous-identity': unproved,
  'wrong-password': unproved,
  'credential-cannot': unproved,
  'no-credentials': unproved,
  'several-credentials': unproved,
  'bad-credentials-form': unproved,
  'eap-not-supported': unproved,
  'mschapv1-off': unproved,
  archived: refused('reject_text', accountDisabled),
  disabled: refused('blocked_text', accountDisabled),
  blocked: refused('blocked_text', accountDisabled),
  expired: refused('expired_text', passwordExpired),
  'nas-not-allowed': refused('reject_text', noDialIn),
  'mac-not-bound': refused('reject_text', noDialIn),
  'wrong-interface': refused('reject_text', noDialIn),
  'quota-exhausted': refused('quota_text', noDialIn),
  'too-many-sessions': refused('sessions_text', noDialIn),
  // Nothing that the subscriber could mend: redialling at once would only make a storm.
  'pool-exhausted': { ...refused('reject_text', noDialIn), delayed: true },
}

/** What else can happen; undefined is silence. */
export const answerCodes = {
  /** Into full service or the walled garden alike. */
  accepted: codes.accessAccept,
  /** The decision could not be made, or its reply not be built. */
  'access-fault': undefined,
  recorded: codes.accountingResponse,
  /** On the disk here; Postgres gets it from there. */
  kept: codes.accountingResponse,
  /** Nothing to record in it, but a NAS without an answer would repeat it for ever (RFC 2866 §5.1). */
  'accounting-ignored': codes.accountingResponse,
  /** Not durable: the NAS repeats it. */
  'accounting-fault': undefined,
} as const satisfies Record<string, Code | undefined>

const longestDelayMs = 1_000
/** What is left of the NAS's patience is for the way and the load. */
const shareOfPatience = 0.6
/** Of somebody who guesses; see guess-brake.ts. */
const guessing = { longestDelayMs: 8_000, shareOfPatience: 0.8 }
const jitter = 0.1

/**
 * How long to hold back a delayed reject: the smaller of 1 s and 0.6 of the time that the NAS waits in all, less up to a
 * tenth of it. A later one would never be heard. `random` is from 0 to 1; so is `brake`, with which both bounds rise to 8 s
 * and 0.8.
 */
export function rejectDelayMs(patienceMs: number, random: number, brake = 0): number {
  const longest = between(longestDelayMs, guessing.longestDelayMs, brake)
  const share = between(shareOfPatience, guessing.shareOfPatience, brake)
  return Math.round(Math.min(longest, share * patienceMs) * (1 - jitter * random))
}

function between(from: number, to: number, part: number): number {
  return from + (to - from) * part
}
