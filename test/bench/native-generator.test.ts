// The load generator against our own RADIUS server: whatever it sends must verify, prove its password and count its sessions, and
// what is wrong in a reply must be noticed. It needs a C compiler; where there is none the benchmark says so, and nothing is tested.

import { spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Orders, Result, Work } from '../../bench/generator-orders.ts'
import { nativeGenerator, runNative } from '../../bench/native-generator.ts'
import { benchmarkSubscriber } from '../../bench/subscribers.ts'
import { firstInteger, firstOctets, firstText, hasAttribute } from '../../src/radius/attributes.ts'
import { hashPacket, zeroAuthenticator } from '../../src/radius/authenticator.ts'
import { encodeAttributes } from '../../src/radius/encode-attributes.ts'
import { recoverPassword } from '../../src/radius/hiding.ts'
import { ntPasswordHash, verifyMsChap2 } from '../../src/radius/ms-chap.ts'
import { headerLength } from '../../src/radius/packet.ts'
import { verifyChap } from '../../src/radius/password.ts'
import type { RadiusRequest, RadiusResponse } from '../../src/radius/server.ts'
import type { RadiusClient } from '../../src/radius/admission.ts'
import { dictionary } from '../support/dictionary.ts'
import { secret } from '../support/radius.ts'
import { testServer } from '../support/radius-server.ts'

const attribute = (name: string) => dictionary.attribute(name)!
const textOf = ({ packet }: Asked, name: string): string => firstText(packet, attribute(name))!
const numberOf = ({ packet }: Asked, name: string): number => firstInteger(packet, attribute(name))!

type Asked = RadiusRequest<RadiusClient>
type Answer = (request: Asked) => RadiusResponse | undefined

/** Accepts who proves the password, by whichever method, and rejects the others; records are answered. */
const judge: Answer = ({ packet, local }) => {
  const { code } = packet
  if (local.kind === 'accounting') return { code: 5, attributes: Buffer.alloc(0) }
  const given = encodeAttributes(dictionary, [{ name: 'Class', value: Buffer.from('a class') }])
  const userName = firstOctets(packet, attribute('User-Name'))!
  const name = userName.toString()
  if (code === 1 && name.startsWith('06:')) {
    const empty = recoverPassword(firstOctets(packet, attribute('User-Password'))!, secret.octets, packet.authenticator)
    return { code: empty?.length === 0 ? 2 : 3, attributes: given }
  }
  const { password } = benchmarkSubscriber(Number(name.slice('line'.length)))
  const response = firstOctets(packet, attribute('MS-CHAP2-Response'))
  if (response !== undefined) {
    const challenge = firstOctets(packet, attribute('MS-CHAP-Challenge'))!
    const proof = verifyMsChap2({ response, challenge, userName, ntHash: ntPasswordHash(password) })
    if (proof.kind !== 'match') return { code: 3, attributes: Buffer.alloc(0) }
    const success = encodeAttributes(dictionary, [{ name: 'MS-CHAP2-Success', value: proof.success }])
    return { code: 2, attributes: success }
  }
  const chap = firstOctets(packet, attribute('CHAP-Password'))
  const right =
    chap === undefined
      ? recoverPassword(
          firstOctets(packet, attribute('User-Password'))!,
          secret.octets,
          packet.authenticator,
        )?.toString() === password
      : verifyChap(chap, packet.authenticator, Buffer.from(password)) === 'match'
  return right ? { code: 2, attributes: given } : { code: 3, attributes: Buffer.alloc(0) }
}

const noCompiler = spawnSync('cc', ['--version']).error !== undefined

