import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAccountingReader } from '../../src/aaa/accounting-packet.ts'
import { defaultNasSettings } from '../../src/domain/nas-settings.ts'
import type { NasSettings } from '../../src/domain/nas-settings.ts'
import type { VendorName } from '../../src/domain/nas.ts'
import { issueClass } from '../../src/domain/session-class.ts'
import type { NamedAttribute } from '../../src/radius/attributes.ts'
import { encodeAttributes } from '../../src/radius/attributes.ts'
import { testNas } from '../support/access.ts'
import { packetWith, testContext } from '../support/attributes.ts'
import { useDatabase } from '../support/database.ts'
import { dictionary } from '../support/dictionary.ts'
import { openTestKeyring } from '../support/keyring.ts'

const database = useDatabase()
const now = new Date('2026-05-04T12:00:00.500Z')
const seconds = Math.floor(now.getTime() / 1000)
let keys: Awaited<ReturnType<typeof openTestKeyring>>

beforeAll(async () => {
  keys = await openTestKeyring(database.pool)
})
afterAll(() => keys.remove())

type Values = Record<string, NamedAttribute['value'] | NamedAttribute['value'][]>

function octetsOf(values: Values): Buffer {
  const attributes = Object.entries(values).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) => ({ name, value: one })),
  )
  return encodeAttributes(dictionary, attributes, testContext())
}

const interim: Values = { 'Acct-Status-Type': 'Interim-Update', 'Acct-Session-Id': '81d00001', 'User-Name': 'anna' }

function read(values: Values, vendor: 'mikrotik' | 'accel-ppp' | 'standard' = 'mikrotik') {
  return createAccountingReader(dictionary, keys.keyring)(packetWith(octetsOf(values)), testNas({ vendor }), now)
}

/** Read for a NAS with settings or a vendor of its own. */
function recordFor(changes: { vendor?: VendorName; settings?: Partial<NasSettings> }, values: Values) {
  const nas = testNas({ ...changes, settings: { ...defaultNasSettings, ...changes.settings } })
  const found = createAccountingReader(dictionary, keys.keyring)(
    packetWith(octetsOf({ ...interim, ...values })),
    nas,
    now,
  )
  if (found.kind !== 'record') throw new Error(`read as ${found.kind}`)
  return found.record
}

function recordOf(values: Values, vendor?: 'mikrotik' | 'accel-ppp') {
  const found = read({ ...interim, ...values }, vendor)
  if (found.kind !== 'record') throw new Error(`read as ${found.kind}`)
  return found.record
}

describe('RFC 2866 §5.1: Acct-Status-Type', () => {
  it.each([
    ['Start', 'start'],
    ['Interim-Update', 'interim'],
    ['Stop', 'stop'],
  ])('%s', (status, expected) => {
    expect(recordOf({ 'Acct-Status-Type': status }).status).toBe(expected)
  })

  it('On and Off are about the NAS, with or without a session id', () => {
    expect(read({ 'Acct-Status-Type': 'Accounting-On', 'Acct-Session-Id': 'x' })).toEqual({
      kind: 'reboot',
      reboot: { nasId: 1n, eventAt: now, kind: 'on' },
    })
    expect(read({ 'Acct-Status-Type': 'Accounting-Off' })).toMatchObject({ kind: 'reboot', reboot: { kind: 'off' } })
  })

  it('missing, of tunnels, or unknown: nothing to record', () => {
    expect(read({ 'Acct-Session-Id': 'x' })).toMatchObject({ kind: 'ignored', reason: 'no-status' })
    expect(read({ ...interim, 'Acct-Status-Type': 9 })).toMatchObject({ reason: 'other-status', status: 9 })
    expect(read({ ...interim, 'Acct-Status-Type': 4_000_000_000 })).toMatchObject({ reason: 'other-status' })
  })
})

