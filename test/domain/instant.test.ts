import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dayIn, isZone, parseInstant } from '../../src/domain/instant.ts'

const read = (text: string, zone = 'Europe/Berlin'): string => parseInstant('expires', text, zone).toISOString()

describe('an instant', () => {
  it('with an offset is the same everywhere', () => {
    expect(read('2027-01-31T18:00:00Z')).toBe('2027-01-31T18:00:00.000Z')
    expect(read('2027-01-31T18:00:00.250+02:00')).toBe('2027-01-31T16:00:00.250Z')
    expect(read('2027-01-31 18:00-0530')).toBe('2027-01-31T23:30:00.000Z')
    expect(read('2027-01-31T18:00+02')).toBe('2027-01-31T16:00:00.000Z')
  })

  it('without an offset is meant in the zone of the ISP', () => {
    expect(read('2027-01-31T18:00')).toBe('2027-01-31T17:00:00.000Z')
    expect(read('2027-07-31T18:00')).toBe('2027-07-31T16:00:00.000Z')
    expect(read('2027-07-31T18:00', 'Asia/Kathmandu')).toBe('2027-07-31T12:15:00.000Z')
  })

  it('given as a day alone is the end of that day', () => {
    expect(read('2027-01-31')).toBe('2027-01-31T23:00:00.000Z')
    expect(read('2027-01-31', 'UTC')).toBe('2027-02-01T00:00:00.000Z')
    expect(read('2027-12-31', 'America/New_York')).toBe('2028-01-01T05:00:00.000Z')
  })

  it('in the hour that a clock change skips is read by the clock before the change', () => {
    expect(read('2027-03-28T02:30')).toBe('2027-03-28T01:30:00.000Z')
  })

  it('in the hour that comes twice is the first', () => {
    expect(read('2027-10-31T02:30')).toBe('2027-10-31T00:30:00.000Z')
    expect(read('2027-10-31T03:00')).toBe('2027-10-31T02:00:00.000Z')
  })

  it.each([
    '',
    'tomorrow',
    '2027-02-29',
    '2027-13-01',
    '31.01.2027',
    '2027-01-31T24:00',
    '2027-01-31T25:00',
    '2027-01-31T10:61',
    '2027-01-31T10:00:61',
    '2027-1-1',
    '1767225600',
  ])('%j is none', (text) => {
    expect(() => read(text)).toThrow('expires: ')
  })

  it('that comes once in its zone shows there as it was written', () => {
    const zones = fc.constantFrom('Europe/Berlin', 'America/Sao_Paulo', 'Australia/Lord_Howe', 'Asia/Tehran', 'UTC')
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1990-01-01'), max: new Date('2037-01-01'), noInvalidDate: true }),
        zones,
        (date, zone) => {
          // Noon is skipped by no clock change.
          const day = date.toISOString().slice(0, 10)
          const instant = parseInstant('expires', `${day}T12:00`, zone)
          const shown = new Intl.DateTimeFormat('sv-SE', {
            timeZone: zone,
            dateStyle: 'short',
            timeStyle: 'short',
          }).format(instant)
          expect(shown).toBe(`${day} 12:00`)
        },
      ),
    )
  })
})

describe('the day of an instant', () => {
  it.each([
    ['Asia/Tokyo', '2026-03-10T14:59:59.999Z', '2026-03-10'],
    ['Asia/Tokyo', '2026-03-10T15:00:00.000Z', '2026-03-11'],
    ['America/Sao_Paulo', '2026-01-01T02:59:59Z', '2025-12-31'],
    ['Asia/Kathmandu', '2026-01-01T18:14:59Z', '2026-01-01'],
    ['Asia/Kathmandu', '2026-01-01T18:15:00Z', '2026-01-02'],
    // The clocks go forward at 01:00 UTC.
    ['Europe/Berlin', '2026-03-28T22:59:59Z', '2026-03-28'],
    ['Europe/Berlin', '2026-03-29T22:00:00Z', '2026-03-30'],
  ])('in %s at %s is %s', (zone, instant, day) => {
    expect(dayIn(zone, new Date(instant))).toBe(day)
  })
})

describe('a zone', () => {
  it('is known by its IANA name', () => {
    expect(isZone('Europe/Berlin')).toBe(true)
    expect(isZone('UTC')).toBe(true)
    expect(isZone('Mars/Olympus')).toBe(false)
    expect(isZone('')).toBe(false)
  })
})
