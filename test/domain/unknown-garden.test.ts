import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { reasonMend } from '../../src/domain/access-mend.ts'
import { FieldError } from '../../src/domain/field.ts'
import { defaultSettings } from '../../src/domain/setting.ts'
import {
  authorizeUnknown,
  checkUnknownGarden,
  fenceOf,
  parseUnknownGarden,
  readUnknownGarden,
  storeUnknownGarden,
  takesIn,
} from '../../src/domain/unknown-garden.ts'
import type { UnknownGardenFields } from '../../src/domain/unknown-garden.ts'
import { reasonSentence } from '../../src/domain/why.ts'

const plain = checkUnknownGarden({})
const settings = { ...defaultSettings, garden_address_list: '', garden_pool: '', interim_jitter: 0 }
const context = {
  nasAttributes: [],
  class: (intervalS: number) => Buffer.from(`class ${intervalS}`),
  classId: 4n,
  cui: undefined,
  settings,
}

describe('a garden for the unknown', () => {
  it('has a megabit each way and the rest of the settings where nothing is named', () => {
    expect(plain).toEqual({
      addressList: undefined,
      pool: undefined,
      downBps: 1_000_000,
      upBps: 1_000_000,
      sessionTimeoutS: undefined,
    })
  })

  it('takes rates as numbers and as text, and names of the router without blanks around them', () => {
    const fields = {
      address_list: ' hello ',
      pool: 'guests',
      down_bps: '2M',
      up_bps: 512_000,
      session_timeout_s: '300',
    }
    expect(checkUnknownGarden(fields)).toEqual({
      addressList: 'hello',
      pool: 'guests',
      downBps: 2_000_000,
      upBps: 512_000,
      sessionTimeoutS: 300,
    })
  })

  it.each<[UnknownGardenFields, string]>([
    [{ address_list: '' }, 'unknown-garden.address-list: must have'],
    [{ pool: 'x'.repeat(101) }, 'unknown-garden.pool: must have'],
    [{ down_bps: 'fast' }, 'unknown-garden.down-bps: "fast" is not a rate'],
    [{ up_bps: 1.5 }, 'unknown-garden.up-bps: is not a rate'],
    [{ session_timeout_s: 59 }, 'unknown-garden.session-timeout-s: must be a whole number from 60 to 86400'],
    [{ session_timeout_s: 86_401 }, 'unknown-garden.session-timeout-s: must be'],
  ])('%j is refused', (fields, sentence) => {
    expect(() => checkUnknownGarden(fields)).toThrow(sentence)
  })

  it('comes out of its column as it went in', () => {
    const word = fc.option(fc.stringMatching(/^[a-z][a-z-]{0,20}$/), { nil: null })
    const fields = fc.record({
      address_list: word,
      pool: word,
      down_bps: fc.integer({ min: 1, max: 10_000_000_000 }),
      up_bps: fc.integer({ min: 1, max: 10_000_000_000 }),
      session_timeout_s: fc.option(fc.integer({ min: 60, max: 86_400 }), { nil: null }),
    })
    fc.assert(
      fc.property(fields, (given) => {
        const stored = storeUnknownGarden(checkUnknownGarden(given))
        expect(stored).toEqual(given)
        expect(readUnknownGarden(JSON.parse(JSON.stringify(stored)))).toEqual(checkUnknownGarden(given))
      }),
    )
  })

  it('is none where the column holds none, or nothing that is valid', () => {
    for (const stored of [null, undefined, 'on', { down_bps: 'fast' }, { address_list: 7 }, { pool: '' }]) {
      expect(readUnknownGarden(stored)).toBeUndefined()
    }
    expect(readUnknownGarden({})).toEqual(plain)
  })
})