describe('RFC 2866 §5.5: Acct-Session-Id', () => {
  it('missing: nothing can be recorded', () => {
    expect(read({ 'Acct-Status-Type': 'Start' })).toMatchObject({ kind: 'ignored', reason: 'no-session-id' })
  })

  it('keeps every octet: two different ones never give one text', () => {
    const readId = (octets: Uint8Array): string => {
      const packet = packetWith(
        Buffer.concat([octetsOf({ 'Acct-Status-Type': 'Start' }), Buffer.of(44, octets.length + 2), octets]),
      )
      const found = createAccountingReader(dictionary, keys.keyring)(packet, testNas(), now)
      if (found.kind !== 'record') throw new Error(found.kind)
      return found.record.acctSessionId
    }
    const octets = fc.uint8Array({ minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(octets, octets, (one, other) => {
        expect(readId(one) === readId(other)).toBe(Buffer.from(one).equals(other))
        expect(readId(one)).not.toContain('\0')
      }),
    )
    expect(readId(Buffer.from('81d00001'))).toBe('81d00001')
  })
})

describe('event time', () => {
  it('is Event-Timestamp within a day of now', () => {
    const sane = { 'Event-Timestamp': seconds - 3600, 'Acct-Delay-Time': 7 }
    expect(recordOf(sane).eventAt).toEqual(new Date((seconds - 3600) * 1000))
  })

  it.each([0, seconds - 90_000, seconds + 90_000, 2_145_916_800])(
    'is arrival less delay for a clock at %s',
    (timestamp) => {
      const record = recordOf({ 'Event-Timestamp': timestamp, 'Acct-Delay-Time': 7 })
      expect(record.eventAt).toEqual(new Date(now.getTime() - 7000))
    },
  )

  it('believes no delay of more than a day', () => {
    expect(recordOf({ 'Acct-Delay-Time': 4_294_967_295 }).eventAt).toEqual(new Date(now.getTime() - 86_400_000))
    expect(recordOf({}).eventAt).toEqual(now)
  })
})

describe('settings of a NAS', () => {
  it('swapped_octets exchanges the directions, with gigawords and packets', () => {
    const values = {
      'Acct-Session-Time': 300,
      'Acct-Input-Octets': 5,
      'Acct-Output-Octets': 6,
      'Acct-Input-Gigawords': 1,
      'Acct-Input-Packets': 7,
      'Acct-Output-Packets': 8,
    }
    const plain = { inputOctets: 2n ** 32n + 5n, outputOctets: 6n, inputPackets: 7, outputPackets: 8 }
    const swapped = { inputOctets: 6n, outputOctets: 2n ** 32n + 5n, inputPackets: 8, outputPackets: 7 }
    expect(recordFor({}, values)).toMatchObject(plain)
    expect(recordFor({ settings: { swapped_octets: true } }, values)).toMatchObject({ ...swapped, gigawords: true })
  })

  it('trust_time off takes arrival less delay, however sane the clock looks', () => {
    const values = { 'Event-Timestamp': seconds - 3600, 'Acct-Delay-Time': 7 }
    expect(recordFor({ settings: { trust_time: false } }, values).eventAt).toEqual(new Date(now.getTime() - 7000))
    const off = createAccountingReader(dictionary, keys.keyring)(
      packetWith(octetsOf({ ...values, 'Acct-Status-Type': 'Accounting-Off' })),
      testNas({ settings: { ...defaultNasSettings, trust_time: false } }),
      now,
    )
    expect(off).toMatchObject({ reboot: { eventAt: new Date(now.getTime() - 7000) } })
  })

  it('username_rule takes away what is no part of the username', () => {
    const values = { 'User-Name': 'ISP\\Anna@example.net' }
    expect(recordFor({}, values).username).toBe('isp\\anna@example.net')
    expect(recordFor({ settings: { username_rule: 'strip-both' } }, values).username).toBe('anna')
  })
})

describe('counters', () => {
  const counted = { 'Acct-Session-Time': 300, 'Acct-Input-Octets': 5, 'Acct-Output-Octets': 6 }

  it('join gigawords and octets (RFC 2869 §5.1, §5.2)', () => {
    const record = recordOf({ ...counted, 'Acct-Input-Gigawords': 2, 'Acct-Output-Packets': 9 })
    expect(record).toMatchObject({
      sessionTime: 300,
      inputOctets: 2n ** 33n + 5n,
      outputOctets: 6n,
      gigawords: true,
      outputPackets: 9,
      flag: undefined,
    })
    expect(recordOf(counted).gigawords).toBe(false)
    expect(recordOf({ ...counted, 'Acct-Input-Gigawords': 0 }).gigawords).toBe(true)
  })

  it('of a Start are none, whatever it says', () => {
    expect(recordOf({ ...counted, 'Acct-Status-Type': 'Start' })).toMatchObject({
      sessionTime: 0,
      inputOctets: 0n,
      flag: undefined,
    })
  })

  it('F50: that are missing or wild are set aside, with what was sent', () => {
    expect(recordOf({ ...counted, 'Acct-Session-Time': 4_294_967_295 })).toMatchObject({
      sessionTime: 0,
      inputOctets: 5n,
      flag: 'wild-session-time',
      raw: 'time 4294967295, input 5, output 6',
    })
    expect(recordOf({ ...counted, 'Acct-Output-Gigawords': 4_294_967_295 })).toMatchObject({
      sessionTime: 300,
      inputOctets: 0n,
      outputOctets: 0n,
      flag: 'wild-counters',
    })
    expect(recordOf({ 'Acct-Session-Time': 300 })).toMatchObject({ sessionTime: 300, flag: 'no-counters' })
    expect(recordOf({ 'Acct-Input-Octets': 5 })).toMatchObject({ inputOctets: 5n, flag: 'no-session-time' })
    expect(recordOf({})).toMatchObject({ flag: 'no-values', raw: 'time -, input -, output -' })
  })

  it('R42: beyond what any line carries in that time are set aside, not charged', () => {
    const aTera = { 'Acct-Output-Octets': 0, 'Acct-Output-Gigawords': 233 }
    expect(recordOf({ ...counted, ...aTera, 'Acct-Session-Time': 10 })).toMatchObject({
      sessionTime: 10,
      outputOctets: 0n,
      flag: 'wild-counters',
      raw: `time 10, input 5, output ${233n << 32n}`,
    })
    expect(recordOf({ ...counted, ...aTera, 'Acct-Session-Time': 30 })).toMatchObject({
      outputOctets: 233n << 32n,
      flag: undefined,
    })
  })

  it('keep a terminate cause of a Stop, and none that no column holds', () => {
    const stop = { ...counted, 'Acct-Status-Type': 'Stop' }
    expect(recordOf({ ...stop, 'Acct-Terminate-Cause': 'User-Request' }).terminateCause).toBe(1)
    expect(recordOf({ ...stop, 'Acct-Terminate-Cause': 4_294_967_295 }).terminateCause).toBeUndefined()
    expect(recordOf({ ...counted, 'Acct-Terminate-Cause': 1 }).terminateCause).toBeUndefined()
  })
})

describe('who and where', () => {
  it('reads username, MAC, line and addresses', () => {
    const record = recordOf({
      'User-Name': ' Anna ',
      'Calling-Station-Id': 'D4:CA:6D:00:00:0A',
      'NAS-Port-Id': 'vlan4071',
      'Framed-IP-Address': '10.0.0.7',
      'Framed-IPv6-Prefix': '2001:db8:1::/64',
      'Delegated-IPv6-Prefix': '2001:db8:2::/56',
      'Acct-Multi-Session-Id': 'bundle',
      'Acct-Interim-Interval': 300,
    })
    expect(record).toMatchObject({
      username: 'anna',
      mac: 'd4:ca:6d:00:00:0a',
      line: 'mac:d4:ca:6d:00:00:0a',
      interface: { raw: 'vlan4071' },
      addresses: {
        framedIp: '10.0.0.7',
        framedIpv6Prefix: '2001:db8:1::/64',
        delegatedIpv6Prefix: '2001:db8:2::/56',
        framedIpv6Address: undefined,
      },
      multiSessionId: 'bundle',
      interimIntervalS: 300,
    })
  })

  it('reads the interface by the rule of the vendor', () => {
    const source = { 'NAS-Port-Id': 'ppp0', 'Called-Station-Id': 'vlan4071:6a:2f:01:00:00:01' }
    expect(recordOf(source, 'accel-ppp').interface?.raw).toBe('vlan4071')
    expect(recordOf(source, 'mikrotik').interface?.raw).toBe('ppp0')
  })

  it.each(['0.0.0.0', '255.255.255.254', '255.255.255.255'])('takes %s for no address', (address) => {
    expect(recordOf({ 'Framed-IP-Address': address }).addresses.framedIp).toBeUndefined()
  })

  it('R41: finds our Class among several, and no other', () => {
    const ours = issueClass(keys.keyring, { classId: 5n, subscriberId: 7n })
    const forged = Buffer.from(ours)
    forged[12] = 1
    const found = read({ ...interim, Class: [Buffer.from('of a proxy'), ours] })
    expect(found).toMatchObject({ foreignClass: false, record: { class: { classId: 5n, subscriberId: 7n } } })
    expect(read({ ...interim, Class: forged })).toMatchObject({ foreignClass: true, record: { class: undefined } })
    expect(read(interim)).toMatchObject({ foreignClass: false, record: { class: undefined } })
  })

  it('takes the interim interval that went with our Class before that of the record', () => {
    const login = { classId: 5n, subscriberId: 7n }
    const told = issueClass(keys.keyring, { ...login, intervalS: 240 })
    expect(recordOf({ Class: told, 'Acct-Interim-Interval': 300 }).interimIntervalS).toBe(240)
    expect(recordOf({ Class: issueClass(keys.keyring, login), 'Acct-Interim-Interval': 300 }).interimIntervalS).toBe(
      300,
    )
    expect(recordOf({ Class: told }).interimIntervalS).toBe(240)
    expect(recordOf({ 'Acct-Interim-Interval': 0 }).interimIntervalS).toBeUndefined()
  })

  it('tells an IPoE line by the order of the group, a PPPoE line by its MAC', () => {
    const values = {
      'Calling-Station-Id': 'D4:CA:6D:00:00:0A',
      'ADSL-Agent-Circuit-Id': Buffer.from('0a0b', 'hex'),
      'ADSL-Agent-Remote-Id': Buffer.from('roof'),
    }
    const order = testNas({ identityOrder: ['circuit-id', 'mac'] })
    const lineOf = (more: Values) => {
      const found = createAccountingReader(dictionary, keys.keyring)(
        packetWith(octetsOf({ ...interim, ...values, ...more })),
        order,
        now,
      )
      return found.kind === 'record' ? found.record : undefined
    }
    expect(lineOf({})).toMatchObject({
      line: 'circuit-id:0a0b',
      circuitId: Buffer.of(10, 11),
      remoteId: Buffer.from('roof'),
    })
    expect(lineOf({ 'Framed-Protocol': 'PPP' })).toMatchObject({ line: 'mac:d4:ca:6d:00:00:0a' })
  })

  it('tells a service from its session by the rule of the vendor', () => {
    const values = { 'Acct-Session-Id': '4711:12', 'ERX-Service-Session': 'internet(20m,50m)' }
    expect(recordFor({ vendor: 'juniper' }, values)).toMatchObject({
      acctSessionId: '4711:12',
      service: { service: 'internet(20m,50m)', parentSessionId: '4711' },
    })
    expect(recordFor({ vendor: 'juniper' }, { 'Acct-Session-Id': '4711' }).service).toBeUndefined()
    expect(recordFor({ vendor: 'mikrotik' }, values).service).toBeUndefined()
    // Under the id of its session it gets one of its own: two counters must not count as one.
    const same = { 'Acct-Session-Id': '4711', 'Acct-Multi-Session-Id': '4711', 'ERX-Service-Session': 'voice' }
    expect(recordFor({ vendor: 'juniper' }, same)).toMatchObject({ acctSessionId: '4711/voice' })
  })

  it('never throws, whatever the attributes hold', () => {
    const attribute = fc
      .tuple(
        fc.constantFrom(1, 8, 25, 31, 40, 41, 42, 44, 46, 50, 52, 55, 85, 87, 97, 123, 168),
        fc.uint8Array({ maxLength: 20 }),
      )
      .map(([type, value]) => Buffer.concat([Buffer.of(type, value.length + 2), value]))
    const reader = createAccountingReader(dictionary, keys.keyring)
    fc.assert(
      fc.property(fc.array(attribute, { maxLength: 15 }), (attributes) => {
        const found = reader(packetWith(Buffer.concat(attributes)), testNas(), now)
        expect(['record', 'reboot', 'ignored']).toContain(found.kind)
      }),
      { numRuns: 500 },
    )
  })
})

describe('a clock that is wrong', () => {
  const skewsOf = (values: Values, settings: Partial<NasSettings> = {}): unknown[] => {
    const counted: unknown[] = []
    const tally = { count: (...told: unknown[]) => void counted.push(told) }
    const nas = testNas({ settings: { ...defaultNasSettings, ...settings } })
    createAccountingReader(dictionary, keys.keyring, tally)(packetWith(octetsOf({ ...interim, ...values })), nas, now)
    return counted
  }

  it.each([
    [-31, -31_500],
    [32, 31_500],
    [90_000, 89_999_500],
  ])('is counted where it is %d s off', (off, aheadMs) => {
    expect(skewsOf({ 'Event-Timestamp': seconds + off })).toEqual([['clock-skew', { nasId: 1n }, aheadMs]])
  })

  it('is not where the record says that it comes late, is a little off, has no time, or nobody trusts it', () => {
    expect(skewsOf({ 'Event-Timestamp': seconds - 600, 'Acct-Delay-Time': 600 })).toEqual([])
    expect(skewsOf({ 'Event-Timestamp': seconds - 25 })).toEqual([])
    expect(skewsOf({})).toEqual([])
    expect(skewsOf({ 'Event-Timestamp': seconds + 600 }, { trust_time: false })).toEqual([])
  })
})
