import { describe, expect, it } from 'vitest'
import { defaultSettings } from '../../src/domain/setting.ts'
import { readSubscriberFields } from '../../src/domain/subscriber-fields.ts'
import type { SubscriberTexts } from '../../src/domain/subscriber-fields.ts'
import { optionNames } from '../../src/domain/subscriber.ts'

const checkAttribute = (texts: readonly string[]) =>
  texts.some((text) => !text.startsWith('Filter-Id = ')) ? 'is not known' : undefined
const settings = { ...defaultSettings, zone: 'Asia/Tehran', phone_country_code: '+98', checkAttribute }
const read = (texts: Partial<SubscriberTexts>) =>
  readSubscriberFields({ username: 'anna', ...texts }, optionNames, settings)
const fieldsWrong = (texts: Partial<SubscriberTexts>) => read(texts).errors.map((error) => error.field)

describe('the fields of a subscriber', () => {
  it('that are absent, empty or blank mean the same', () => {
    const bare = read({})
    expect(bare).toEqual({
      errors: [],
      fields: {
        username: 'anna',
        accountType: 'pppoe',
        expiresAt: null,
        macs: [],
        addresses: [],
        circuitId: null,
        remoteId: null,
        duid: null,
        binding: { interface: null, port: null, sVlan: null, cVlan: null },
        fullName: null,
        phone: null,
        email: null,
        address: null,
        phoneExtension: null,
        latitude: null,
        longitude: null,
        zone: null,
        language: null,
        nextPlan: null,
        sessionLimit: null,
        deviceLimit: null,
        attributes: [],
      },
    })
    const blank = {
      expiresAt: '',
      accountType: ' ',
      mac: '',
      staticIp: ' ',
      circuitId: ' ',
      remoteId: '',
      duid: '',
      boundInterface: ' ',
      port: '',
      sVlan: '',
      cVlan: ' ',
      fullName: '',
      phone: ' ',
      email: '',
      address: '',
    }
    expect(read(blank)).toEqual(bare)
  })

  it('are read by the zone and country of the ISP', () => {
    const { fields } = read({ expiresAt: '2027-01-31T12:00', phone: '021 1234567' })
    expect(fields.expiresAt?.toISOString()).toBe('2027-01-31T08:30:00.000Z')
    expect(fields.phone).toBe('+98211234567')
  })

  it('hold each MAC once, in any of its forms, and every address', () => {
    const { fields } = read({
      mac: 'AA-BB-CC-00-00-01 aabb.cc00.0001,aabbcc000002',
      staticIp: '10.0.0.1, 2001:db8::/56',
    })
    expect(fields.macs).toEqual(['aa:bb:cc:00:00:01', 'aa:bb:cc:00:00:02'])
    expect(fields.addresses.map((address) => address.kind)).toEqual(['framed-ip', 'delegated-ipv6-prefix'])
  })

  it('tell all that is wrong, each under its name', () => {
    expect(
      fieldsWrong({
        username: '\u200b',
        expiresAt: 'x',
        accountType: 'x',
        mac: 'x',
        staticIp: 'x',
        circuitId: '0xabc',
        remoteId: '0xx',
        duid: 'x'.repeat(254),
        boundInterface: 'x'.repeat(254),
        port: 'x'.repeat(101),
        sVlan: '0',
        cVlan: '4095',
        fullName: 'x',
        phone: 'x',
        email: 'x',
        address: 'x'.repeat(501),
        phoneExtension: '12a',
        latitude: '90.1',
        longitude: 'east',
        zone: 'x'.repeat(101),
        language: 'no language',
        nextPlan: 'x'.repeat(101),
        sessionLimit: '0',
        deviceLimit: '1001',
        attributes: 'Nonsense = 1',
      }).toSorted(),
    ).toEqual(Object.values(optionNames).toSorted())
    expect(fieldsWrong({ username: '' })).toEqual(['username'])
    expect(fieldsWrong({ username: '  ' })).toEqual(['username'])
  })

  it('hold a place in degrees, both of them or none', () => {
    expect(read({ latitude: '35.7', longitude: '-51.42' }).fields).toMatchObject({ latitude: 35.7, longitude: -51.42 })
    expect(fieldsWrong({ latitude: '35.7' })).toEqual(['latitude'])
    expect(fieldsWrong({ longitude: '35.7' })).toEqual(['latitude'])
    for (const bad of ['1e2', '91', 'NaN', '0x10']) {
      expect(fieldsWrong({ latitude: bad, longitude: '1' })).toEqual(['latitude'])
    }
  })

  it('hold a language in its canonical form, limits as numbers, an extension as digits', () => {
    const { fields } = read({ language: 'PT-br', sessionLimit: '2', deviceLimit: '3', phoneExtension: ' 007 ' })
    expect(fields).toMatchObject({ language: 'pt-BR', sessionLimit: 2, deviceLimit: 3, phoneExtension: '007' })
  })

  it('hold extra attributes apart by semicolons and lines, but not inside of quotes', () => {
    const text = 'Filter-Id = "a;b\\"c"; Filter-Id = d\n\nFilter-Id = e;'
    expect(read({ attributes: text }).fields.attributes).toEqual([
      'Filter-Id = "a;b\\"c"',
      'Filter-Id = d',
      'Filter-Id = e',
    ])
    expect(read({ attributes: ' ; ' }).fields.attributes).toEqual([])
  })

  it('of an IPoE line name its MAC, and only what was wrong with it', () => {
    expect(fieldsWrong({ accountType: 'IPoE' })).toEqual(['mac'])
    expect(fieldsWrong({ accountType: 'ipoe', mac: 'x' })).toEqual(['mac'])
    expect(fieldsWrong({ accountType: 'ipoe', mac: 'aabbcc000001' })).toEqual([])
  })

  it('of an IPoE line may be any one that tells it', () => {
    for (const fact of [
      { circuitId: 'x' },
      { remoteId: '0x01' },
      { duid: '0x0003' },
      { cVlan: '7' },
      { boundInterface: 'v' },
    ]) {
      expect(fieldsWrong({ accountType: 'ipoe', ...fact })).toEqual([])
    }
    // These alone would be true of many.
    expect(fieldsWrong({ accountType: 'ipoe', port: '1/1' })).toEqual(['mac'])
    expect(fieldsWrong({ accountType: 'ipoe', sVlan: '7' })).toEqual(['mac'])
  })

  it('hold circuit id, remote id and DUID as octets, and the parts of the interface', () => {
    const { fields } = read({
      circuitId: 'olt 1/0/3',
      remoteId: '0x0006d4ca',
      duid: '0x00030001',
      port: '1/0/3',
      sVlan: '501',
    })
    expect(fields.circuitId).toEqual(Buffer.from('olt 1/0/3'))
    expect(fields.remoteId).toEqual(Buffer.from('0006d4ca', 'hex'))
    expect(fields.duid).toEqual(Buffer.from('00030001', 'hex'))
    expect(fields.binding).toEqual({ interface: null, port: '1/0/3', sVlan: 501, cVlan: null })
  })
})
