import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseInstant } from '../../../src/domain/instant.ts'
import { createDateReader, dateStyles } from '../../../src/domain/import/xlsx-date.ts'

/** Which of these formats of cells show dates, with formats of the book's own. */
function datesAmong(formats: readonly number[], own: Record<number, string> = {}): number[] {
  const styles = dateStyles()
  const open = (name: string, attributes: Record<string, string> = {}) =>
    styles.open(name, (attribute) => attributes[attribute])
  for (const [numFmtId, formatCode] of Object.entries(own)) open('numFmt', { numFmtId, formatCode })
  // Named styles come first in the file and are counted by themselves.
  open('cellStyleXfs')
  open('xf', { numFmtId: '14' })
  styles.close('cellStyleXfs')
  open('cellXfs')
  for (const numFmtId of formats) open('xf', { numFmtId: String(numFmtId) })
  styles.close('cellXfs')
  open('xf', { numFmtId: '14' })
  return [...styles.found].map((style) => formats[style]!)
}

describe('ECMA-376 §18.8.30: a number format', () => {
  it('that is built in shows dates or not', () => {
    expect(datesAmong([0, 1, 2, 9, 13, 14, 17, 18, 22, 23, 44, 45, 47, 48, 49])).toEqual([14, 17, 18, 22, 45, 47])
  })

  it.each([
    ['dd/mm/yyyy', true],
    ['yyyy\\-mm\\-dd', true],
    ['[$-F800]dddd\\,\\ mmmm\\ dd', true],
    ['[h]:mm:ss', true],
    ['D.M.YY', true],
    ['0.00', false],
    ['General', false],
    ['#,##0.00\\ "days"', false],
    ['0.00E+00', false],
    ['[Red]0', false],
    ['"today" 0', false],
    ['@', false],
    ['', false],
  ])('%j of its own: %s', (code, isDate) => {
    expect(datesAmong([164], { 164: code })).toEqual(isDate ? [164] : [])
  })

  it('that nobody declares shows no date', () => {
    expect(datesAmong([200, 165], { 165: 'd/m/y' })).toEqual([165])
  })
})

describe('ECMA-376 §18.17.4.1: a serial number', () => {
  const show = createDateReader(false)
  it.each<[number, string]>([
    [61, '1900-03-01'],
    [25_569, '1970-01-01'],
    [36_526, '2000-01-01'],
    [45_351, '2024-02-29'],
    [46_418, '2027-01-31'],
    [46_418.5, '2027-01-31T12:00:00'],
    [46_418.770_833_333_3, '2027-01-31T18:30:00'],
    [46_418.999_988_425_9, '2027-01-31T23:59:59'],
    [2_958_465, '9999-12-31'],
  ])('%d is %s', (serial, text) => {
    expect(show(serial)).toBe(text)
  })

  it.each([0, 1, 60, -5, 60.5, 2_958_466, 1e20])('%d is no day that we know, and stays a number', (serial) => {
    expect(show(serial)).toBe(String(serial))
  })

  it('of 1904 is 1462 days later', () => {
    const other = createDateReader(true)
    expect(other(46_418 - 1_462)).toBe(show(46_418))
    expect(other(46_418.25 - 1_462)).toBe(show(46_418.25))
  })

  it('of any second that there is comes back as that second, and can be read as an instant', () => {
    const first = Date.UTC(1900, 2, 1) / 1_000
    fc.assert(
      fc.property(fc.integer({ min: first, max: Date.UTC(9998, 0, 1) / 1_000 }), (second) => {
        const at = new Date(second * 1_000)
        const serial = second / 86_400 + 25_569
        const text = show(serial)
        expect(at.toISOString().startsWith(text)).toBe(true)
        // A day alone means its end.
        const read = parseInstant('x', text, 'UTC').getTime()
        expect(read - at.getTime()).toBe(text.length === 10 ? 86_400_000 : 0)
      }),
    )
  })
})
