import { expect, test } from 'vitest'
import { goodputOf } from '../../bench/goodput.ts'

const seconds = (...each: number[]): number[] =>
  each.flatMap((answers) => Array.from({ length: 10 }, () => answers / 10))

test('the lowest second lies between the ascent and the last twentieth', () => {
  expect(goodputOf(seconds(100, 1000, 900, 1000, 10))).toEqual({ peak: 1000, lowest: expect.closeTo(730) })
})

test('a collapse in the middle is seen', () => {
  expect(goodputOf(seconds(1000, 0, 1000, 1000))).toMatchObject({ peak: 1000, lowest: 0 })
})

test('a storm of less than a second has none', () => {
  expect(goodputOf([5, 5])).toEqual({ peak: Number.NaN, lowest: Number.NaN })
})
