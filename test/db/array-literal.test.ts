import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arrayLiteral, textArrayLiteral } from '../../src/db/array-literal.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()

describe('arrayLiteral', () => {
  it.each([
    [[], '{}'],
    [[1, undefined, 3], '{1,NULL,3}'],
    [[true, false], '{true,false}'],
  ])('of %j is %s', (values, literal) => {
    expect(arrayLiteral(values)).toBe(literal)
  })

  it('comes back from Postgres as it was', async () => {
    const numbers = fc.array(fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { nil: undefined }))
    for (const values of fc.sample(numbers, 50)) {
      const { rows } = await database.pool.query('select $1::bigint[] as values', [arrayLiteral(values)])
      expect(rows[0].values).toEqual(values.map((value) => value ?? null))
    }
  })
})

describe('textArrayLiteral', () => {
  it('comes back from Postgres as it was, whatever is in it', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0') && value.isWellFormed()),
      fc.constantFrom('', 'NULL', '{}', 'a,b', 'a"b', 'a\\', '\\"', ' ', "it's", '\n'),
    )
    const texts = fc.array(fc.option(text, { nil: undefined }))
    for (const values of fc.sample(texts, 200)) {
      const { rows } = await database.pool.query('select $1::text[] as values', [textArrayLiteral(values)])
      expect(rows[0].values).toEqual(values.map((value) => value ?? null))
    }
  })
})
