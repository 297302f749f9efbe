import { describe, expect, it } from 'vitest'
import { findsFew, readSearch } from '../../../src/domain/subscriber-list/search.ts'

describe('a text of the search box', () => {
  it('is looked for inside of others from three letters on, else at their beginning', () => {
    expect(readSearch('Ann')).toEqual({ pattern: '%ann%' })
    expect(readSearch('An')).toEqual({ pattern: '%\nan%' })
    expect(readSearch('ÉÜ')).toEqual({ pattern: '%\néü%' })
  })

  it('is literal: what rules a pattern does not rule ours', () => {
    expect(readSearch('100%_\\')).toEqual({ pattern: '%100\\%\\_\\\\%' })
  })

  it.each([
    ['0151 234-567', '151234567'],
    ['(0151) 234', '151234'],
    ['0049 151 2', '491512'],
    ['+49 151', '49151'],
  ])('%s may be a phone number with %s in it', (text, digits) => {
    expect(readSearch(text)).toMatchObject({ digits })
  })

  it('that is written as it is stored needs no second look', () => {
    expect(readSearch('151234')).toEqual({ pattern: '%151234%' })
    expect(readSearch('house 12')).toEqual({ pattern: '%house 12%' })
  })

  it.each([
    ['AA:BB:CC:DD:EE:FF', 'aa:bb:cc:dd:ee:ff', 'aa:bb:cc:dd:ee:ff'],
    ['aabb.ccdd.eeff', 'aa:bb:cc:dd:ee:ff', 'aa:bb:cc:dd:ee:ff'],
    ['aabbccddeeff', 'aa:bb:cc:dd:ee:ff', 'aa:bb:cc:dd:ee:ff'],
    ['AA-BB-CC', 'aa:bb:cc:00:00:00', 'aa:bb:cc:ff:ff:ff'],
    ['aa:bb:', 'aa:bb:00:00:00:00', 'aa:bb:ff:ff:ff:ff'],
    ['aabb.cc', 'aa:bb:cc:00:00:00', 'aa:bb:cc:ff:ff:ff'],
  ])('%s is a MAC or the beginning of one', (text, first, last) => {
    expect(readSearch(text).macs).toEqual({ first, last })
  })

  it.each([
    ['192.0.2.7', '192.0.2.7/32'],
    ['192.0.2.7/24', '192.0.2.0/24'],
    ['192.0.', '192.0.0.0/16'],
    ['10.*', '10.0.0.0/8'],
    ['2001:DB8::1', '2001:db8::1/128'],
    ['2001:db8::/32', '2001:db8::/32'],
  ])('%s is the prefix %s', (text, prefix) => {
    expect(readSearch(text).prefix).toBe(prefix)
  })

  it.each(['999.1.', '10.1', '12', 'face', 'anna:b', '1.2.3.4.5', 'ab', '::zz'])('%s is neither', (text) => {
    const { macs, prefix } = readSearch(text)
    expect({ macs, prefix }).toEqual({ macs: undefined, prefix: undefined })
  })

  it('finds a few at most where it is a whole address or MAC', () => {
    expect(['10.0.0.1', '2001:db8::1', '02:00:00:00:00:01'].map(findsFew)).toEqual([true, true, true])
    expect(['10.0.', '2001:db8::/32', '02:00', 'anna', '10.0.0.0/31'].map(findsFew)).toEqual([
      false,
      false,
      false,
      false,
      false,
    ])
  })
})
