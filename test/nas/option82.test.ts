import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeCircuitId, decodeRemoteId, findOption82, readOption82 } from '../../src/nas/option82.ts'
import type { LineIdParts } from '../../src/nas/option82.ts'
import { circuitForms } from '../../src/nas/option82-text.ts'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

/** Circuit ids that are text, and the parts beside `text`. [m]: printed in a manual or standard. */
const circuitTexts: [string, Omit<LineIdParts, 'text'>][] = [
  // TR-101 §3.9.3, RFC 4679 §3.3.1
  ['dslam1 eth 2/1:100', { form: 'tr-101-eth', port: '2/1', cVlan: 100 }], // [m] Nokia
  ['dslam1 eth 2/1', { form: 'tr-101-eth', port: '2/1' }],
  ['olt7 eth 1/0/3:100.200', { form: 'tr-101-eth', port: '1/0/3', sVlan: 100, cVlan: 200 }],
  ['olt7 eth 1/0/3:100-200', { form: 'tr-101-eth', port: '1/0/3', sVlan: 100, cVlan: 200 }],
  ['OLT-7 eth 1/1/04/12/5/1/1:100', { form: 'tr-101-eth', port: '1/1/04/12/5/1/1', cVlan: 100 }],
  ['olt7 eth 1/0/3:4095', { form: 'tr-101-eth', port: '1/0/3' }],
  ['dslam1 atm 2/1:8.35', { form: 'tr-101-atm', port: 'atm 2/1' }],
  ['ISAM atm 1/1/04/12:8.35', { form: 'tr-101-atm', port: 'atm 1/1/04/12' }],
  ['2c:95:7f:01:02:03 eth 0/3:100', { form: 'tr-101-eth', port: '0/3', cVlan: 100 }],
  // Huawei and ZTE access nodes
  ['MA5800 xpon 0/1/0/3:12.1.100', { form: 'pon', port: 'xpon 0/1/0/3' }],
  ['C320 gpon 1/1/2', { form: 'pon', port: 'gpon 1/1/2' }],
  ['c320 onu 1/1/2:5', { form: 'pon', port: 'onu 1/1/2' }],
  // The rule of China Telecom
  ['eth 2/0/1:1200.4071 olt7/0/0/0/0/0', { form: 'telecom', port: '2/0/1', sVlan: 1200, cVlan: 4071 }],
  ['trunk 0/0/5:4096.1200 bng7/0/0/0/0/0', { form: 'telecom', port: 'trunk 0/0/5', cVlan: 1200 }],
  [
    '0 0/0/0:4096.1234 guangzhou001/0/31/63/31/127', // [m] H3C
    { form: 'telecom-node', port: 'guangzhou001/0/31/63/31/127', cVlan: 1234 },
  ],
  ['atm 31/31/7:255.65535 guangzhou001/0/31/63/31/127', { form: 'telecom-atm', port: 'atm 31/31/7' }],
  // Huawei
  [
    'GigabitEthernet2/0/1:1200.4071 bng7/0/0/0/0/0',
    { form: 'vrp-interface', port: 'GigabitEthernet2/0/1', sVlan: 1200, cVlan: 4071 },
  ],
  ['Eth-Trunk1.7:1200.0 bng7', { form: 'vrp-interface', port: 'Eth-Trunk1', cVlan: 1200 }],
  ['slot=1;subslot=0;port=2;vlanid=100;', { form: 'key-value', port: '1/0/2', cVlan: 100 }],
  ['slot=1;subslot=0;port=3;VPI=8;VCI=35;', { form: 'key-value-port', port: '1/0/3' }],
  // D-Link, [m]
  ['Ethernet1/0/5:100.0 sw7/0/0/1/0/5', { form: 'vrp-interface', port: 'Ethernet1/0/5', cVlan: 100 }],
  // Juniper as a relay
  ['ge-1/0/3.100:200-300', { form: 'junos', port: 'ge-1/0/3', sVlan: 200, cVlan: 300 }],
  ['ge-1/0/3:100', { form: 'junos', port: 'ge-1/0/3', cVlan: 100 }],
  // Others, [m]
  ['Vlan2+Ethernet1/1', { form: 'vlan-plus-port', port: 'Ethernet1/1', cVlan: 2 }],
  ['Switch/07/0123', { form: 'node-port-vlan', port: '7', cVlan: 123 }],
  ['vlan4071', { form: 'vlan-name', cVlan: 4071 }],
  // What is text and no more
  ['house 5, flat 12', { form: 'text' }],
  ['1/2/3/4', { form: 'text' }],
  ['улица 5', { form: 'text' }],
]

