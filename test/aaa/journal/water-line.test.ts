// What one RADIUS process says to the others of what its journal holds.
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openWaterLine, watchWaterLines } from '../../../src/aaa/journal/water-line.ts'
import type { WaterLine } from '../../../src/aaa/journal/water-line.ts'
import { createTestClock } from '../../../src/clock.ts'
import type { TestClock } from '../../../src/clock.ts'
import { after, noon } from '../../support/access.ts'

let directory: string
let clock: TestClock
let lines: WaterLine[]
let oldest: () => Date | undefined

beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'gatehouse-water-'))
  clock = createTestClock(noon)
  lines = [1, 2].map((worker) => {
    fs.mkdirSync(join(directory, `journal-${worker}`))
    return openWaterLine(join(directory, `journal-${worker}`))
  })
  const watch = watchWaterLines(directory, clock)
  oldest = () => {
    clock.advance(5)
    return watch()
  }
})
afterEach(() => {
  for (const line of lines) line.close()
  fs.rmSync(directory, { recursive: true, force: true })
})

describe('what waits in the journals of an instance', () => {
  it('is nothing at first', () => {
    expect(oldest()).toBeUndefined()
  })

  it('is as old as the oldest record of any of them', () => {
    const [one, other] = lines as [WaterLine, WaterLine]
    one.rise(after(10))
    expect(oldest()).toEqual(after(10))
    other.rise(after(3))
    expect(oldest()).toEqual(after(3))
    // What comes behind is younger.
    other.rise(after(20))
    expect(oldest()).toEqual(after(3))
    other.set(after(20))
    expect(oldest()).toEqual(after(10))
    one.set(undefined)
    other.set(undefined)
    expect(oldest()).toBeUndefined()
    other.rise(after(30))
    expect(oldest()).toEqual(after(30))
  })

  it('outlives the process, until the next one says what there is', () => {
    lines[1]!.rise(after(7))
    lines.pop()!.close()
    expect(oldest()).toEqual(after(7))
    const next = openWaterLine(join(directory, 'journal-2'))
    lines.push(next)
    expect(oldest()).toEqual(after(7))
    next.set(undefined)
    expect(oldest()).toBeUndefined()
  })

  it('is read once in five milliseconds, however many ask', () => {
    const watch = watchWaterLines(directory, clock)
    expect(watch()).toBeUndefined()
    lines[0]!.rise(after(1))
    clock.advance(4)
    expect(watch()).toBeUndefined()
    clock.advance(1)
    expect(watch()).toEqual(after(1))
  })

  it('is nothing by what is none of ours, and harms nobody', () => {
    fs.mkdirSync(join(directory, 'journal-3'))
    fs.writeFileSync(join(directory, 'journal-3', 'oldest'), 'cut')
    fs.mkdirSync(join(directory, 'journal-4', 'oldest'), { recursive: true })
    fs.mkdirSync(join(directory, 'journal-x'))
    fs.writeFileSync(join(directory, 'journal-x', 'oldest'), Buffer.alloc(8, 1))
    expect(oldest()).toBeUndefined()
    expect(watchWaterLines(join(directory, 'gone'), clock)()).toBeUndefined()
    // A journal whose disk does not take the file is kept all the same.
    const mute = openWaterLine(join(directory, 'gone'))
    mute.rise(noon)
    mute.set(undefined)
    mute.close()
    expect(oldest()).toBeUndefined()
  })
})
