// Hands requests on to the home servers of a pool and their answers back (RFC 2865 §2.3). While the NAS still waits, a server
// that does not answer is followed by the next; when none does the NAS gets silence, never a reject, and an
// Accounting-Response only when a home server gave one (RFC 2866 §2).

import type { Clock } from '../clock.ts'
import type { Keyring } from '../domain/data-key.ts'
import type { Nas } from '../domain/nas.ts'
import { isOurProxyState, issueProxyState } from '../domain/proxy-state.ts'
import { createLimiter } from '../log.ts'
import type { Logger } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { Client } from '../nas/registry.ts'
import type { ExchangeOutcome } from '../radius/client.ts'
import { codes } from '../radius/codes.ts'
import type { Code } from '../radius/codes.ts'
import type { Dictionary } from '../radius/dictionary.ts'
import type { RadiusRequest, RadiusResponse } from '../radius/server.ts'
import { createHomeServers } from './home-servers.ts'
import type { HomeServersOptions, Target } from './home-servers.ts'
import { createProxyPackets } from './proxy-packet.ts'

export type ProxyOptions = HomeServersOptions & {
  readonly dictionary: Dictionary
  readonly keyring: Keyring
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
}

/** The answer of a home server, and which one it was by name. */
export type Forwarded = RadiusResponse & { readonly homeServer: string }

export type Proxy = {
  /** What the pool answers; undefined is silence, counted. Never rejects. */
  forward(request: RadiusRequest<Client>, nas: Nas, poolId: bigint): Promise<Forwarded | undefined>
  close(): void
}

/** Why a request that was to be forwarded got no answer. */
type Lost = 'proxy-loop' | 'proxy-unreachable' | 'proxy-timeout'

const oncePerMs = 60_000

const sentences: Record<Lost, string> = {
  'proxy-loop': 'a request came back that we had forwarded: two servers forward to each other',
  'proxy-unreachable': 'no home server of a pool answers: requests that belong to it get no answer',
  'proxy-timeout': 'a forwarded request was not answered while its NAS waited',
}

type Answer = { readonly target: Target; readonly outcome: Extract<ExchangeOutcome, { kind: 'reply' }> }

/** Makes the proxy of a process. Throws `MissingDefinitionError`. */
export function createProxy(options: ProxyOptions): Proxy {
  const { keyring, clock, log, metrics } = options
  const packets = createProxyPackets(options.dictionary)
  const servers = createHomeServers(options)
  const limited = createLimiter({ perMs: oncePerMs, clock })
  const lose = (lost: Lost, client: Client, poolId: bigint): undefined => {
    metrics.dropped.labels(client.name, lost).inc()
    const suppressed = limited(`${lost}/${poolId}`)
    if (suppressed !== undefined) log.warn({ client: client.name, pool_id: poolId, suppressed }, sentences[lost])
  }

  const ask = (request: RadiusRequest<Client>, target: Target, own: Buffer): Promise<ExchangeOutcome> => {
    const { packet, secret } = request
    const from = { secret, authenticator: packet.authenticator }
    const isAccess = packet.code === codes.accessRequest
    return servers.ask(target, {
      code: isAccess ? codes.accessRequest : codes.accountingRequest,
      attributes: (authenticator) =>
        packets.requestAttributes(packet, own, from, { secret: target.server.secret, authenticator }),
      // First in every Access-Request (CVE-2024-3596); FreeRADIUS up to 3.2.1 checks one in accounting wrongly.
      messageAuthenticator: isAccess,
    })
  }

  return {
    async forward(request, nas, poolId) {
      const { packet, client } = request
      if (packets.proxyStates(packet).some((octets) => isOurProxyState(keyring, octets))) {
        return lose('proxy-loop', client, poolId)
      }
      const targets = servers.usable(poolId, request.local.kind)
      if (targets.length === 0) return lose('proxy-unreachable', client, poolId)
      const own = issueProxyState(keyring)
      // Accounting has time: the NAS repeats it. Who began a conversation (State) must hear the rest of it.
      const hurried = packet.code === codes.accessRequest && !packets.hasState(packet)
      const waitMs = request.receivedAt + nas.patienceMs - clock.monotonicMs()
      const answer = await firstAnswer(targets, (target) => ask(request, target, own), { waitMs, hurried })
      if (answer === undefined) return lose('proxy-timeout', client, poolId)
      const { outcome, target } = answer
      const from = { secret: target.server.secret, authenticator: outcome.requestAuthenticator }
      const to = { secret: request.secret, authenticator: packet.authenticator }
      return {
        code: outcome.packet.code as Code,
        attributes: packets.replyAttributes(outcome.packet, from, to),
        homeServer: target.server.name,
      }
    },
    close: () => servers.close(),
  }
}

/**
 * The first answer of the targets, asked in their order: the next one when the one before failed or, if `hurried`, when
 * it has used up its share of the time. Undefined when none came within `waitMs`; who was asked is heard out all the
 * same, for what it tells of the server.
 */
export function firstAnswer(
  targets: readonly Target[],
  ask: (target: Target) => Promise<ExchangeOutcome>,
  { waitMs, hurried }: { waitMs: number; hurried: boolean },
): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const shareMs = waitMs / targets.length
    let next = 0
    let running = 0
    let done = false
    let share: NodeJS.Timeout | undefined
    const finish = (answer: Answer | undefined): void => {
      done = true
      clearTimeout(share)
      clearTimeout(over)
      resolve(answer)
    }
    const over = setTimeout(() => finish(undefined), Math.max(0, waitMs))
    const hear = async (target: Target): Promise<void> => {
      running++
      const outcome = await ask(target)
      running--
      if (done) return
      if (outcome.kind === 'reply') finish({ target, outcome })
      else start()
    }
    const start = (): void => {
      clearTimeout(share)
      const target = targets[next++]
      if (target === undefined) {
        if (running === 0) finish(undefined)
        return
      }
      void hear(target)
      if (hurried && next < targets.length) share = setTimeout(start, shareMs)
    }
    start()
  })
}
