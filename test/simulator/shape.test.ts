import { describe, expect, it } from 'vitest'
import { encodeAttributes } from '../../src/radius/attributes.ts'
import { accelPpp } from '../../src/simulator/shape-accel-ppp.ts'
import { mikrotik } from '../../src/simulator/shape-mikrotik.ts'
import { gigawords, lowWord } from '../../src/simulator/shape.ts'
import type { NasFacts, NasShape, RecordFacts, RecordStatus, SessionFacts } from '../../src/simulator/shape.ts'
import { dictionary } from './server.ts'

const nas: NasFacts = { identifier: 'bng-1', address: '127.0.0.11', interface: 'vlan4071' }
const password = [{ name: 'User-Password', value: 'made up' }]
const counters = {
  inputOctets: 2n * 2n ** 32n + 5n,
  outputOctets: 2n ** 32n - 1n,
  inputPackets: 11n,
  outputPackets: 12n,
}

function session(shape: NasShape, framedIp?: string): SessionFacts {
  const facts = { username: 'mina', mac: 'd4:ca:6d:00:00:01', ordinal: 2, framedIp, classes: [Buffer.from('c1')] }
  return { ...facts, acctSessionId: shape.formatSessionId(2) }
}

function record(status: RecordStatus): RecordFacts {
  return {
    status,
    sessionTime: 300,
    counters,
    eventAt: 1_700_000_000,
    delay: 1,
    cause: 'User-Request',
    gigawords: true,
  }
}

function pairs(attributes: readonly { name: string; value: unknown }[]): [string, unknown][] {
  return attributes.map(({ name, value }) => [name, value])
}

describe('a MikroTik', () => {
  const line: [string, unknown][] = [
    ['Service-Type', 'Framed-User'],
    ['Framed-Protocol', 'PPP'],
    ['NAS-Port', 15728642],
    ['NAS-Port-Type', 'Ethernet'],
    ['User-Name', 'mina'],
    ['Calling-Station-Id', 'D4:CA:6D:00:00:01'],
    ['Called-Station-Id', 'pppoe-vlan4071'],
    ['NAS-Port-Id', 'vlan4071'],
    ['Acct-Session-Id', '81d00002'],
  ]

  it('sends its Access-Request like this', () => {
    expect(pairs(mikrotik.accessAttributes(nas, session(mikrotik), password))).toEqual([
      ...line,
      ['User-Password', 'made up'],
      ['NAS-Identifier', 'bng-1'],
      ['NAS-IP-Address', '127.0.0.11'],
    ])
  })

  it('sends its Stop like this', () => {
    const stop = mikrotik.accountingAttributes(nas, session(mikrotik, '10.0.0.7'), record('stop'))
    expect(pairs(stop)).toEqual([
      ...line,
      ['Framed-IP-Address', '10.0.0.7'],
      ['Acct-Authentic', 'RADIUS'],
      ['Event-Timestamp', 1_700_000_000],
      ['Class', Buffer.from('c1')],
      ['Acct-Session-Time', 300],
      ['Acct-Input-Octets', 5],
      ['Acct-Input-Gigawords', 2],
      ['Acct-Input-Packets', 11],
      ['Acct-Output-Octets', 4294967295],
      ['Acct-Output-Gigawords', 0],
      ['Acct-Output-Packets', 12],
      ['Acct-Status-Type', 'Stop'],
      ['Acct-Terminate-Cause', 'User-Request'],
      ['NAS-Identifier', 'bng-1'],
      ['Acct-Delay-Time', 1],
      ['NAS-IP-Address', '127.0.0.11'],
    ])
  })

  it('counts nothing in a Start', () => {
    const start = mikrotik.accountingAttributes(nas, session(mikrotik), record('start')).map(({ name }) => name)
    expect(start.filter((name) => name.includes('Octets') || name === 'Acct-Session-Time')).toEqual([])
    expect(start).not.toContain('Framed-IP-Address')
  })
})

describe('an accel-ppp', () => {
  const head: [string, unknown][] = [
    ['User-Name', 'mina'],
    ['NAS-Identifier', 'bng-1'],
    ['NAS-IP-Address', '127.0.0.11'],
  ]
  const line: [string, unknown][] = [
    ['NAS-Port-Type', 'Virtual'],
    ['Service-Type', 'Framed-User'],
    ['Framed-Protocol', 'PPP'],
    ['Calling-Station-Id', 'd4:ca:6d:00:00:01'],
    ['Called-Station-Id', 'vlan4071:6a:2f:01:00:00:01'],
  ]

  it('sends its Access-Request like this: no NAS-Port-Id and no Acct-Session-Id', () => {
    expect(pairs(accelPpp.accessAttributes(nas, session(accelPpp), password))).toEqual([
      ...head,
      ...line,
      ['User-Password', 'made up'],
    ])
  })

  it('sends its Stop like this', () => {
    const stop = accelPpp.accountingAttributes(nas, session(accelPpp, '10.0.0.7'), record('stop'))
    expect(pairs(stop)).toEqual([
      ...head,
      ['NAS-Port', 2],
      ['NAS-Port-Id', 'ppp2'],
      ...line,
      ['Class', Buffer.from('c1')],
      ['Acct-Status-Type', 'Stop'],
      ['Acct-Authentic', 'RADIUS'],
      ['Acct-Session-Id', '0000000000000003'],
      ['Acct-Session-Time', 300],
      ['Acct-Input-Octets', 5],
      ['Acct-Output-Octets', 4294967295],
      ['Acct-Input-Packets', 11],
      ['Acct-Output-Packets', 12],
      ['Acct-Input-Gigawords', 2],
      ['Acct-Output-Gigawords', 0],
      ['Acct-Terminate-Cause', 'User-Request'],
      ['Framed-IP-Address', '10.0.0.7'],
    ])
  })
})

describe.each([mikrotik, accelPpp])('every packet of $vendor', (shape) => {
  it('is known to the dictionary', () => {
    const facts = session(shape, '10.0.0.7')
    for (const status of ['start', 'interim', 'stop'] as const) {
      const octets = encodeAttributes(dictionary, shape.accountingAttributes(nas, facts, record(status)))
      expect(octets.length).toBeGreaterThan(100)
    }
    expect(encodeAttributes(dictionary, shape.accessAttributes(nas, facts, [])).length).toBeGreaterThan(80)
    for (const status of ['Accounting-On', 'Accounting-Off'] as const) {
      expect(encodeAttributes(dictionary, shape.deviceAttributes(nas, status, 1)).length).toBeGreaterThan(10)
    }
  })

  it('leaves Gigawords away on a NAS that has none', () => {
    const without = { ...record('interim'), gigawords: false }
    const names = shape.accountingAttributes(nas, session(shape), without).map(({ name }) => name)
    expect(names.filter((name) => name.includes('Gigawords'))).toEqual([])
  })
})

describe('RFC 2869 §5.1 Gigawords', () => {
  it.each([
    [0n, 0, 0],
    [2n ** 32n - 1n, 4294967295, 0],
    [2n ** 32n, 0, 1],
    [2n ** 64n - 1n, 4294967295, 4294967295],
  ])('splits %s', (octets, low, high) => {
    expect([lowWord(octets), gigawords(octets)]).toEqual([low, high])
  })
})
