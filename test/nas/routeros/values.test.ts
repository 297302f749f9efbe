import { describe, expect, it } from 'vitest'
import {
  readCaller,
  readClock,
  readDurationMs,
  readNumber,
  readSeconds,
  readSessionId,
  readTruth,
  readVersion,
} from '../../../src/nas/routeros/values.ts'

describe('durations', () => {
  it.each<[string, number]>([
    ['1d02:03:04', 93_784],
    ['2w3d', 1_468_800],
    ['1w2d3h4m5s', 788_645],
    ['00:05:00', 300],
    ['00:05', 300],
    ['30:00:00', 108_000],
    ['5m', 300],
    ['0s', 0],
    ['45', 45],
    ['1s500ms', 1],
  ])('%s is %i seconds', (text, seconds) => {
    expect(readSeconds(text)).toBe(seconds)
  })

  it.each<[string, number]>([
    ['300ms', 300],
    ['1s500ms', 1500],
    ['3s', 3000],
  ])('%s is %i milliseconds', (text, milliseconds) => {
    expect(readDurationMs(text)).toBe(milliseconds)
  })

  it.each(['', 'never', 'none', '5 m', '1:2:3:4', '-5s', '5y', '1d2'])('"%s" is none', (text) => {
    expect(readSeconds(text)).toBeUndefined()
  })

  it('nothing is none', () => {
    expect(readSeconds(undefined)).toBeUndefined()
  })
})

it.each<[string | undefined, boolean | undefined]>([
  ['yes', true],
  ['true', true],
  ['no', false],
  ['false', false],
  ['accounting', undefined],
  [undefined, undefined],
])('the truth of %s is %s', (text, truth) => {
  expect(readTruth(text)).toBe(truth)
})

it.each<[string | undefined, number | undefined]>([
  ['3799', 3799],
  ['0', 0],
  ['', undefined],
  ['1e3', undefined],
  ['-1', undefined],
  [undefined, undefined],
])('the number of %s is %s', (text, number) => {
  expect(readNumber(text)).toBe(number)
})

it.each<[string | undefined, string | undefined]>([
  ['AA:BB:CC:DD:EE:FF', 'aa:bb:cc:dd:ee:ff'],
  ['aabb.ccdd.eeff', 'aa:bb:cc:dd:ee:ff'],
  ['AA-BB-CC-DD-EE-FF', 'aa:bb:cc:dd:ee:ff'],
  ['192.0.2.1', '192.0.2.1'],
  ['2001:DB8::1', '2001:db8::1'],
  ['', undefined],
  [undefined, undefined],
])('the caller of %s is %s', (text, caller) => {
  expect(readCaller(text)).toBe(caller)
})

it('a session id is the same in both writings', () => {
  expect(readSessionId('0x8130000A')).toBe('8130000a')
  expect(readSessionId('8130000a')).toBe('8130000a')
  expect(readSessionId('')).toBeUndefined()
})

it.each<[string, number, number, number]>([
  ['7.15.3 (stable)', 7, 15, 3],
  ['7.16beta2 (testing)', 7, 16, 0],
  ['6.49.10 (long-term)', 6, 49, 10],
  ['7.1', 7, 1, 0],
])('the version %s', (text, major, minor, patch) => {
  expect(readVersion(text)).toEqual({ text, major, minor, patch })
})

it('what is no version is none', () => {
  expect(readVersion('latest')).toBeUndefined()
  expect(readVersion(undefined)).toBeUndefined()
})

describe('the clock', () => {
  it.each([
    ['2026-11-22', '15:47:36', '+02:00', '2026-11-22T13:47:36.000Z'],
    ['nov/22/2026', '15:47:36', '-03:30', '2026-11-22T19:17:36.000Z'],
    ['jan/01/1970', '00:00:12', '+00:00', '1970-01-01T00:00:12.000Z'],
  ])('%s %s %s is %s', (date, time, offset, instant) => {
    expect(readClock(date, time, offset)?.toISOString()).toBe(instant)
  })

  it('without a distance is taken for UTC', () => {
    expect(readClock('2026-11-22', '15:47:36')?.toISOString()).toBe('2026-11-22T15:47:36.000Z')
  })

  it.each([
    ['22.11.2026', '15:47:36', '+00:00'],
    ['foo/22/2026', '15:47:36', '+00:00'],
    ['2026-13-22', '15:47:36', '+00:00'],
    ['2026-11-22', '15:47', '+00:00'],
    ['2026-11-22', '15:47:36', 'EET'],
    [undefined, undefined, undefined],
  ])('%s %s %s is none', (date, time, offset) => {
    expect(readClock(date, time, offset)).toBeUndefined()
  })
})
