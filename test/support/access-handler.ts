// An access handler on the test's database, asked without sockets: attributes in, the answer's code and attributes out.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAccessHandler } from '../../src/aaa/access-request.ts'
import type { AccessHandler } from '../../src/aaa/access-request.ts'
import type { CaughtUp } from '../../src/aaa/journal/running.ts'
import { openDegradedAccepts } from '../../src/aaa/snapshot/degraded-accepts.ts'
import type { DegradedAccepts } from '../../src/aaa/snapshot/degraded-accepts.ts'
import { startSnapshot } from '../../src/aaa/snapshot/snapshot.ts'
import { createTestClock } from '../../src/clock.ts'
import type { TestClock } from '../../src/clock.ts'
import { BreakerOpenError } from '../../src/db/breaker.ts'
import { createPool } from '../../src/db/pool.ts'
import type { Pool } from '../../src/db/pool.ts'
import type { AccessKey } from '../../src/domain/access.ts'
import type { Keyring } from '../../src/domain/data-key.ts'
import type { IdentityKey } from '../../src/domain/identify.ts'
import { noIpPools } from '../../src/domain/ip-pool/live.ts'
import type { IpPools } from '../../src/domain/ip-pool/live.ts'
import type { Nas } from '../../src/domain/nas.ts'
import { defaultSettings } from '../../src/domain/setting.ts'
import type { Settings } from '../../src/domain/setting.ts'
import { createLogger } from '../../src/log.ts'
import { createMetrics } from '../../src/metrics.ts'
import type { Metrics } from '../../src/metrics.ts'
import type { Client } from '../../src/nas/registry.ts'
import { decodeAttributes, encodeAttributes } from '../../src/radius/attributes.ts'
import type { NamedAttribute } from '../../src/radius/attributes.ts'
import { createSecret } from '../../src/radius/authenticator.ts'
import type { Secret } from '../../src/radius/authenticator.ts'
import { codes } from '../../src/radius/codes.ts'
import { encodeReply, encodeRequest } from '../../src/radius/encode-packet.ts'
import type { Packet } from '../../src/radius/packet.ts'
import { makeChapPassword } from '../../src/radius/password.ts'
import type { RadiusRequest } from '../../src/radius/server.ts'
import { macA, noon, testNas } from './access.ts'
import { dictionary } from './dictionary.ts'
import { openTestKeyring } from './keyring.ts'
import { packetOf } from './radius.ts'

export const clientSecret = createSecret('the shared secret')
const authenticator = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')

export type Answer = {
  code: number
  delayMs: number
  attributes: Record<string, unknown>
  list: NamedAttribute[]
  packet: Packet
}

export type AccessUnderTest = {
  handler: AccessHandler
  keyring: Keyring
  clock: TestClock
  metrics: Metrics
  settings: { -readonly [Name in keyof Settings]: Settings[Name] }
  /** Where it decides by what is last known: what it notes of that. */
  accepts: DegradedAccepts | undefined
  /** Undefined is silence. By what is last known: after everything that was committed before is. */
  ask(
    attributes: readonly NamedAttribute[],
    how?: { nas?: Partial<Nas>; client?: Partial<Client>; hiddenBy?: Secret },
  ): Promise<Answer | undefined>
  close(): Promise<void>
}

/** The ways in which the suite of access is run; where they differ a test says so. */
export const decidedBy = ['the database', 'memory that the database confirms', 'what is last known'] as const
export type DecidedBy = (typeof decidedBy)[number]

type Given = {
  loadUrl?: string
  keyring?: Keyring
  ipPools?: IpPools
  by?: DecidedBy
  /** When the books were last seen, instead of at the last look. */
  seenAt?: () => Date | undefined
  /** Postgres answers, and what is last known is there beside it: how far it has what is in the accounting journal. */
  catchUp?: () => Promise<CaughtUp>
  /** Told of every error in the log. */
  onError?: (line: string) => void
}

