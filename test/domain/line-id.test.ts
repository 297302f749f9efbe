import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseLineId, showLineId } from '../../src/domain/line-id.ts'

describe('a circuit id, remote id or DUID', () => {
  it.each([
    ['OLT-1 eth 1/1/4:501', Buffer.from('OLT-1 eth 1/1/4:501')],
    ['0x00040001', Buffer.from('00040001', 'hex')],
    ['Übergabe 7', Buffer.from('Übergabe 7')],
  ])('is shown as %s and read back', (text, octets) => {
    expect(showLineId(octets)).toBe(text)
    expect(parseLineId('circuit-id', text)).toEqual(octets)
  })

  it('shows in hexadecimal what would not come back as text', () => {
    for (const text of [' padded ', '0xff as text', 'a\nb', 'right\u202eleft'])
      expect(showLineId(Buffer.from(text))).toMatch(/^0x([0-9a-f]{2})+$/)
    expect(showLineId(Buffer.of(0xff, 0xfe))).toBe('0xfffe')
  })

  it('comes back whatever its octets are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 253 }), (octets) => {
        const id = Buffer.from(octets)
        expect(parseLineId('circuit-id', showLineId(id))).toEqual(id)
      }),
    )
  })

  it.each(['', '0x', '0xabc', '0xzz', 'a'.repeat(254)])('is not %j', (text) => {
    expect(() => parseLineId('circuit-id', text)).toThrow('circuit-id: ')
  })
})
