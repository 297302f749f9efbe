import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { InterfaceParts } from '../../../src/domain/line.ts'
import { vendorNames } from '../../../src/domain/nas.ts'
import type { VendorName } from '../../../src/domain/nas.ts'
import { vlanParts } from '../../../src/nas/vendors/interface-forms.ts'
import { portLayouts } from '../../../src/nas/vendors/interface-port-layouts.ts'
import { parseInterface, readInterface } from '../../../src/nas/vendors/interface-read.ts'
import { interfaceForms } from '../../../src/nas/vendors/interface-table.ts'

type Parts = Omit<InterfaceParts, 'raw'>

describe('VLAN tags (IEEE 802.1Q)', () => {
  it.each<[number | undefined, number | undefined, Parts | undefined]>([
    [100, 200, { sVlan: 100, cVlan: 200 }],
    [1, 4094, { sVlan: 1, cVlan: 4094 }],
    // One tag is the C-VLAN, wherever it stands.
    [100, undefined, { cVlan: 100 }],
    [undefined, 200, { cVlan: 200 }],
    [100, 0, { cVlan: 100 }],
    [4095, 200, { cVlan: 200 }],
    [4096, 200, { cVlan: 200 }],
    [0, 4095, {}],
    [undefined, undefined, {}],
    // A number that is no tag makes the other one worthless too.
    [4097, 200, undefined],
    [100, 9999, undefined],
  ])('outer %j and inner %j', (outer, inner, parts) => {
    expect(vlanParts(outer, inner)).toEqual(parts)
  })
})

describe('NAS-Port', () => {
  const bits = (...fields: [number, number][]): number =>
    fields.reduce((value, [field, width]) => value * 2 ** width + field, 0)

  it.each<[VendorName, number, Parts]>([
    ['huawei', bits([2, 8], [0, 4], [1, 8], [1200, 12]), { port: '2/0/1', cVlan: 1200 }],
    ['huawei', bits([255, 8], [15, 4], [255, 8], [4094, 12]), { port: '255/15/255', cVlan: 4094 }],
    ['huawei', 7, { port: '0/0/0', cVlan: 7 }],
    ['h3c', bits([1, 8], [0, 4], [24, 8], [100, 12]), { port: '1/0/24', cVlan: 100 }],
    ['juniper', bits([7, 5], [2, 3], [200, 12], [300, 12]), { port: '7/2', sVlan: 200, cVlan: 300 }],
    ['cisco', bits([3, 4], [1, 1], [5, 3], [0, 12], [200, 12]), { port: '3/1/5', cVlan: 200 }],
    ['huawei', bits([2, 8], [0, 4], [1, 8], [0, 12]), {}],
    ['huawei', bits([2, 8], [0, 4], [1, 8], [4095, 12]), {}],
    ['mikrotik', 15_728_640, {}],
    ['nokia', 231_742_788, {}],
  ])('%s sends %i', (vendor, nasPort, parts) => {
    const source = { nasPortId: undefined, calledStationId: undefined, nasPort }
    expect(readInterface(vendor, source, 'nas-port')).toEqual({ raw: String(nasPort), ...parts })
  })

  it('is read only where the NAS was told to be known by it', () => {
    const source = { nasPortId: undefined, calledStationId: undefined, nasPort: 4200 }
    for (const vendor of vendorNames) expect(readInterface(vendor, source, undefined)).toBeUndefined()
  })

  it('has layouts of 32 bits with a source', () => {
    for (const { fields, source } of portLayouts) {
      expect(fields.reduce((sum, [, width]) => sum + width, 0)).toBe(32)
      expect(source).not.toBe('')
    }
  })
})

