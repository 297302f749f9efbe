import * as fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { copyLine, copyLines } from '../../src/db/copy.ts'
import type { CopyValue } from '../../src/db/copy.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase({ empty: true })
const target = { table: 'kept', columns: ['name', 'octets', 'open', 'at'] }

const kept = async (): Promise<unknown[]> => (await database.pool.query('select * from kept order by octets')).rows

beforeEach(async () => {
  await database.pool.query('drop table if exists kept')
  await database.pool.query('create table kept (name text, octets bigint, open boolean, at timestamptz)')
})

describe('copyLines', () => {
  it('appends what it is given', async () => {
    const at = new Date('2026-03-10T12:00:00.123Z')
    const rows = [
      ['anna', 2n ** 62n, true, at],
      [undefined, 1, false, undefined],
    ]
    await copyLines(database.pool, target, rows.map(copyLine))
    expect(await kept()).toEqual([
      { name: null, octets: 1n, open: false, at: null },
      { name: 'anna', octets: 2n ** 62n, open: true, at },
    ])
  })

  it('keeps any text as it is', async () => {
    const text = fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 20 })
    const noNul = text.map((texts) => texts.map((one) => one.toWellFormed().replaceAll('\0', '')))
    await fc.assert(
      fc.asyncProperty(noNul, async (texts) => {
        await database.pool.query('truncate kept')
        await copyLines(
          database.pool,
          target,
          texts.map((name, at) => copyLine([name, at, true, undefined])),
        )
        expect((await kept()).map((row) => (row as { name: string }).name)).toEqual(texts)
      }),
      { numRuns: 50, examples: [[['\\N', 'a\tb', 'c\nd', 'e\r', '\\', '\\.', '']]] },
    )
  })

  it('writes none where one cannot be, and the pool goes on', async () => {
    const rows: CopyValue[][] = [
      ['good', 1, true, undefined],
      ['bad', 'no number', true, undefined],
    ]
    await expect(copyLines(database.pool, target, rows.map(copyLine))).rejects.toThrow(
      /invalid input syntax for type bigint/,
    )
    expect(await kept()).toEqual([])
    await copyLines(database.pool, target, [copyLine(['next', 2, true, undefined])])
    expect(await kept()).toHaveLength(1)
  })
})

describe('copyLine', () => {
  it('escapes what parts fields and lines', () => {
    expect(copyLine(['a\tb', undefined, 1n, false, '\\'])).toBe('a\\tb\t\\N\t1\tfalse\t\\\\\n')
  })
})
