// Asks a NAS whether it takes orders: a CoA-Request (where it takes none, a Disconnect-Request) about a session that cannot exist.
// Whatever it answers, most often a NAK with Error-Cause 503, it has heard us (RFC 5176 §3.5); nothing changes there.

import { randomBytes } from 'node:crypto'
import { networkInterfaces } from 'node:os'
import type { CoaTarget } from '../domain/coa-target.ts'
import { createSecret } from '../radius/authenticator.ts'
import { createRadiusClient, type ExchangeOutcome } from '../radius/client.ts'
import { codes } from '../radius/codes.ts'

export type Probe =
  | { readonly kind: 'answered'; readonly from: string | undefined; readonly roundTripMs: number }
  /** Answers came, signed with another secret. */
  | { readonly kind: 'bad-secret' }
  /** Only from another address of this machine than the one that it sends to. */
  | { readonly kind: 'other-source'; readonly from: string; readonly answeredFrom: string }
  | { readonly kind: 'silent' }
  /** It speaks to an address that this machine does not have. */
  | { readonly kind: 'not-ours' }
  | { readonly kind: 'failed'; readonly error: string }
  | { readonly kind: 'unknown-address' | 'no-secret' | 'off' }

/** More are not tried: each silence takes seconds. */
const mostSources = 3
const acctSessionId = 44
const eventTimestamp = 55

/** Asks; rejects never. `monotonicMs` is a clock that does not go back. */
export async function probeOrders(target: CoaTarget, now: Date, monotonicMs: () => number): Promise<Probe> {
  const { nas, address, secrets, heardOn } = target
  if (!nas.settings.coa && !nas.settings.disconnect) return { kind: 'off' }
  if (address === undefined) return { kind: 'unknown-address' }
  if (secrets.length === 0) return { kind: 'no-secret' }
  const ask = (from: string | undefined): Promise<ExchangeOutcome> =>
    askFrom({ ...target, address }, from, now, monotonicMs)
  const outcome = await ask(heardOn)
  if (outcome.kind === 'reply') {
    return { kind: 'answered', from: heardOn, roundTripMs: Math.round(outcome.roundTripMs) }
  }
  if (outcome.kind === 'error') return failureOf(outcome.error)
  if (outcome.badReplies > 0) return { kind: 'bad-secret' }
  if (heardOn === undefined) return { kind: 'silent' }
  const others = await Promise.all(otherSources(heardOn).map(async (from) => ({ from, answer: await ask(from) })))
  const answered = others.find(({ answer }) => answer.kind === 'reply')
  return answered === undefined
    ? { kind: 'silent' }
    : { kind: 'other-source', from: heardOn, answeredFrom: answered.from }
}

type Asked = CoaTarget & { readonly address: string }

/** Under each secret that is valid, while none is answered: during a rotation the NAS may have either. */
async function askFrom(
  { nas, address, port, secrets }: Asked,
  from: string | undefined,
  now: Date,
  monotonicMs: () => number,
): Promise<ExchangeOutcome> {
  const client = createRadiusClient({ ...(from === undefined ? {} : { localAddress: from }), now: monotonicMs })
  try {
    let outcome: ExchangeOutcome | undefined
    for (const secret of secrets) {
      const next = await client.exchange({
        address,
        port,
        secret: createSecret(secret),
        code: nas.settings.coa ? codes.coaRequest : codes.disconnectRequest,
        attributes: probeAttributes(now),
        timeoutMs: nas.settings.coa_timeout_ms,
        tries: Math.min(2, nas.settings.coa_tries),
        backoff: 1,
      })
      if (next.kind !== 'timeout') return next
      if (outcome?.kind !== 'timeout' || next.badReplies > outcome.badReplies) outcome = next
    }
    return outcome ?? { kind: 'timeout', tries: 0, badReplies: 0 }
  } finally {
    client.close()
  }
}

/** A name that no NAS gives a session, anew each time, and the time, without which some take it for a replay. */
function probeAttributes(now: Date): Buffer {
  const name = Buffer.from(`gatehouse-doctor-${randomBytes(8).toString('hex')}`)
  const stamp = Buffer.from([eventTimestamp, 6, 0, 0, 0, 0])
  stamp.writeUInt32BE(Math.floor(now.getTime() / 1000), 2)
  return Buffer.concat([Buffer.from([acctSessionId, name.length + 2]), name, stamp])
}

function failureOf(error: unknown): Probe {
  if (error instanceof Error && 'code' in error && error.code === 'EADDRNOTAVAIL') return { kind: 'not-ours' }
  return { kind: 'failed', error: error instanceof Error ? error.message : String(error) }
}

/** Further addresses of this machine; loopback ones only beside another loopback one. */
function otherSources(heardOn: string): string[] {
  const all = Object.values(networkInterfaces()).flatMap((entries) => entries ?? [])
  const isLoopback = heardOn === '::1' || heardOn.startsWith('127.')
  return all
    .filter(({ internal, address }) => internal === isLoopback && !address.toLowerCase().startsWith('fe80:'))
    .map(({ address }) => address)
    .filter((address) => address !== heardOn && address.includes(':') === heardOn.includes(':'))
    .slice(0, mostSources)
}
