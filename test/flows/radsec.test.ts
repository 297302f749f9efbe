// NASes that speak RADIUS over TLS: who is let in by a certificate, and that the lines behind it are the same as over UDP.
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { listAlarms } from '../../src/domain/alarm.ts'
import { setClient } from '../../src/domain/client.ts'
import { startRadsec, type RadsecConfig } from '../../src/aaa/radsec.ts'
import { systemClock } from '../../src/clock.ts'
import { createLogger } from '../../src/log.ts'
import { createMetrics } from '../../src/metrics.ts'
import { hidePassword } from '../../src/radius/hiding.ts'
import { encodeRequest } from '../../src/radius/encode-packet.ts'
import { randomAuthenticator } from '../../src/radius/authenticator.ts'
import { attribute } from '../support/radius.ts'
import { fingerprintOf, makeAuthority, makeCertificate } from '../support/certificate.ts'
import { useDatabase } from '../support/database.ts'
import { openIsp, password, type Isp } from '../support/isp.ts'
import { authority, radsec, radsecNas, serverKeys, type RadsecNas } from '../support/radsec.ts'
import { recordingCounters } from '../support/radius-server.ts'

const database = useDatabase()
const pinned = makeCertificate('bng-1')
const named = makeCertificate('bng-2', { issuer: authority, dnsNames: ['bng-2.example.net'] })
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-radsec-'))
let isp: Isp

function keyFiles(keys = serverKeys): RadsecConfig {
  const file = (name: string, octets: Buffer): string => {
    writeFileSync(join(folder, name), octets)
    return join(folder, name)
  }
  const certificate = file('radsec.pem', keys.certificate)
  return { port: 0, certificate, key: file('radsec-key.pem', keys.key), ca: file('ca.pem', keys.ca) }
}

beforeAll(async () => {
  isp = await openIsp(database, { radsec: keyFiles() })
  await isp.plan()
  await isp.subscriber('anna')
  // Their UDP addresses are elsewhere: what arrives over TLS from this machine is theirs by certificate alone.
  await isp.client('bng-1', '192.0.2.1', { vendor: 'mikrotik', radsecFingerprint: fingerprintOf(pinned) })
  await isp.client('bng-2', '192.0.2.2', { vendor: 'mikrotik', radsecName: 'bng-2.example.net' })
})
afterAll(async () => {
  await isp.close()
  rmSync(folder, { recursive: true })
})

async function using<T>(
  certificate: Parameters<typeof radsecNas>[1],
  work: (nas: RadsecNas) => Promise<T>,
): Promise<T> {
  const nas = await radsecNas(isp.service.radsecPort!, certificate)
  try {
    return await work(nas)
  } finally {
    nas.close()
  }
}

function login(identifier: number, secretWord = password): Buffer {
  const authenticator = randomAuthenticator()
  const hidden = hidePassword(Buffer.from(secretWord), radsec.octets, authenticator)
  const attributes = Buffer.concat([attribute(1, 'anna'), attribute(2, hidden)])
  return encodeRequest({ code: 1, identifier, attributes, secret: radsec, authenticator, messageAuthenticator: false })
}

function start(identifier: number, sessionId: string): Buffer {
  const integer = (type: number, value: number) => Buffer.from([type, 6, 0, 0, 0, value])
  const attributes = Buffer.concat([attribute(1, 'anna'), attribute(44, sessionId), integer(40, 1)])
  return encodeRequest({ code: 4, identifier, attributes, secret: radsec, messageAuthenticator: false })
}

const status = (identifier: number): Buffer =>
  encodeRequest({
    code: 12,
    identifier,
    attributes: Buffer.alloc(0),
    secret: radsec,
    messageAuthenticator: true,
  })

