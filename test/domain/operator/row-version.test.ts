// The version that an editor sends back: it differs exactly when what was read does.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ChangedMeanwhileError, requireVersion, versionOf } from '../../../src/domain/operator/row-version.ts'

const value = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.string({ maxLength: 5 }), { maxLength: 3 }),
)
const row = fc.dictionary(fc.stringMatching(/^[a-z_]{1,8}$/), value, { minKeys: 1, maxKeys: 6 })

describe('a version', () => {
  it('is the same for the same values, however they were come by', () => {
    fc.assert(
      fc.property(row, (values) => {
        expect(versionOf(structuredClone(values))).toBe(versionOf(values))
      }),
    )
  })

  it('is another as soon as one value is', () => {
    fc.assert(
      fc.property(row, value, fc.nat(), (values, other, at) => {
        const names = Object.keys(values)
        const name = names[at % names.length]!
        fc.pre(JSON.stringify(values[name]) !== JSON.stringify(other))
        expect(versionOf({ ...values, [name]: other })).not.toBe(versionOf(values))
      }),
    )
  })

  it('does not take a value for the name next to it, nor a list for its text', () => {
    expect(versionOf({ a: 'b', c: '' })).not.toBe(versionOf({ a: '', b: 'c' }))
    expect(versionOf({ a: ['b', 'c'] })).not.toBe(versionOf({ a: 'b,c' }))
    expect(versionOf({ a: null })).not.toBe(versionOf({ a: 'null' }))
    expect(versionOf({ a: 9_007_199_254_740_993n })).not.toBe(versionOf({ a: 9_007_199_254_740_992n }))
    expect(versionOf({ a: [1n, 2n] })).not.toBe(versionOf({ a: [2n, 1n] }))
  })

  it('fits into a header as it is', () => {
    fc.assert(
      fc.property(row, (values) => {
        expect(versionOf(values)).toMatch(/^[\w-]{16}$/)
      }),
    )
  })
})

describe('who changes what they read', () => {
  it('is let through by its version, by any (*), or without one; never by another', () => {
    const version = versionOf({ a: 1 })
    for (const ifMatch of [undefined, '*', version]) expect(() => requireVersion(ifMatch, version)).not.toThrow()
    for (const ifMatch of [
      '',
      ' ',
      `${version} `,
      version.slice(1),
      version.toLowerCase() + 'x',
      `${version},${version}`,
    ]) {
      expect(() => requireVersion(ifMatch, version), `of ${ifMatch}`).toThrow(ChangedMeanwhileError)
    }
  })
})
