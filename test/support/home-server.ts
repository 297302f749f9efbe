// Home servers on loopback that do as they are told, and what a request to be forwarded looks like.

import { createTestClock } from '../../src/clock.ts'
import type { Clock } from '../../src/clock.ts'
import type { LiveHomeServer } from '../../src/aaa/home-servers.ts'
import type { Client } from '../../src/nas/registry.ts'
import { encodeAttributes } from '../../src/radius/attributes.ts'
import type { NamedAttribute } from '../../src/radius/attributes.ts'
import { createSecret } from '../../src/radius/authenticator.ts'
import { codes } from '../../src/radius/codes.ts'
import type { RadiusClient } from '../../src/radius/admission.ts'
import { encodeRequest } from '../../src/radius/encode-packet.ts'
import type { Packet } from '../../src/radius/packet.ts'
import { startRadiusServer } from '../../src/radius/server.ts'
import type { RadiusRequest, RadiusResponse } from '../../src/radius/server.ts'
import { noon } from './access.ts'
import { requestOf } from './access-handler.ts'
import { dictionary } from './dictionary.ts'
import { packetOf } from './radius.ts'

export const homeSecret = createSecret('a secret of two providers')

export type FakeHomeServer = {
  readonly row: LiveHomeServer
  /** What arrived and was right, Status-Server apart. */
  readonly requests: Packet[]
  /** How many Status-Server came. */
  statusAsked: number
  /** Undefined is silence. */
  answer: (request: RadiusRequest<RadiusClient>) => RadiusResponse | undefined | Promise<RadiusResponse | undefined>
  /** Whether it answers Status-Server. */
  status: boolean
  close(): Promise<void>
}

let nextId = 1n

/** Starts one that accepts everything. */
export async function startHomeServer(changes: Partial<LiveHomeServer> = {}): Promise<FakeHomeServer> {
  const state = {
    requests: [] as Packet[],
    statusAsked: 0,
    status: true,
    answer: (({ local }) => ({
      code: local.kind === 'authentication' ? codes.accessAccept : codes.accountingResponse,
      attributes: Buffer.alloc(0),
    })) as FakeHomeServer['answer'],
  }
  const server = await startRadiusServer<RadiusClient>({
    addresses: [
      { address: '127.0.0.1', port: 0, kind: 'authentication' },
      { address: '127.0.0.1', port: 0, kind: 'accounting' },
    ],
    now: () => performance.now(),
    findClient: () => ({
      name: 'gatehouse',
      secrets: [homeSecret],
      messageAuthenticator: 'off',
      messageAuthenticatorSeen: false,
      limitProxyState: false,
    }),
    handle(request) {
      const accepts = request.local.kind === 'authentication' ? codes.accessAccept : codes.accountingResponse
      if (request.packet.code === codes.statusServer) {
        state.statusAsked++
        return state.status ? { code: accepts, attributes: Buffer.alloc(0) } : undefined
      }
      state.requests.push(request.packet)
      return state.answer(request)
    },
    counters: { received: nothing, sent: nothing, dropped: nothing, duplicate: nothing },
    onError: (error) => {
      throw error
    },
  })
  const portOf = (kind: string) => server.sockets().find((socket) => socket.kind === kind)!.port
  const id = nextId++
  const row: LiveHomeServer = {
    id,
    poolId: 1n,
    name: `home-${id}`,
    address: '127.0.0.1',
    authPort: portOf('authentication'),
    acctPort: portOf('accounting'),
    secret: homeSecret,
    messageAuthenticator: 'auto',
    messageAuthenticatorSeen: false,
    timeoutMs: 100,
    tries: 1,
    ...changes,
  }
  return Object.assign(state, { row, close: () => server.close({ drainMs: 0 }) })
}

function nothing(): void {
  // Nobody counts here.
}

/** A clock whose monotonic time is the real one: sockets and timers are. */
export function realTime(): Clock {
  return { ...createTestClock(noon), monotonicMs: () => performance.now() }
}

/** A login as our server hands it on, received now. */
export function accessToForward(
  attributes: readonly NamedAttribute[],
  client: Partial<Client> = {},
): RadiusRequest<Client> {
  return { ...requestOf(attributes, client), receivedAt: performance.now() }
}

/** An Accounting-Request, likewise. */
export function accountingToForward(
  attributes: readonly NamedAttribute[],
  client: Partial<Client> = {},
): RadiusRequest<Client> {
  const access = requestOf([], client)
  const octets = encodeRequest({
    code: codes.accountingRequest,
    identifier: 9,
    attributes: encodeAttributes(dictionary, attributes),
    secret: access.secret,
    messageAuthenticator: false,
  })
  const local = { address: '127.0.0.1', port: 1813, kind: 'accounting' } as const
  return { ...access, packet: packetOf(octets), local, receivedAt: performance.now() }
}