describe.each(noCompiler ? [] : ['generator/generator.c'])('the load generator, %s', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gatehouse-generator-'))
  let program = ''
  beforeAll(() => {
    program = nativeGenerator(folder)
  })
  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }))

  /** `askedBefore`: how many requests had been sent when the generator said that it waits. */
  type Driven = { handled: Asked[]; result: Result; askedBefore: number | undefined }

  async function drive(work: Work, changes: Partial<Orders> = {}, answer: Answer = judge): Promise<Driven> {
    const server = await testServer({ handle: answer })
    const heard: string[] = []
    let asked: number | undefined
    const orders: Orders = {
      work,
      secret: secret.octets.toString(),
      authPort: server.authentication,
      acctPort: server.accounting,
      replySigned: true,
      window: 80,
      subscribers: 500,
      run: 7,
      warmupSeconds: 0.05,
      seconds: 0.2,
      ...changes,
    }
    const result = await runNative(program, orders, (kind) => {
      if (kind === 'restarted') asked = server.handled.length
      else heard.push(kind)
    })
    expect(heard).toEqual(['begin', 'end'])
    expect(server.counted.filter((one) => one.startsWith('dropped'))).toEqual([])
    return { handled: server.handled, result, askedBefore: asked }
  }

  /** Of a run in which every answer was right and in time. */
  async function driveWell(work: Work, changes: Partial<Orders> = {}): Promise<Driven> {
    const driven = await drive(work, changes)
    expect(driven.result).toMatchObject({ lost: 0, wrong: 0, retransmissions: 0, anew: 0 })
    expect(driven.result.requests).toBeGreaterThan(0)
    return driven
  }

  /** Without the Accounting-On by which a work begins. */
  const bySession = (handled: readonly Asked[]): Map<string, Asked[]> =>
    Map.groupBy(
      handled.filter(({ packet }) => hasAttribute(packet, attribute('Acct-Session-Id'))),
      (one) => textOf(one, 'Acct-Session-Id'),
    )
  const said = (records: readonly Asked[]): number[] => records.map((one) => numberOf(one, 'Acct-Status-Type'))

  it.each(['auth-pap', 'auth-chap', 'auth-mschapv2', 'auth-wrong'] as const)(
    'sends signed logins that prove their password, or not: %s',
    async (work) => {
      const { handled, result } = await driveWell(work)
      expect(handled.every((one) => one.messageAuthenticator)).toBe(true)
      expect(result.auth?.p50Ms).toBeGreaterThan(0)
      expect(result.accounting).toBeUndefined()
    },
  )

  it('renews IPoE lines that it brought online before', async () => {
    const { handled } = await driveWell('auth-ipoe', { subscribers: 100 })
    const kinds = handled.map(({ local }) => local.kind)
    const lastStart = kinds.lastIndexOf('accounting')
    expect(kinds.filter((kind) => kind === 'accounting')).toHaveLength(100)
    expect(handled.slice(lastStart + 1).length).toBeGreaterThan(0)
    expect(new Set(handled.map((one) => textOf(one, 'User-Name'))).size).toBe(100)
  })

  it('sends each session from Start to Stop, one record after the other', async () => {
    const { handled } = await driveWell('acct-mix')
    const first = [...bySession(handled).values()].slice(0, 80)
    expect(first.map(said)).toEqual(first.map(() => [1, 3, 3, 3, 2]))
    const last = first.map((records) => numberOf(records[4]!, 'Acct-Input-Octets'))
    expect(last).toEqual(last.map(() => 5 * 1_000_003))
  })

  it('sends Starts alone', async () => {
    const { handled: all, askedBefore } = await driveWell('acct-start')
    expect(askedBefore).toBe(1)
    const handled = all.slice(1)
    expect(said(all.slice(0, 2))).toEqual([7, 1])
    expect(new Set(said(handled))).toEqual(new Set([1]))
    expect(bySession(handled).size).toBe(handled.length)
    const ports = new Set(handled.map((one) => textOf(one, 'NAS-Port-Id')))
    expect(ports.size).toBe(Math.min(handled.length, 500))
    expect(ports).toContain('vlan0042')
  })

  it('sends Interims of sessions that it began before, their counters rising', async () => {
    const { handled } = await driveWell('acct-interim', { subscribers: 100 })
    for (const records of bySession(handled).values()) {
      expect(said(records)).toEqual([1, ...records.slice(1).map(() => 3)])
      const times = records.slice(1).map((one) => numberOf(one, 'Acct-Session-Time'))
      expect(times).toEqual(times.map((_, at) => 2 + at))
    }
  })

  it('ends each session that it began before once', async () => {
    const { handled, result } = await driveWell('acct-stop', { seconds: 5 })
    expect([...bySession(handled).values()].map(said)).toEqual(Array.from({ length: 500 }, () => [1, 2]))
    expect(result.requests).toBe(500)
  })

  it('brings every subscriber of a storm online once, after the NAS said that it began anew', async () => {
    const { handled, result } = await driveWell('storm', { subscribers: 200 })
    expect(numberOf(handled[0]!, 'Acct-Status-Type')).toBe(7)
    const names = handled.slice(1).map((one) => textOf(one, 'User-Name'))
    expect(names).toHaveLength(400)
    expect(new Set(names).size).toBe(200)
    expect(result.requests).toBe(400)
    expect(result.goodput.reduce((sum, one) => sum + one, 0)).toBe(400)
  })

  it('dials anew with another request in a storm until somebody answers', async () => {
    const seen = new Map<string, number>()
    const { handled, result } = await drive(
      'storm',
      { subscribers: 20, patienceMs: 30, tries: 2 },
      // The server sees a request once, however often it is sent: the third one of each is answered.
      (request) => {
        if (request.local.kind === 'accounting') return judge(request)
        const name = textOf(request, 'User-Name')
        seen.set(name, (seen.get(name) ?? 0) + 1)
        return seen.get(name)! >= 3 ? judge(request) : undefined
      },
    )
    expect(result).toMatchObject({ requests: 40, lost: 0, wrong: 0 })
    expect(result.retransmissions + result.anew).toBe(40)
    expect(result.anew).toBeGreaterThanOrEqual(20)
    const authenticators = handled.filter(({ local }) => local.kind === 'authentication')
    expect(new Set(authenticators.map(({ packet }) => packet.authenticator.toString('hex'))).size).toBe(40)
  })

  it('in an open loop sends so many a second, whatever the answers do', async () => {
    const { handled, result } = await driveWell('evening', { perSecond: 400, seconds: 2.5, warmupSeconds: 0.5 })
    expect(result.requests).toBeGreaterThan(0.8 * 400 * 2.5)
    expect(result.requests).toBeLessThan(1.2 * 400 * 2.5)
    expect(result.auth?.p50Ms).toBeGreaterThan(0)
    expect(result.accounting?.p50Ms).toBeGreaterThan(0)
    const records = handled.filter(({ local }) => local.kind === 'accounting')
    expect(records.every(({ packet }) => firstOctets(packet, attribute('Class'))?.toString() === 'a class')).toBe(true)
    expect([...bySession(records).values()].some((session) => said(session).join() === '1,3')).toBe(true)
  })

  it('in an open loop counts from when a request was due, answered in time or not', async () => {
    let until = 0
    const standing: Answer = (request) => {
      until ||= performance.now() + 700
      while (performance.now() < until);
      return judge(request)
    }
    const load = { perSecond: 500, window: 8, warmupSeconds: 0, seconds: 1 }
    const { result } = await drive('auth-pap', load, standing)
    // Most of them were due while the server stood still.
    expect(result).toMatchObject({ lost: 0, wrong: 0 })
    expect(result.p50Ms).toBeGreaterThan(50)
    expect(result.worstMs).toBeGreaterThan(500)
    const silent = await drive('auth-pap', { ...load, patienceMs: 100, tries: 2 }, () => undefined)
    expect(silent.result.requests).toBe(0)
    expect(silent.result.lost).toBeGreaterThan(400)
    expect(silent.result.p50Ms).toBeGreaterThan(200)
  })

  it('counts beyond 32 bits', async () => {
    const { handled } = await driveWell('acct-interim', { subscribers: 1, seconds: 2, window: 1 })
    const octets = handled.slice(2).map((one) => {
      return numberOf(one, 'Acct-Output-Gigawords') * 2 ** 32 + numberOf(one, 'Acct-Output-Octets')
    })
    expect(octets).toEqual(octets.map((_, at) => (at + 2) * 20_000_003))
    expect(octets.at(-1)).toBeGreaterThan(2 ** 32)
  })

  it.each([0, 1])('notices a reply with %i wrong bits in its authenticator', async (bits) => {
    const server = createSocket('udp4')
    server.on('message', (datagram, from) => {
      const reply = Buffer.from([5, datagram[1]!, 0, headerLength, ...zeroAuthenticator])
      hashPacket(reply, datagram.subarray(4, 20), secret, reply, 4)
      reply[19]! ^= bits
      server.send(reply, from.port, from.address)
    })
    server.bind(0, '127.0.0.1')
    await once(server, 'listening')
    const acctPort = server.address().port
    const { result } = await drive('acct-start', { acctPort, patienceMs: 60, tries: 2, window: 4 })
    server.close()
    expect(result.wrong > 0).toBe(bits > 0)
    expect(result.requests > 0).toBe(bits === 0)
  })

  it('counts what is never answered as lost, and what is answered wrong as wrong', async () => {
    const silent = await drive('auth-pap', { patienceMs: 20, tries: 2, window: 4 }, () => undefined)
    expect(silent.result.lost).toBeGreaterThan(0)
    const refused = await drive('auth-pap', { patienceMs: 20, tries: 2, window: 4 }, () => ({
      code: 3,
      attributes: Buffer.alloc(0),
    }))
    expect(refused.result.wrong).toBeGreaterThan(0)
    const unproved = await drive('auth-mschapv2', { patienceMs: 20, tries: 2, window: 4 }, () => ({
      code: 2,
      attributes: encodeAttributes(dictionary, [
        { name: 'MS-CHAP2-Success', value: Buffer.from(`\0S=${'0'.repeat(40)}`) },
      ]),
    }))
    expect(unproved.result).toMatchObject({ requests: 0 })
    expect(unproved.result.wrong).toBeGreaterThan(0)
  })
})
