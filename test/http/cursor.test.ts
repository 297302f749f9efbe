import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { idKey, makeCursor, nextCursor, readCursor } from '../../src/http/cursor.ts'
import { Problem } from '../../src/http/errors.ts'

const pair = z.tuple([z.string(), z.number().nullable()])

describe('a cursor', () => {
  it('comes back as it was', () => {
    for (const key of [
      ['2026-11-22 12:00:00.123456+00', 7],
      ['ä "quoted"', null],
      ['', 0],
    ] as const) {
      const cursor = makeCursor(key)
      expect(cursor).toMatch(/^[\w-]+$/)
      expect(readCursor(cursor, pair)).toEqual(key)
    }
    expect(readCursor(makeCursor(['12']), idKey)).toBe(12n)
    expect(readCursor(undefined, pair)).toBeUndefined()
  })

  it('is the mistake of who sends another', () => {
    const wrong = [
      '',
      'x',
      '%%%',
      makeCursor([]),
      makeCursor([1, 'a']),
      makeCursor(['a']),
      Buffer.from('{"a":1}').toString('base64url'),
      Buffer.from('null').toString('base64url'),
    ]
    for (const cursor of wrong) expect(() => readCursor(cursor, pair)).toThrow(Problem)
    for (const id of ['0', '-1', '1e3', '99999999999999999', "1'"]) {
      expect(() => readCursor(makeCursor([id]), idKey)).toThrow('cursor: is not one that a page has given')
    }
  })

  it('is there behind a full page only', () => {
    const rows = [{ id: 3 }, { id: 2 }]
    const key = (row: { id: number }) => [String(row.id)]
    expect(nextCursor(rows, 3, key)).toBeNull()
    expect(nextCursor([], 3, key)).toBeNull()
    expect(readCursor(nextCursor(rows, 2, key)!, idKey)).toBe(2n)
  })
})