describe('a NAS over TLS', () => {
  it.each([
    ['by the fingerprint of its certificate', pinned, 'bng-1'],
    ['by a name that our authority vouches for', named, 'bng-2'],
  ])('is known %s, and its subscribers log in and are accounted', async (_how, certificate, name) => {
    await using(certificate, async (nas) => {
      nas.send(status(0), login(1))
      expect((await nas.replies(2)).map(({ code }) => code)).toEqual([2, 2])
      nas.send(start(2, `over-tls-${name}`))
      expect((await nas.replies(3)).at(-1)).toMatchObject({ code: 5, identifier: 2 })
    })
    const { rows } = await isp.pool.query(
      `select nas.name from session join nas on nas.id = session.nas_id where session.acct_session_id = $1`,
      [`over-tls-${name}`],
    )
    expect(rows).toEqual([{ name }])
  })

  it('gets a reject for a wrong password, a little later', async () => {
    await using(pinned, async (nas) => {
      nas.send(login(1, 'wrong'))
      expect(await nas.replies(1)).toMatchObject([{ code: 3 }])
    })
  })

  it('R31: lets a subscriber in at once while 300 wrong passwords are tried behind the same NAS', async () => {
    await using(pinned, async (nas) => {
      const guesses = Array.from({ length: 300 }, (_, nth) => login(nth % 255, `guess ${nth}`))
      nas.send(...guesses, login(255))
      const [first] = await nas.replies(1)
      expect(first).toMatchObject({ code: 2, identifier: 255 })
      // Who asks again under an identifier hears of the newer request alone.
      const others = (await nas.replies(256)).slice(1)
      expect(new Set(others.map(({ code }) => code))).toEqual(new Set([3]))
    })
  })

  it('S15: is told of by an alarm while it shows a certificate that ends within 30 days', async () => {
    const day = new Date(Date.now() + 10 * 86_400_000).toISOString().slice(2, 10).replaceAll('-', '')
    const ending = makeCertificate('bng-2', { issuer: authority, dnsNames: ['bng-2.example.net'], until: day })
    const standing = async () => (await listAlarms(isp.pool)).map(({ kind, subject }) => `${kind} ${subject}`)
    await using(ending, () =>
      vi.waitFor(async () => expect(await standing()).toEqual([`radsec-client-certificate bng-2`])),
    )
    await using(named, () => vi.waitFor(async () => expect(await standing()).toEqual([])))
  })

  it('is where its orders go: the address of its connection is remembered', async () => {
    await isp.service.flush()
    const { rows } = await isp.pool.query(
      `select host(source) as source from nas_contact join nas on nas.id = nas_contact.nas_id where nas.name = 'bng-1'`,
    )
    expect(rows).toEqual([{ source: '127.0.0.1' }])
  })

  it.each([
    ['no certificate', undefined],
    ['another certificate', makeCertificate('bng-1')],
    [
      'a certificate of another authority',
      makeCertificate('x', { issuer: makeAuthority('x'), dnsNames: ['bng-2.example.net'] }),
    ],
  ])('is nobody with %s', async (_what, certificate) => {
    await using(certificate, async (nas) => {
      nas.send(login(1))
      await nas.ended
      expect(nas.count()).toBe(0)
    })
  })

  it('is cut off when its certificate is taken from the client', async () => {
    await using(pinned, async (nas) => {
      nas.send(login(1))
      await nas.replies(1)
      await setClient(isp.db, { name: 'bng-1', radsecFingerprint: '' })
      await isp.service.refresh()
      await nas.ended
    })
    await setClient(isp.db, { name: 'bng-1', radsecFingerprint: fingerprintOf(pinned) })
    await isp.service.refresh()
    await using(pinned, async (nas) => {
      nas.send(login(1))
      expect(await nas.replies(1)).toMatchObject([{ code: 2 }])
    })
  })
})

describe('the files of the server', () => {
  const options = (files: RadsecConfig) => ({
    addresses: ['127.0.0.1'],
    radsec: files,
    clock: systemClock,
    log: createLogger({ level: 'silent' }),
    lookForKeysMs: 20,
    findClient: () => undefined,
    handle: () => undefined,
    counters: recordingCounters([]) as never,
    host: 'this host',
    pool: isp.pool,
    metrics: createMetrics(),
  })

  async function shownName(port: number): Promise<string> {
    const nas = await radsecNas(port, pinned)
    const name = String(nas.socket.getPeerCertificate().subject.CN)
    nas.close()
    return name
  }

  it('are read again when they change, and the old stay in use while the new are of no use', async () => {
    const files = keyFiles()
    const server = await startRadsec(options(files))
    try {
      expect(await shownName(server.port)).toBe('radius.example.net')
      const next = makeCertificate('next', { issuer: authority, dnsNames: ['localhost'] })
      writeFileSync(files.certificate, next.certificate)
      // Certificate and key do not belong together until the second is written.
      expect(await shownName(server.port)).toBe('radius.example.net')
      writeFileSync(files.key, next.key)
      utimesSync(files.key, new Date(), new Date(Date.UTC(2026, 0, 1)))
      await vi.waitFor(async () => expect(await shownName(server.port)).toBe('next'), { timeout: 5_000 })
    } finally {
      await server.close({ drainMs: 0 })
    }
  })

  it('must be there, and of use, at the start', async () => {
    const files = keyFiles()
    await expect(startRadsec(options({ ...files, key: join(folder, 'none') }))).rejects.toThrow('ENOENT')
    const bad = { ...files, key: join(folder, 'bad.pem') }
    writeFileSync(bad.key, 'nothing')
    await expect(startRadsec(options(bad))).rejects.toThrow(/PEM|no start line|unsupported/i)
  })
})
