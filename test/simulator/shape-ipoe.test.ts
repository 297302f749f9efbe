import { describe, expect, it } from 'vitest'
import { encodeAttributes } from '../../src/radius/attributes.ts'
import { makeLineCredentials } from '../../src/simulator/credentials.ts'
import { createRandom } from '../../src/simulator/random.ts'
import { accelPppIpoe } from '../../src/simulator/shape-accel-ppp-ipoe.ts'
import { huawei, huaweiPassword } from '../../src/simulator/shape-huawei.ts'
import { juniper } from '../../src/simulator/shape-juniper.ts'
import { clientId, mikrotikDhcp } from '../../src/simulator/shape-mikrotik-dhcp.ts'
import type { NasFacts, NasShape, RecordFacts, RecordStatus, SessionFacts } from '../../src/simulator/shape.ts'
import { shapeOf, UnknownShapeError } from '../../src/simulator/shapes.ts'
import { dictionary } from './server.ts'

const nas: NasFacts = { identifier: 'bng-1', address: '127.0.0.11', interface: 'ae0' }
const circuitId = Buffer.from('olt7 1/2/3')
const place = { sVlan: 1200, cVlan: 139, circuitId, remoteId: Buffer.from('cpe9') }

function session(shape: NasShape, changes: Partial<SessionFacts> = {}): SessionFacts {
  const facts = { mac: '18:c0:4d:51:0d:e2', ordinal: 2, framedIp: undefined, classes: [Buffer.from('c1')], place }
  const named = { ...facts, acctSessionId: shape.formatSessionId(2), ...changes }
  return { ...named, username: shape.identity!.username(nas, named) }
}

function record(status: RecordStatus): RecordFacts {
  const counters = { inputOctets: 2n ** 32n + 5n, outputOctets: 7n, inputPackets: 11n, outputPackets: 12n }
  const said = { sessionTime: 300, counters, eventAt: 1_700_000_000, delay: 1, gigawords: true }
  return { ...said, status, cause: 'User-Request' }
}

function pairs(attributes: readonly { name: string; value: unknown }[]): [string, unknown][] {
  return attributes.map(({ name, value }) => [name, value])
}

function asked(shape: NasShape, facts = session(shape)): [string, unknown][] {
  const { attributes } = makeLineCredentials(shape.identity!.password(facts.username), createRandom(1))
  return pairs(shape.accessAttributes(nas, facts, attributes))
}

const options: [string, unknown][] = [
  ['ADSL-Agent-Circuit-Id', circuitId],
  ['ADSL-Agent-Remote-Id', Buffer.from('cpe9')],
]
const own: [string, unknown][] = [
  ['NAS-Identifier', 'bng-1'],
  ['NAS-IP-Address', '127.0.0.11'],
]

