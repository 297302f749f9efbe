// Where the RADIUS servers count, and what they say in the log: every drop has its reason, and a drop whose mend is known
// says it. One line a minute for each client and reason.
import type { Clock } from '../clock.ts'
import { createLimiter, type Logger } from '../log.ts'
import { countBy } from '../metrics.ts'
import type { Metrics, Tally } from '../metrics.ts'
import type { TallyKind } from '../domain/doctor/tally.ts'
import type { Client } from '../nas/registry.ts'
import { codeName } from '../radius/codes.ts'
import type { DropReason, RadiusCounters } from '../radius/counters.ts'
import type { NasTally } from './nas-tally.ts'

const oncePerMs = 60_000

/** What an operator can do about a drop; reasons without a mend are only counted. */
const mends: Partial<Record<DropReason, (client: string) => string>> = {
  unsigned: (client) =>
    `unsigned Access-Request from ${client}: make the NAS sign (RouterOS 7.15: require-message-auth), or set policy auto`,
  'proxy-state-unsigned': (client) =>
    `unsigned Access-Request with Proxy-State from ${client}: make the proxy sign, or declare it a trusted proxy`,
  'missing-message-authenticator': (client) =>
    `Status-Server from ${client} has no Message-Authenticator: it must sign`,
  'bad-authenticator': (client) => `the shared secret of ${client} differs from ours: set the same one on both sides`,
  'bad-message-authenticator': (client) =>
    `Message-Authenticator of ${client} does not verify: the shared secret differs, set the same one on both sides`,
  'eap-unsigned': (client) => `EAP without Message-Authenticator from ${client}: the NAS must sign (RFC 3579 §3.2)`,
  overload: (client) => `requests of ${client} were dropped: more came than could be served`,
  'forged-flood': (client) =>
    `more packets in the name of ${client} do not verify than are looked at: set the same secret on both sides, or somebody forges its address`,
  'status-flood': (client) => `Status-Server of ${client} came more often than it is answered: its NASes ask too often`,
}

/** What the NAS doctor wants to know of. */
const tallied: ReadonlySet<DropReason> = new Set<TalliedDrop>([
  'bad-authenticator',
  'bad-message-authenticator',
  'missing-message-authenticator',
  'unsigned',
  'proxy-state-unsigned',
  'eap-unsigned',
  'overload',
])
type TalliedDrop = Extract<DropReason, TallyKind>

function isTallied(reason: DropReason): reason is TalliedDrop {
  return tallied.has(reason)
}

/** The counters of both RADIUS servers of one process. */
export function createRadiusCounters(
  metrics: Metrics,
  log: Logger,
  clock: Clock,
  tally: Pick<NasTally, 'count'>,
): RadiusCounters<Client> {
  const limited = createLimiter({ perMs: oncePerMs, clock })
  // By client and number of the code: for each packet neither a text is put together nor one hashed.
  const received = tallyByCode((name, code) => metrics.requests.tally(name, code))
  const sent = tallyByCode((name, code) => metrics.replies.tally(name, code))
  const drop = countBy(metrics.dropped)
  return {
    received: (code, { name }) => void (received(name, code).count += 1),
    sent: (code, { name }) => void (sent(name, code).count += 1),
    duplicate(client, source) {
      metrics.duplicates.labels(client.name).inc()
      tally.count('duplicate', { clientId: client.id, source })
    },
    dropped(reason, client, source) {
      const name = client?.name ?? ''
      drop(name, reason)
      if (client !== undefined && isTallied(reason)) tally.count(reason, { clientId: client.id, source })
      const mend = client === undefined ? undefined : mends[reason]?.(name)
      if (mend === undefined) return
      const suppressed = limited(`${reason}/${name}`)
      if (suppressed !== undefined) log.warn({ client: name, reason, suppressed }, mend)
    },
  }
}

/** Kept by name of the client and number of the code. */
function tallyByCode(make: (name: string, code: string) => Tally): (name: string, code: number) => Tally {
  const kept = new Map<string, Tally[]>()
  return (name, code) => {
    let ofClient = kept.get(name)
    if (ofClient === undefined) kept.set(name, (ofClient = []))
    return (ofClient[code] ??= make(name, codeName(code)))
  }
}