/** Starts a handler whose clock stands at `noon`. */
export async function startAccess(database: { url: string; pool: Pool }, given: Given = {}): Promise<AccessUnderTest> {
  const opened = given.keyring === undefined ? await openTestKeyring(database.pool) : undefined
  const keyring = given.keyring ?? opened!.keyring
  const clock = createTestClock(noon)
  const metrics = createMetrics()
  const settings = { ...defaultSettings }
  const { ipPools = noIpPools } = given
  const loadPool = createPool(given.loadUrl ?? database.url, { name: 'load', max: 2, hotPath: true })
  const claimPool = createPool(database.url, { name: 'claim', max: 2, synchronousCommit: 'off', hotPath: true })
  const { catchUp } = given
  const isConfirmed = given.by === 'memory that the database confirms'
  const hasKnown = given.by === 'what is last known' || isConfirmed || catchUp !== undefined
  const known = hasKnown ? await startLastKnown(database.pool, { keyring, clock, metrics }) : undefined
  const answering = (isConfirmed || catchUp !== undefined) && {
    catchUp,
    breaker: { isOpen: () => false, run: <T>(work: () => Promise<T>) => work() },
  }
  const handler = createAccessHandler({
    fallback: known && { ...known.fallback, ...answering, snapshot: { ...known.snapshot, ...pick(given) } },
    dictionary,
    keyring,
    settings: () => settings,
    ipPools: () => ipPools,
    clock,
    log: createLogger({ level: 'error', stream: { write: (line) => given.onError?.(line) } }),
    metrics,
    lanes: 2,
    loadPool,
    claimPool,
    rescuePool: database.pool,
    logPool: database.pool,
    guessSeed: 1,
  })
  return {
    handler,
    keyring,
    clock,
    metrics,
    settings,
    accepts: known?.fallback.accepts,
    async ask(attributes, { nas = {}, client = {}, hiddenBy = clientSecret } = {}) {
      await known?.refresh()
      const request = { ...requestOf(attributes, client, hiddenBy), receivedAt: clock.monotonicMs() }
      const response = await handler.handle(request, testNas(nas))
      if (response === undefined) return undefined
      const { code, secret = request.secret, delayMs = 0 } = response
      const packet = packetOf(encodeReply({ code, request: request.packet, attributes: response.attributes, secret }))
      const list = decodeAttributes(dictionary, packet, { secret, authenticator }).filter(
        (attribute) => attribute.name !== 'Message-Authenticator',
      )
      return {
        code,
        delayMs,
        list,
        attributes: Object.fromEntries(list.map(({ name, value }) => [name, value])),
        packet,
      }
    },
    async close() {
      await handler.close()
      await known?.close()
      await loadPool.end()
      await claimPool.end()
      opened?.remove()
    },
  }
}

/** A real snapshot of the database, and a breaker that is open. */
async function startLastKnown(pool: Pool, parts: { keyring: Keyring; clock: TestClock; metrics: Metrics }) {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-snapshot-'))
  const snapshot = await startSnapshot({ ...parts, pool, directory, log: createLogger({ level: 'silent' }) })
  const breaker = { isOpen: () => true, run: () => Promise.reject(new BreakerOpenError('open')) }
  const accepts = await openDegradedAccepts({ file: undefined, pool, breaker, clock: parts.clock, onTrouble: fail })
  return {
    fallback: { breaker, accepts },
    snapshot: {
      subject: (key: AccessKey) => snapshot.subject(key),
      identify: (key: IdentityKey) => snapshot.identify(key),
      seenAt: () => snapshot.seenAt(),
      trueAt: () => snapshot.trueAt(),
    },
    refresh: () => snapshot.refresh(),
    async close() {
      await accepts.close()
      await snapshot.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function pick({ seenAt }: Given): Pick<Given, 'seenAt'> {
  return seenAt === undefined ? {} : { seenAt }
}

function fail(message: string, error: unknown): never {
  throw new Error(message, { cause: error })
}

/** An Access-Request as the server hands it on. */
export function requestOf(
  attributes: readonly NamedAttribute[],
  client: Partial<Client> = {},
  hiddenBy = clientSecret,
): RadiusRequest<Client> {
  const encoded = encodeAttributes(dictionary, attributes, { secret: hiddenBy, authenticator })
  const octets = encodeRequest({
    code: codes.accessRequest,
    identifier: 7,
    attributes: encoded,
    secret: hiddenBy,
    authenticator,
    messageAuthenticator: false,
  })
  const whole = testClient(client)
  return {
    client: whole,
    packet: packetOf(octets),
    secret: whole.secrets[0]!,
    messageAuthenticator: false,
    source: { address: '127.0.0.1', port: 40_000 },
    local: { address: '127.0.0.1', port: 1812, kind: 'authentication' },
    receivedAt: 0,
  }
}

function testClient(changes: Partial<Client>): Client {
  return {
    id: 1n,
    name: 'bng-1',
    prefix: '127.0.0.1/32',
    defaultVendor: 'mikrotik',
    newNas: 'allow',
    messageAuthenticator: 'auto',
    messageAuthenticatorSeen: false,
    limitProxyState: true,
    trustedProxy: false,
    patienceMs: 900,
    nasGroupId: 1n,
    unknownPoolId: undefined,
    radsecFingerprint: undefined,
    radsecName: undefined,
    secrets: [clientSecret],
    ...changes,
  }
}

/** A PAP login from line A. */
export function pap(userName: string, password: string, more: readonly NamedAttribute[] = []): NamedAttribute[] {
  return [
    { name: 'User-Name', value: userName },
    { name: 'User-Password', value: Buffer.from(password) },
    { name: 'Calling-Station-Id', value: macA.toUpperCase() },
    ...more,
  ]
}

/** The same by CHAP, its challenge in an attribute or, without one, the Request Authenticator. */
export function chap(userName: string, password: string, challenge?: Buffer): NamedAttribute[] {
  const value = makeChapPassword(5, challenge ?? authenticator, Buffer.from(password))
  return [
    { name: 'User-Name', value: userName },
    { name: 'CHAP-Password', value },
    ...(challenge === undefined ? [] : [{ name: 'CHAP-Challenge', value: challenge }]),
    { name: 'Calling-Station-Id', value: macA },
  ]
}
