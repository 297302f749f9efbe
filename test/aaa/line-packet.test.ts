import { describe, expect, it } from 'vitest'
import { createLineReader } from '../../src/aaa/line-packet.ts'
import type { Nas } from '../../src/domain/nas.ts'
import { encodeAttributes } from '../../src/radius/attributes.ts'
import type { NamedAttribute } from '../../src/radius/attributes.ts'
import { testNas } from '../support/access.ts'
import { packetWith } from '../support/attributes.ts'
import { dictionary, dictionaryOf } from '../support/dictionary.ts'

const readLine = createLineReader(dictionary)
const mac = 'd4:ca:6d:0a:00:03'

function read(attributes: Record<string, NamedAttribute['value']>, nas: Partial<Nas> = {}, proves?: () => boolean) {
  const named = Object.entries(attributes).map(([name, value]) => ({ name, value }))
  return readLine(packetWith(encodeAttributes(dictionary, named)), testNas(nas), proves)
}

describe('the kind of access', () => {
  it('is PPPoE where Framed-Protocol says PPP, whatever else is sent', () => {
    expect(read({ 'Framed-Protocol': 1 }, {}, () => false).access).toBe('pppoe')
  })

  it('is PPPoE where NAS-Port-Type is one of PPPoE', () => {
    expect(read({ 'NAS-Port-Type': 33 }).access).toBe('pppoe')
    expect(read({ 'NAS-Port-Type': 15 }).access).toBe('ipoe')
  })

  it('is never IPoE for people who log in to the box itself: they type the User-Name', () => {
    for (const service of [1, 3, 6, 7, 8, 9, 11]) {
      const found = read({ 'Service-Type': service, 'User-Name': mac }, {}, () => false)
      expect(found.access).toBe('pppoe')
      expect(found.facts.mac).toBeUndefined()
    }
    expect(read({ 'Service-Type': 2 }).access).toBe('ipoe')
    // Cisco authorises a MAC as Outbound, others as Call Check.
    expect(read({ 'Service-Type': 5 }).access).toBe('ipoe')
    expect(read({ 'Service-Type': 10 }).access).toBe('ipoe')
  })

  it('is told by the credentials where nothing else tells it', () => {
    expect(read({}, {}, () => true).access).toBe('pppoe')
    expect(read({}, {}, () => false).access).toBe('ipoe')
    expect(read({}).access).toBe('ipoe')
  })
})

describe('the MAC of a line', () => {
  it.each([
    ['MikroTik PPPoE', 'D4:CA:6D:0A:00:03'],
    ['MikroTik DHCP, a client-id', '1:d4:ca:6d:a:0:3'],
    ['accel-ppp', 'd4:ca:6d:0a:00:03'],
    ['Cisco', 'd4ca.6d0a.0003'],
    ['Huawei', 'd4ca-6d0a-0003'],
    ['hyphens', 'D4-CA-6D-0A-00-03'],
    ['bare', 'D4CA6D0A0003'],
  ])('of %s is in Calling-Station-Id', (_, sent) => {
    expect(read({ 'Calling-Station-Id': sent })).toMatchObject({ facts: { mac }, line: `mac:${mac}` })
  })

  it('of Juniper is in ERX-Dhcp-Mac-Addr', () => {
    const sent = { 'User-Name': 'x', 'ERX-Dhcp-Mac-Addr': 'd4ca.6d0a.0003' }
    expect(read(sent, { vendor: 'juniper' }).facts.mac).toBe(mac)
  })

  it('of Nokia is in Alc-Client-Hardware-Addr', () => {
    expect(read({ 'Alc-Client-Hardware-Addr': 'd4:ca:6d:0a:00:03' }, { vendor: 'nokia' }).facts.mac).toBe(mac)
  })

  it('of Cisco is in the AVPair client-mac-address', () => {
    expect(read({ 'Cisco-AVPair': 'client-mac-address=d4ca.6d0a.0003' }, { vendor: 'cisco' }).facts.mac).toBe(mac)
  })

  it('is the User-Name of an IPoE line that names it nowhere else', () => {
    expect(read({ 'User-Name': 'd4ca6d0a0003' }).facts.mac).toBe(mac)
    expect(read({ 'User-Name': 'd4ca.6d0a.0003-ae0:139-circuit-remote' }).facts.mac).toBe(mac)
    expect(read({ 'User-Name': 'd4ca.6d0a.0003x' }).facts.mac).toBeUndefined()
  })

  it('is never what a PPPoE client typed', () => {
    expect(read({ 'User-Name': mac, 'Framed-Protocol': 1 }).facts.mac).toBeUndefined()
    const own = { 'User-Name': mac, 'Framed-Protocol': 1, 'Calling-Station-Id': '02:00:00:00:00:01' }
    expect(read(own).line).toBe('mac:02:00:00:00:00:01')
  })

  it('is looked for elsewhere only where Calling-Station-Id is none', () => {
    const sent = { 'Calling-Station-Id': mac, 'User-Name': '02:00:00:00:00:01' }
    expect(read(sent).facts.mac).toBe(mac)
  })
})

