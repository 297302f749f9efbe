import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isPlainNumber, protectText, protectTypedText, unprotectText } from '../../../src/domain/export/cell.ts'

const nasty = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .tuple(
      fc.constantFrom('', "'", "''", "'''"),
      fc.constantFrom('=', '+', '-', '@', '\t', '\r', '\n', '\0', '＝', 'none', 'x'),
    )
    .chain(([quotes, start]) => fc.string().map((rest) => `${quotes}${start}${rest}`)),
  fc.constantFrom('none', "'none", "''none", "'", ''),
)

describe('a cell', () => {
  it('W32: never begins what a spreadsheet would run', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        expect(protectText(text)).not.toMatch(/^[=+\-@\t\r\n\0＝＋－＠]/)
        expect(protectText(text)).not.toBe('none')
      }),
    )
  })

  it('is the same text again', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        expect(unprotectText(protectText(text))).toBe(text)
        expect(protectTypedText(text)).not.toBe('none')
        expect(unprotectText(protectTypedText(text))).toBe(text)
      }),
    )
  })

  it.each([
    ['+4930123456', "'+4930123456"],
    ["'=1", "''=1"],
    ["'quoted'", "'quoted'"],
    ['none', "'none"],
    ['nonesuch', 'nonesuch'],
    ['', ''],
  ])('of %j is %j', (text, cell) => {
    expect(protectText(text)).toBe(cell)
  })

  it('that a CSV file protected and a spreadsheet saved is understood too', () => {
    expect(unprotectText("'+4930123456")).toBe('+4930123456')
  })

  it.each([
    ['-12.50', true],
    ['0', true],
    ['-1+1', false],
    ['1e5', false],
    ['', false],
  ])('%j is a plain number: %s', (text, expected) => {
    expect(isPlainNumber(text)).toBe(expected)
  })
})
