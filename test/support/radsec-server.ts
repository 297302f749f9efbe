// A RadSec server on loopback that knows one client, by a pinned certificate and by a name, and remembers what it saw.
import { afterEach } from 'vitest'
import type { RadiusClient } from '../../src/radius/admission.ts'
import { startRadsecServer, type RadsecServer, type RadsecServerOptions } from '../../src/radius/radsec-server.ts'
import type { RadsecStranger } from '../../src/radius/radsec-server.ts'
import type { RadiusRequest, RadiusResponse } from '../../src/radius/server.ts'
import { fingerprintOf, makeCertificate } from './certificate.ts'
import { attribute, bng } from './radius.ts'
import { recordingCounters, request as requestOf } from './radius-server.ts'
import { authority, radsec, radsecNas, serverKeys, type RadsecNas } from './radsec.ts'

export const known: RadiusClient = { ...bng, secrets: [radsec], messageAuthenticator: 'off', limitProxyState: false }
export const pinned = makeCertificate('bng')
export const named = makeCertificate('bng', { issuer: authority, dnsNames: ['bng.example.net'] })

const open: { close(how: { drainMs: number }): unknown }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close({ drainMs: 0 })
})

type Seen = {
  counted: string[]
  handled: RadiusRequest<RadiusClient>[]
  strangers: RadsecStranger[]
  errors: unknown[]
}

/** Listens on 127.0.0.1 until the test is over; the handler accepts and answers everything unless told otherwise. */
export async function serve(
  options: Partial<RadsecServerOptions<RadiusClient>> = {},
): Promise<Seen & { server: RadsecServer<RadiusClient>; port: number }> {
  const seen: Seen = { counted: [], handled: [], strangers: [], errors: [] }
  const handle = options.handle ?? accept
  const server = await startRadsecServer<RadiusClient>({
    addresses: ['127.0.0.1'],
    port: 0,
    keys: serverKeys,
    now: () => performance.now(),
    today: () => new Date('2026-01-01T00:00:00Z'),
    findClient: ({ fingerprint, names }) =>
      fingerprint === fingerprintOf(pinned) || names.includes('bng.example.net') ? known : undefined,
    counters: recordingCounters(seen.counted),
    onStranger: (stranger) => seen.strangers.push(stranger),
    onError: (error) => seen.errors.push(error),
    ...options,
    handle(one) {
      seen.handled.push(one)
      return handle(one)
    },
  })
  open.push(server)
  return { server, port: server.port, ...seen }
}

/** A NAS on a connection that ends with the test; by default it shows the pinned certificate. */
export async function nasOf(
  port: number,
  ...more: [Parameters<typeof radsecNas>[1]?, Parameters<typeof radsecNas>[2]?]
): Promise<RadsecNas> {
  const nas = await radsecNas(port, more.length === 0 ? pinned : more[0], more[1])
  open.push(nas)
  return nas
}

export const request = (asked: Parameters<typeof requestOf>[0] = {}): Buffer => requestOf({ with: radsec, ...asked })

export function accept({ packet }: RadiusRequest<RadiusClient>): RadiusResponse {
  return { code: packet.code === 4 ? 5 : 2, attributes: attribute(18, 'welcome') }
}