describe('circuit id and remote id', () => {
  // 82, its length, then circuit id `eth 0/1:77` and remote id `olt7`.
  const option82 = Buffer.from(`5212010a${Buffer.from('eth 0/1:77').toString('hex')}02046f6c7437`, 'hex')
  const ids = { circuitId: Buffer.from('eth 0/1:77'), remoteId: Buffer.from('olt7') }

  it('RFC 4679 §3.3.1: are attributes of the DSL Forum, as octets', () => {
    const sent = {
      'ADSL-Agent-Circuit-Id': Buffer.from('000402bc0103', 'hex'),
      'ADSL-Agent-Remote-Id': Buffer.from('0006d4ca6d0a0003', 'hex'),
    }
    const { facts } = read(sent)
    expect(facts.circuitId?.toString('hex')).toBe('000402bc0103')
    expect(facts.remoteId?.toString('hex')).toBe('0006d4ca6d0a0003')
  })

  it('of Cisco are in AVPairs', () => {
    const octets = encodeAttributes(dictionary, [
      { name: 'Cisco-AVPair', value: 'remote-id-tag=olt7' },
      { name: 'Cisco-AVPair', value: 'circuit-id-tag=eth 0/1:77' },
    ])
    expect(readLine(packetWith(octets), testNas({ vendor: 'cisco' })).facts).toMatchObject(ids)
  })

  it('RFC 3046: are inside an option 82 that is passed on', () => {
    expect(read({ 'ERX-Dhcp-Option-82': option82 }).facts).toMatchObject(ids)
    expect(read({ 'ERX-Dhcp-Option-82': option82.subarray(2) }).facts).toMatchObject(ids)
  })

  it('RFC 2132: are inside the DHCP options that are passed on', () => {
    const options = Buffer.concat([Buffer.from('350101', 'hex'), option82, Buffer.from('ff', 'hex')])
    for (const name of ['ERX-Dhcp-Options', 'Huawei-DHCP-Option', 'Alc-ToServer-Dhcp-Options']) {
      expect(read({ [name]: options }).facts).toMatchObject(ids)
    }
    const cut = read({ 'ERX-Dhcp-Options': options.subarray(0, 8) })
    expect(cut.facts.circuitId).toBeUndefined()
  })

  it('RFC 8415 §21.18, RFC 4649: are options of DHCPv6, beside the DUID', () => {
    const options = Buffer.from(
      '0001000a00030001d4ca6d0a00030012000a65746820302f313a373700250008000000096f6c7437',
      'hex',
    )
    const { facts } = read({ 'Alc-ToServer-Dhcp6-Options': options })
    expect(facts).toMatchObject({ ...ids, duid: Buffer.from('00030001d4ca6d0a0003', 'hex') })
  })

  it('that are empty are none', () => {
    const { facts } = read({ 'Cisco-AVPair': 'remote-id-tag=' })
    expect(facts).toMatchObject({ circuitId: undefined, remoteId: undefined, duid: undefined })
  })
})

describe('the DUID', () => {
  it('RFC 4361 §6.1: stands behind the IAID in a client-id of type 255', () => {
    const { facts } = read({ 'Calling-Station-Id': 'ff:6d:a:0:3:0:3:0:1:d4:ca:6d:a:0:3' })
    expect(facts.duid?.toString('hex')).toBe('00030001d4ca6d0a0003')
    expect(facts.mac).toBeUndefined()
  })
})

describe('the key of a line', () => {
  const sent = { 'Calling-Station-Id': mac, 'NAS-Port-Id': 'vlan12', 'ADSL-Agent-Circuit-Id': Buffer.from('c1') }

  it('of IPoE is the first fact in the order of the NAS group', () => {
    expect(read(sent).line).toBe(`mac:${mac}`)
    expect(read(sent, { identityOrder: ['circuit-id', 'mac'] }).line).toBe('circuit-id:6331')
    expect(read(sent, { identityOrder: ['duid', 'interface'] }).line).toMatch(/^interface:.*12/)
    expect(read({}, {}).line).toBeUndefined()
  })

  it('of PPPoE is the MAC, whatever the order; without a MAC the order decides', () => {
    const ppp = { ...sent, 'Framed-Protocol': 1 }
    expect(read(ppp, { identityOrder: ['circuit-id', 'mac'] }).line).toBe(`mac:${mac}`)
    const { 'Calling-Station-Id': _, ...nameless } = ppp
    expect(read(nameless, { identityOrder: ['circuit-id'] }).line).toBe('circuit-id:6331')
  })
})

it('needs no attribute of a vendor in its dictionary', () => {
  const plain = dictionaryOf(
    ['User-Name 1 string', 'Service-Type 6 integer', 'Framed-Protocol 7 integer', 'NAS-Port 5 integer']
      .concat(['NAS-Port-Id 87 string', 'NAS-Port-Type 61 integer', 'Calling-Station-Id 31 string'])
      .concat(['Called-Station-Id 30 string'])
      .map((line) => `ATTRIBUTE ${line}`)
      .join('\n'),
  )
  const octets = encodeAttributes(plain, [{ name: 'User-Name', value: mac }])
  const { facts } = createLineReader(plain)(packetWith(octets), testNas())
  expect({ ...facts }).toEqual({
    mac,
    circuitId: undefined,
    remoteId: undefined,
    duid: undefined,
    interface: undefined,
  })
})