/** Circuit ids in octets. */
const circuitOctets: [string, LineIdParts][] = [
  ['0004 0064 00 05', { form: 'vlan-module-port', port: '0/5', cVlan: 100 }],
  ['0004 0fee 02 18', { form: 'vlan-module-port', port: '2/24', cVlan: 4078 }],
  ['0004 0fff 01 01', { form: 'vlan-module-port', port: '1/1' }],
  ['0004 0000 00 03', { form: 'vlan-module-port', port: '0/3' }],
  ['0004 ffff 00 03', { form: 'vlan-module-port', port: '0/3' }],
  // Huawei "extend": slot in five bits and subslot in three are one octet here
  ['0004 04b0 11 07', { form: 'vlan-module-port', port: '17/7', cVlan: 1200 }],
  // Seen in a packet of a DHCP relay
  ['0006 04b1 01 00 0001', { form: 'vlan-slot-module-port', port: '1/0/1', cVlan: 1201 }],
  ['0064 00 05', { form: 'bare-vlan-module-port', port: '0/5', cVlan: 100 }],
  // Four octets without a VLAN in them are anything
  ['ffff 00 05', { form: 'octets' }],
  ['0105 706f727437', { form: 'typed-text', text: 'port7' }],
  [
    '0112 64736c616d312065746820322f313a313030',
    { form: 'tr-101-eth', port: '2/1', cVlan: 100, text: 'dslam1 eth 2/1:100' },
  ],
  // A length that does not fit is no type and length
  ['0113 64736c616d312065746820322f313a313030', { form: 'octets' }],
  ['0105 0001020304', { form: 'octets' }],
  ['0008 0064 00c8 0001 0005', { form: 'octets' }],
  ['00', { form: 'octets' }],
  // A NUL, and a character that turns the writing round, make no text
  ['6f6c7400', { form: 'octets' }],
  ['e280ae6f6c74', { form: 'octets' }],
  ['ff00ff', { form: 'octets' }],
  ['', { form: 'empty' }],
]

const remoteOctets: [string, LineIdParts][] = [
  ['0006 001122aabbcc', { form: 'typed-mac', mac: '00:11:22:aa:bb:cc' }],
  ['00030f1ae32c', { form: 'mac', mac: '00:03:0f:1a:e3:2c' }],
  ['0104 6f6c7437', { form: 'typed-text', text: 'olt7' }],
  ['6f6c7437', { form: 'text', text: 'olt7' }],
  // Six octets that are all letters: taken as the text
  ['6f6c742d3737', { form: 'text', text: 'olt-77' }],
  ['020a 0000 c0000201 01000064', { form: 'octets' }],
  ['0006 001122aabb', { form: 'octets' }],
  ['', { form: 'empty' }],
]

describe('circuit id as text (TR-101 §3.9.3, RFC 4679 §3.3.1)', () => {
  it.each(circuitTexts)('%s', (text, parts) => {
    expect(decodeCircuitId(Buffer.from(text))).toEqual({ ...parts, text })
  })

  it('has a source for each form, and a string above that it reads', () => {
    expect(new Set(circuitForms.map(({ name }) => name)).size).toBe(circuitForms.length)
    for (const { name, source, pattern } of circuitForms) {
      expect(source.length).toBeGreaterThan(3)
      expect(pattern.source).toMatch(/^\^.*\$$/)
      expect([name, circuitTexts.some(([text]) => pattern.test(text))]).toEqual([name, true])
    }
  })
})

describe('circuit id as octets', () => {
  it.each(circuitOctets)('%s', (octets, parts) => {
    expect(decodeCircuitId(hex(octets))).toEqual(parts)
  })
})

describe('remote id (RFC 3046 §3.2)', () => {
  it.each(remoteOctets)('%s', (octets, parts) => {
    expect(decodeRemoteId(hex(octets))).toEqual(parts)
  })

  it.each(['00:11:22:AA:BB:CC', '00-11-22-aa-bb-cc', '0011.22aa.bbcc', '0011-22aa-bbcc', '001122aabbcc'])(
    'is a MAC written as %s',
    (text) => {
      expect(decodeRemoteId(Buffer.from(text))).toEqual({ form: 'mac-text', mac: '00:11:22:aa:bb:cc', text })
    },
  )

  it.each(['00:11:22-aa:bb:cc', '00:11:22:aa:bb', '0011:22aa:bbcc'])(
    'is only a text where it is no MAC: %s',
    (text) => {
      expect(decodeRemoteId(Buffer.from(text))).toEqual({ form: 'text', text })
    },
  )
})