describe('where the interface stands', () => {
  it.each<[string | undefined, string | undefined, InterfaceParts | undefined]>([
    ['ppp0', 'vlan4071:6a:2f:01:02:03:04', { raw: 'vlan4071', cVlan: 4071 }],
    ['ppp0', 'eth0.100.200:6a:2f:01:02:03:04', { raw: 'eth0.100.200', port: 'eth0', sVlan: 100, cVlan: 200 }],
    [undefined, 'vlan4071', { raw: 'vlan4071', cVlan: 4071 }],
    ['ppp0', '6a:2f:01:02:03:04', undefined],
    ['ipoe3', '6A:2F:01:02:03:04', undefined],
    ['vlan4071', '6a:2f:01:02:03:04', { raw: 'vlan4071', cVlan: 4071 }],
    ['vlan4071', undefined, { raw: 'vlan4071', cVlan: 4071 }],
    [undefined, undefined, undefined],
  ])('accel-ppp: NAS-Port-Id %j and Called-Station-Id %j', (nasPortId, calledStationId, parts) => {
    expect(readInterface('accel-ppp', { nasPortId, calledStationId }, undefined)).toEqual(parts)
  })

  it('is NAS-Port-Id elsewhere: Called-Station-Id is a service there', () => {
    const source = { nasPortId: 'vlan7', calledStationId: 'vlan8', nasPort: 9 }
    for (const vendor of vendorNames.filter((name) => name !== 'accel-ppp')) {
      expect(readInterface(vendor, source, undefined)).toEqual({ raw: 'vlan7', cVlan: 7 })
    }
  })

  it('is the attribute that the NAS was told to be known by, and no other', () => {
    const source = { nasPortId: 'vlan7', calledStationId: 'vlan8', nasPort: 9 }
    expect(readInterface('mikrotik', source, 'called-station-id')).toEqual({ raw: 'vlan8', cVlan: 8 })
    expect(readInterface('mikrotik', source, 'nas-port')).toEqual({ raw: '9' })
    expect(readInterface('accel-ppp', source, 'nas-port-id')).toEqual({ raw: 'vlan7', cVlan: 7 })
    expect(readInterface('accel-ppp', { ...source, nasPortId: 'ppp7' }, 'nas-port-id')).toBeUndefined()
    const nothing = { nasPortId: 'vlan7', calledStationId: undefined }
    expect(readInterface('mikrotik', nothing, 'called-station-id')).toBeUndefined()
    expect(readInterface('mikrotik', nothing, 'nas-port')).toBeUndefined()
  })
})

/** Texts made of what the forms are made of: nearer to them than any random text. */
const nearly = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'vlan',
        'eth',
        'trunk ',
        'lag-',
        'ge-',
        'ae0',
        'demux0',
        'slot=',
        ';subslot=',
        ';port=',
        'nas-port:',
      ),
      fc.constantFrom('.', ':', '/', '-', ' ', '#', ';', '*', '_', 'v', 'x', '\0'),
      fc.integer({ min: 0, max: 70_000 }).map(String),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''))

describe('whatever a NAS sends', () => {
  const anyText = fc.oneof(nearly, fc.string({ unit: 'binary', maxLength: 300 }), fc.string({ maxLength: 253 }))

  it('parses without throwing, to tags of IEEE 802.1Q and an S-VLAN only with a C-VLAN', () => {
    fc.assert(
      fc.property(fc.constantFrom(...vendorNames), anyText, (vendor, text) => {
        const parts = parseInterface(vendor, text)
        if (parts === undefined) return
        expect(text.startsWith(parts.raw)).toBe(true)
        for (const tag of [parts.sVlan, parts.cVlan]) if (tag !== undefined) expect(tag >= 1 && tag <= 4094).toBe(true)
        if (parts.sVlan !== undefined) expect(parts.cVlan).toBeDefined()
        if (parts.port !== undefined) expect(parts.port).not.toBe('')
      }),
      { numRuns: 2_000 },
    )
  })

  it('is read the same twice', () => {
    fc.assert(
      fc.property(fc.constantFrom(...vendorNames), nearly, (vendor, text) => {
        const parts = parseInterface(vendor, text)
        expect(parseInterface(vendor, parts?.raw ?? '')).toEqual(parts)
      }),
    )
  })

  it('takes any NAS-Port of 32 bits', () => {
    fc.assert(
      fc.property(fc.constantFrom(...vendorNames), fc.integer({ min: 0, max: 0xffff_ffff }), (vendor, nasPort) => {
        const source = { nasPortId: undefined, calledStationId: undefined, nasPort }
        const parts = readInterface(vendor, source, 'nas-port')
        expect(parts?.raw).toBe(String(nasPort))
        if (parts?.cVlan !== undefined) expect(parts.cVlan >= 1 && parts.cVlan <= 4094).toBe(true)
      }),
    )
  })

  it('costs no more than a look, even where 253 octets almost fit a form', () => {
    const pieces = [
      'vlan',
      '1',
      ' ',
      'a',
      '-',
      '1/',
      'a-',
      '.1',
      'v1',
      '-v1',
      '1.',
      '#',
      ':',
      ' \0',
      'ether1-',
      'nas-port:',
      '1:',
    ]
    const hostile = pieces.flatMap((piece) => [piece.repeat(253).slice(0, 252), `${piece.repeat(253).slice(0, 252)}!`])
    const starts = [
      '',
      'slot=1;subslot=1;port=1;vlanid=1;',
      'eth 1/1/1:1.1 ',
      'ge-1/1/1',
      'a/',
      'bng1 1/1/1:',
      'nas-port:',
    ]
    const texts = starts.flatMap((start) => hostile.map((text) => (start + text).slice(0, 253)))
    // Every pattern against every text: an exponential one would never come back from this.
    for (const text of texts) for (const { pattern } of interfaceForms) pattern.test(text)
    expect(texts.length * interfaceForms.length).toBeGreaterThan(4_000)
  })
})