describe('an Access-Request for a lease', () => {
  it('of a MikroTik names the MAC, with an empty password and the client-id', () => {
    expect(asked(mikrotikDhcp, session(mikrotikDhcp, { framedIp: '10.0.0.7' }))).toEqual([
      ['NAS-Port-Type', 'Ethernet'],
      ['NAS-Port', 12],
      ['Calling-Station-Id', '1:18:c0:4d:51:d:e2'],
      ['User-Name', '18:C0:4D:51:0D:E2'],
      ['Called-Station-Id', 'dhcp-ae0'],
      ['NAS-Port-Id', 'ae0'],
      ...options,
      ['Acct-Session-Id', '81d00002'],
      ['Framed-IP-Address', '10.0.0.7'],
      ['User-Password', ''],
      ...own,
    ])
    expect(clientId('00:0a:b0:00:00:01')).toBe('1:0:a:b0:0:0:1')
  })

  it('of an accel-ppp names the interface of the VLAN, as name and as password', () => {
    const facts = session(accelPppIpoe, { place: { interface: 'vlan4071' } })
    expect(asked(accelPppIpoe, facts)).toEqual([
      ['User-Name', 'vlan4071'],
      ...own,
      ['NAS-Port', 7],
      ['NAS-Port-Id', 'vlan4071'],
      ['NAS-Port-Type', 'Ethernet'],
      ['Calling-Station-Id', '18:c0:4d:51:0d:e2'],
      ['Called-Station-Id', 'vlan4071'],
      ['User-Password', 'vlan4071'],
    ])
  })

  it('of a Juniper is named by MAC, interface and option 82, without a password', () => {
    expect(asked(juniper)).toEqual([
      ['User-Name', '18c0.4d51.0de2-ae0:1200-139-olt7 1/2/3-cpe9'],
      ['Service-Type', 'Framed-User'],
      ['Acct-Session-Id', '4002'],
      ['ERX-Dhcp-Mac-Addr', '18c0.4d51.0de2'],
      ['NAS-Port-Type', 'Ethernet'],
      ['NAS-Port-Id', 'ae0.3221:1200-139'],
      ...options,
      ...own,
    ])
    const single = session(juniper, { place: { cVlan: 139 } })
    expect(single.username).toBe('18c0.4d51.0de2-ae0:139')
    expect(asked(juniper, single)).toContainEqual(['NAS-Port-Id', 'ae0.3221:139'])
  })

  it('of a Huawei has the bare MAC, the constant of the box and named VLANs', () => {
    expect(asked(huawei)).toEqual([
      ['User-Name', '18c04d510de2'],
      ...own,
      ['NAS-Port-Type', 'Ethernet'],
      ['NAS-Port-Id', 'slot=2;subslot=0;port=1;vlanid=1200;vlanid2=139;'],
      ['Service-Type', 'Framed-User'],
      ['Calling-Station-Id', '18c0-4d51-0de2'],
      ['Acct-Session-Id', 'ME60-X80200000000120000000002'],
      ...options,
      ['User-Password', huaweiPassword],
    ])
  })
})

describe.each([mikrotikDhcp, accelPppIpoe, juniper, huawei])('every packet of $vendor for IPoE', (shape) => {
  const facts = session(shape, {
    framedIp: '10.0.0.7',
    framedIpv6Prefix: '2001:db8:1:2::/64',
    delegatedIpv6Prefix: '2001:db8:8001:2::/64',
    multiSessionId: 'm',
  })

  it('is known to the dictionary, and speaks of no PPP', () => {
    const packets = [
      shape.accessAttributes(nas, facts, []),
      ...(['start', 'interim', 'stop'] as const).map((status) =>
        shape.accountingAttributes(nas, facts, record(status)),
      ),
      shape.deviceAttributes(nas, 'Accounting-On', 1),
    ]
    for (const packet of packets) {
      expect(encodeAttributes(dictionary, packet).length).toBeGreaterThan(10)
      expect(packet.map(({ name }) => name)).not.toContain('Framed-Protocol')
    }
  })

  it('says in accounting what was counted, and which addresses the session has', () => {
    const said = pairs(shape.accountingAttributes(nas, facts, record('stop')))
    expect(said).toContainEqual(['Acct-Status-Type', 'Stop'])
    expect(said).toContainEqual(['Acct-Input-Octets', 5])
    expect(said).toContainEqual(['Acct-Input-Gigawords', 1])
    expect(said).toContainEqual(['Class', Buffer.from('c1')])
    expect(said).toContainEqual(['Framed-IP-Address', '10.0.0.7'])
    expect(said).toContainEqual(['Delegated-IPv6-Prefix', '2001:db8:8001:2::/64'])
    expect(said).toContainEqual(['Acct-Terminate-Cause', 'User-Request'])
  })
})

describe('a service of a Juniper', () => {
  it('is named in its accounting', () => {
    const service = session(juniper, { service: 'iptv', acctSessionId: '4002:1' })
    const said = pairs(juniper.accountingAttributes(nas, service, record('start')))
    expect(said).toContainEqual(['ERX-Service-Session', 'iptv'])
    expect(said).toContainEqual(['Acct-Session-Id', '4002:1'])
  })
})

describe('kinds of NAS', () => {
  it('are chosen by vendor and access, PPPoE first', () => {
    expect([shapeOf('mikrotik').identity, shapeOf('accel-ppp', 'pppoe').identity]).toEqual([undefined, undefined])
    expect(shapeOf('mikrotik', 'ipoe')).toBe(mikrotikDhcp)
    expect([shapeOf('juniper'), shapeOf('huawei')]).toEqual([juniper, huawei])
    expect(() => shapeOf('juniper', 'pppoe')).toThrow(UnknownShapeError)
  })
})