describe('on a command line', () => {
  it('is off, on, or its parts by commas', () => {
    expect(parseUnknownGarden('off')).toBeNull()
    expect(parseUnknownGarden('on')).toEqual({})
    expect(parseUnknownGarden('list=pay-first, pool=guests,down=2M,up=1M,timeout=300')).toEqual({
      address_list: 'pay-first',
      pool: 'guests',
      down_bps: '2M',
      up_bps: '1M',
      session_timeout_s: '300',
    })
  })

  it.each(['', 'yes', 'list', '=x', 'list=a,colour=red', 'constructor=x', 'on,list=a'])('%j is refused', (text) => {
    expect(() => parseUnknownGarden(text)).toThrow('unknown-garden: ')
    expect(() => parseUnknownGarden(text)).toThrow(FieldError)
  })
})

describe('whom it takes in', () => {
  it('is who is unknown, by PAP, CHAP or its line', () => {
    for (const method of ['pap', 'chap', 'line']) expect(takesIn({ reason: 'unknown', method })).toBe(true)
  })

  it('is nobody who wants the server to prove something', () => {
    for (const method of ['mschapv1', 'mschapv2', 'eap', 'none']) {
      expect(takesIn({ reason: 'unknown', method })).toBe(false)
    }
  })

  it('is nobody who was refused for another reason', () => {
    for (const reason of ['wrong-password', 'realm-refused', 'ambiguous-identity', 'expired', 'credential-cannot']) {
      expect(takesIn({ reason, method: 'pap' })).toBe(false)
    }
  })
})

describe('what it gives', () => {
  it('is its list, pool, rate and time, and no IPv6 that would go around the fence', () => {
    const garden = checkUnknownGarden({ address_list: 'hello', pool: 'guests', down_bps: '2M', session_timeout_s: 300 })
    const given = authorizeUnknown(garden, { ...context, nasAttributes: ['Mikrotik-Group = x'] })
    expect(given).toMatchObject({
      garden: 'unknown',
      addressList: 'hello',
      pool: 'guests',
      rates: { downBps: 2_000_000, upBps: 1_000_000, burst: undefined },
      sessionTimeoutS: 300,
      interimIntervalS: defaultSettings.default_interim_interval_s,
      attributes: ['Mikrotik-Group = x'],
      routes: [],
    })
    const absent = [given.address, given.ipv6Prefix, given.ipv6Address, given.ipv6Pool, given.delegatedIpv6Prefix]
    expect([...absent, given.delegatedIpv6Pool, given.subscriberId, given.cui]).toEqual(Array(8).fill(undefined))
    expect(given.class.toString()).toBe(`class ${defaultSettings.default_interim_interval_s}`)
  })

  it('is what the settings say where it says nothing', () => {
    const ofIsp = { ...settings, garden_address_list: 'garden', garden_pool: 'walled', garden_session_timeout_s: 700 }
    expect(authorizeUnknown(plain, { ...context, settings: ofIsp })).toMatchObject({
      addressList: 'garden',
      pool: 'walled',
      sessionTimeoutS: 700,
    })
  })

  it('is fenced by a list and a pool of its own, else of the settings, else by nothing', () => {
    expect(fenceOf(plain, settings)).toEqual({ addressList: undefined, pool: undefined })
    const ofIsp = { garden_address_list: 'garden', garden_pool: 'walled' }
    expect(fenceOf(plain, ofIsp)).toEqual({ addressList: 'garden', pool: 'walled' })
    const own = { ...plain, addressList: 'hello', pool: 'guests' }
    expect(fenceOf(own, ofIsp)).toEqual({ addressList: 'hello', pool: 'guests' })
  })

  it('keeps the interval of its NAS, within the jitter', () => {
    expect(authorizeUnknown(plain, { ...context, nasIntervalS: 600 }).interimIntervalS).toBe(600)
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }), (classId) => {
        const jittered = { ...settings, interim_jitter: 0.1 }
        const { interimIntervalS } = authorizeUnknown(plain, {
          ...context,
          classId,
          nasIntervalS: 600,
          settings: jittered,
        })
        expect(Math.abs(interimIntervalS - 600)).toBeLessThanOrEqual(60)
      }),
    )
  })
})

describe('in words', () => {
  it('is a garden and no refusal, with what helps', () => {
    expect(reasonSentence(true, 'unknown')).toBe(
      'let into the walled garden only: no subscriber has this username, or this line',
    )
    expect(reasonMend('unknown')).toContain('add the subscriber')
  })
})