describe('RFC 3046 §2.0: sub-options', () => {
  const none = { circuitId: undefined, remoteId: undefined, others: [] }

  it.each<[string, string, object | undefined]>([
    // Seen in a packet of a DHCP relay
    [
      'circuit id and a MAC as remote id',
      '01 08 000604b101000001 02 06 00030f1ae32c',
      { ...none, circuitId: hex('000604b101000001'), remoteId: hex('00030f1ae32c') },
    ],
    [
      'its own code and length before it',
      '52 12 01 08 000604b101000001 02 06 00030f1ae32c',
      { ...none, circuitId: hex('000604b101000001'), remoteId: hex('00030f1ae32c') },
    ],
    ['a remote id alone', '02 04 6f6c7437', { ...none, remoteId: Buffer.from('olt7') }],
    [
      'a subscriber id (RFC 3993) and a vendor (RFC 4243) behind',
      '01 02 3132 06 03 616263 09 04 00000de9',
      {
        ...none,
        circuitId: Buffer.from('12'),
        others: [
          { code: 6, value: Buffer.from('abc') },
          { code: 9, value: hex('00000de9') },
        ],
      },
    ],
    [
      'the first of two circuit ids counts, the other is kept',
      '01 01 61 01 01 62',
      { ...none, circuitId: Buffer.from('a'), others: [{ code: 1, value: Buffer.from('b') }] },
    ],
    ['an empty circuit id', '01 00', { ...none, circuitId: Buffer.alloc(0) }],
    ['nothing', '', none],
    ['a length beyond the end', '01 08 0006', undefined],
    ['an octet left over', '01 01 61 02', undefined],
    ['a good one and then half of one', '01 01 61 02 06 0003', undefined],
  ])('%s', (_, octets, expected) => {
    expect(readOption82(hex(octets))).toEqual(expected)
  })

  it.each<[string, string, string | undefined]>([
    ['among other options, the end told', '35 01 01 52 06 01 04 6f6c7437 0c 01 61 ff', '01 04 6f6c7437'],
    ['behind pads (RFC 2132 §3.1)', '00 00 52 03 01 01 61', '01 01 61'],
    ['in two parts (RFC 3396 §7)', '52 03 01 04 6f 0c 01 61 52 03 6c7437', '01 04 6f6c7437'],
    ['not after the end', '35 01 01 ff 52 03 01 01 61', undefined],
    ['not there', '35 01 01', undefined],
    ['no list at all', '35 09 01', undefined],
    ['empty', '', undefined],
  ])('is found in a list of DHCP options: %s', (_, options, expected) => {
    const found = findOption82(hex(options))
    expect(found?.toString('hex')).toBe(expected?.replaceAll(' ', ''))
  })
})

describe('whatever a relay sends', () => {
  const octets = fc.oneof(
    fc.uint8Array({ maxLength: 253 }),
    fc.string({ maxLength: 253 }).map((text) => Buffer.from(text)),
    fc
      .tuple(fc.integer({ min: 0, max: 2 }), fc.uint8Array({ maxLength: 20 }))
      .map(([type, value]) => Buffer.from([type, value.length, ...value])),
  )

  it('is decoded without throwing, to tags of IEEE 802.1Q and MACs in canonical form', () => {
    fc.assert(
      fc.property(octets, (value) => {
        for (const parts of [decodeCircuitId(value), decodeRemoteId(value)]) {
          expect(parts.form).not.toBe('')
          for (const tag of [parts.sVlan, parts.cVlan])
            if (tag !== undefined) expect(tag >= 1 && tag <= 4094).toBe(true)
          if (parts.sVlan !== undefined) expect(parts.cVlan).toBeDefined()
          if (parts.mac !== undefined) expect(parts.mac).toMatch(/^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/)
          readOption82(value)
          findOption82(value)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  it('comes out of option 82 as it was put in', () => {
    const value = fc.uint8Array({ maxLength: 60 })
    fc.assert(
      fc.property(value, value, value, (circuit, remote, other) => {
        const put = [
          [1, circuit],
          [2, remote],
          [6, other],
        ] as const
        const body = Buffer.concat(put.map(([code, octet]) => Buffer.from([code, octet.length, ...octet])))
        const expected = {
          circuitId: Buffer.from(circuit),
          remoteId: Buffer.from(remote),
          others: [{ code: 6, value: Buffer.from(other) }],
        }
        expect(readOption82(body)).toEqual(expected)
        expect(readOption82(Buffer.from([82, body.length, ...body]))).toEqual(expected)
        const found = findOption82(Buffer.from([53, 1, 1, 82, body.length, ...body, 255]))
        expect(found?.equals(body)).toBe(true)
      }),
    )
  })
})
