import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contentDisposition } from '../../src/http/file-answer.ts'

describe('RFC 6266: Content-Disposition', () => {
  it('has a plain name as it is, and any other beside one that is plain', () => {
    expect(contentDisposition('a-1.csv')).toBe('attachment; filename="a-1.csv"')
    expect(contentDisposition("Größe (1)'.csv")).toBe(
      `attachment; filename="Gr__e__1__.csv"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%281%29%27.csv`,
    )
  })

  it('W34: is one header line whatever the name is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        expect(contentDisposition(name)).toMatch(
          /^attachment; filename="[A-Za-z0-9._-]*"(; filename\*=UTF-8''[A-Za-z0-9._~!%-]*)?$/,
        )
      }),
    )
    expect(contentDisposition('a"\r\nSet-Cookie: b')).not.toMatch(/[\r\n]/)
  })
})
