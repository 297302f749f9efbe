import { describe, expect, it } from 'vitest'
import { packetSpace, statuses, writeLogin, writeRecord } from '../../bench/packets.ts'
import { benchmarkLine, benchmarkSubscriber, subscriberFiles } from '../../bench/subscribers.ts'
import { createSecret, verifyRequest } from '../../src/radius/authenticator.ts'
import { recoverPassword } from '../../src/radius/hiding.ts'
import { parsePacket } from '../../src/radius/packet.ts'
import type { Packet } from '../../src/radius/packet.ts'

const secret = createSecret('a secret of the benchmark')
const subscriber = 1_234_567
const { username, password, mac } = benchmarkSubscriber(subscriber)

function login(): Packet {
  const octets = Buffer.alloc(packetSpace)
  return parsed(octets.subarray(0, writeLogin(octets, { subscriber, identifier: 7 }, secret)))
}

function record(status: number, step: number, given?: Uint8Array): Packet {
  const octets = Buffer.alloc(packetSpace)
  const one = { status, subscriber, identifier: 9, sessionId: '0000abcd', step, class: given }
  return parsed(octets.subarray(0, writeRecord(octets, one, 1_800_000_000, secret)))
}

function parsed(octets: Buffer): Packet {
  const result = parsePacket(octets)
  if (!result.ok) throw new Error(result.reason)
  return result.packet
}

/** The value of the first attribute of a type, of a Microsoft one inside attribute 26. */
function value({ octets, offsets }: Packet, type: number, vendorType?: number): Buffer {
  const at = offsets.find((one) => octets[one] === type && (vendorType === undefined || octets[one + 6] === vendorType))
  if (at === undefined) throw new Error(`there is no attribute ${type}`)
  return octets.subarray(at + (vendorType === undefined ? 2 : 8), at + octets[at + 1]!)
}

describe('logins of the benchmark', () => {
  it('are signed, and name the line', () => {
    const packet = login()
    expect(verifyRequest(packet, secret)).toEqual({ kind: 'ok', messageAuthenticator: true })
    expect(packet.identifier).toBe(7)
    expect(value(packet, 1).toString()).toBe(username)
    expect(value(packet, 31).toString()).toBe(mac)
  })

  it('RFC 2865 §5.2: the password is hidden', () => {
    const packet = login()
    expect(recoverPassword(value(packet, 2), secret.octets, packet.authenticator)?.toString()).toBe(password)
  })

  it('no two have the same authenticator', () => {
    const seen = new Set(Array.from({ length: 3_000 }, () => login().authenticator.toString('hex')))
    expect(seen.size).toBe(3_000)
  })
})

describe('accounting of the benchmark', () => {
  it.each(Object.entries(statuses))('%s has a right authenticator', (_name, status) => {
    const packet = record(status, 2)
    expect(verifyRequest(packet, secret).kind).toBe('ok')
    expect(value(packet, 40).readUInt32BE()).toBe(status)
    expect(value(packet, 44).toString()).toBe('0000abcd')
    expect(value(packet, 55).readUInt32BE()).toBe(1_800_000_000)
  })

  it('counters rise with the step', () => {
    const octets = [2, 3, 4].map((step) => value(record(statuses.interim, step), 42).readUInt32BE())
    expect(octets).toEqual(octets.toSorted((a, b) => a - b))
    expect(new Set(octets).size).toBe(3)
  })

  it('gives back the Class it was given', () => {
    const packet = record(statuses.start, 1, Buffer.from('a class'))
    expect(verifyRequest(packet, secret).kind).toBe('ok')
    expect(value(packet, 25).toString()).toBe('a class')
  })
})

describe('subscribers of the benchmark', () => {
  it('have texts of one length, and differ', () => {
    const all = [0, 1, 99_999, 9_999_999].map(benchmarkSubscriber)
    for (const field of ['username', 'password', 'mac'] as const) {
      expect(new Set(all.map((one) => one[field].length)).size).toBe(1)
      expect(new Set(all.map((one) => one[field])).size).toBe(4)
    }
  })

  it('are a row each, and one for each IPoE line', () => {
    const expires = `${new Date().getUTCFullYear() + 1}-12-31`
    expect([...subscriberFiles(3, 'home')].map((file) => file.trimEnd().split('\n'))).toEqual([
      [
        'username,password,plan,expires_at,account_type,bound_macs',
        ...[0, 1, 2].map((number) => {
          const one = benchmarkLine(number)
          return `${one.username},,home,${expires},ipoe,${one.mac}`
        }),
        ...[0, 1, 2].map((number) => {
          const one = benchmarkSubscriber(number)
          return `${one.username},${one.password},home,${expires},pppoe,`
        }),
      ],
    ])
  })

  it('are in files that an import takes', () => {
    const rows = [...subscriberFiles(400_000, 'home')].map((file) => file.trimEnd().split('\n').length - 1)
    expect(rows).toEqual([200_000, 200_000, 20_000])
  })
})
