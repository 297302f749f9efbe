// What a JSON body may be, before anybody looks at its meaning.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Problem } from '../../src/http/errors.ts'
import { checkJson } from '../../src/http/request-body.ts'

const codeOf = (value: unknown): string => {
  try {
    checkJson(value)
    return 'fine'
  } catch (error) {
    return error instanceof Problem ? error.code : String(error)
  }
}

const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) })

describe('a body', () => {
  it('is nested twelve deep at most, in objects and lists alike', () => {
    expect([codeOf(nested(12)), codeOf(nested(13))]).toEqual(['fine', 'invalid-request'])
    const lists = (depth: number): unknown => (depth === 0 ? 1 : [lists(depth - 1)])
    expect([codeOf(lists(12)), codeOf(lists(13))]).toEqual(['fine', 'invalid-request'])
    expect(codeOf(nested(5_000))).toBe('invalid-request')
  })

  it('has twenty thousand members at most, however they are spread', () => {
    const wide = (count: number): unknown => Array.from({ length: count }, () => 0)
    expect([codeOf(wide(20_000)), codeOf(wide(20_001))]).toEqual(['fine', 'too-large'])
    // 200 lists of 100, and the 200 themselves.
    expect(codeOf({ lists: Array.from({ length: 200 }, () => wide(100)) })).toBe('too-large')
    expect(codeOf({ lists: Array.from({ length: 190 }, () => wide(100)) })).toBe('fine')
  })

  it.each(['__proto__', 'constructor', 'prototype'])('never names %s, at any depth', (name) => {
    expect(codeOf(JSON.parse(`{"${name}":1}`))).toBe('invalid-request')
    expect(codeOf(JSON.parse(`{"a":[{"b":{"${name}":{}}}]}`))).toBe('invalid-request')
    expect(codeOf({ a: name, [`${name}s`]: 1 })).toBe('fine')
  })

  it.each([undefined, null, 0, 'text', true])('that is just %j is somebody else’s to judge', (value) => {
    expect(codeOf(value)).toBe('fine')
  })

  it('of any other kind is left as it is', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        const value: unknown = JSON.parse(text)
        const before = JSON.stringify(value)
        const isReserved = /"(__proto__|constructor|prototype)":/.test(before)
        expect(codeOf(value)).toBe(isReserved ? 'invalid-request' : 'fine')
        expect(JSON.stringify(value)).toBe(before)
      }),
    )
  })
})
