import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { csvFile } from '../../../src/domain/export/csv.ts'
import { permittedColumns, withSubscribers } from '../../../src/domain/export/subscribers.ts'
import type { FileFormat } from '../../../src/domain/export/table.ts'
import { xlsxFile } from '../../../src/domain/export/xlsx.ts'
import { importColumns } from '../../../src/domain/import/column.ts'
import { sourceOfFile } from '../../../src/domain/import/source.ts'
import { everything } from '../../../src/domain/scope.ts'
import { csvOf, importText } from '../../support/import.ts'
import { hours, makePlan, rowsOf, useOffice } from '../../support/operator.ts'

const office = useOffice()
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-nasty-'))
  await makePlan(office, { name: 'Home', graceHours: 24 })
  await makePlan(office, { name: '=2+5' })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function exported(format: FileFormat): Promise<Buffer> {
  const columns = permittedColumns([...importColumns], office.author)
  const input = { filter: {}, columns, keyring: office.keyring }
  return withSubscribers(office.pool, input, everything, hours(1), async (table) => {
    const chunks: Buffer[] = []
    const file = format === 'csv' ? csvFile(table, { bom: false }) : xlsxFile(table)
    for await (const part of file) chunks.push(part)
    return Buffer.concat(chunks)
  })
}

async function imported(format: FileFormat, file: Buffer, mode: 'create' | 'upsert') {
  const path = join(folder, `file.${format}`)
  await writeFile(path, file)
  return importText(office.db, office.author, '', { mode, source: await sourceOfFile(path, format) } as never, hours(3))
}

/** Whatever a person may have typed into a form: beginnings of formulas, the mark that clears, quotes, blanks, all of Unicode. */
const nasty = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
  fc
    .tuple(
      fc.constantFrom(
        '=',
        '+',
        '-',
        '@',
        "'",
        "''",
        '＝',
        '－',
        '"',
        ';',
        ',',
        '_x0041_',
        '&amp;',
        'none',
        "'none",
        '0',
        '1e5',
        'TRUE',
      ),
      fc.string({ minLength: 0, maxLength: 8 }),
    )
    .map(([start, end]) => start + end),
)
const line = nasty.map((text) => text.normalize('NFC').replaceAll(/\p{Cc}|\p{Cs}/gu, ' '))
const some = (texts: fc.Arbitrary<string>, least = 1) =>
  fc.option(
    texts.filter((text) => [...text.trim()].length >= least),
    { nil: '', freq: 4 },
  )
/** As it is typed into a file by hand: protected where it must be. */
const typed = (text: string) => (/^'*(?:[=+\-@＝＋－＠]|none$)/.test(text) ? `'${text}` : text)

const person = fc.record({
  password: line.filter((text) => text.length > 0 && Buffer.byteLength(text) <= 100),
  full_name: some(line, 2),
  address: some(line),
  zone: some(line),
  group: some(line, 2),
  block_reason: some(line),
  bound_interface: some(line),
  // Behind 0x stand octets; half of one is refused.
  circuit_id: some(line.filter((text) => !/^0x/i.test(text.trim()))),
  plan: fc.constantFrom('Home', '=2+5'),
  expires_at: fc.option(
    fc
      .date({ min: new Date('2020-01-01'), max: new Date('2090-01-01'), noInvalidDate: true })
      .map((at) => at.toISOString()),
    { nil: '' },
  ),
  latitude: fc.constant(''),
  session_limit: fc.option(fc.integer({ min: 1, max: 1_000 }).map(String), { nil: '' }),
})

describe('subscribers of nasty texts', () => {
  it.each(['csv', 'xlsx'] as const)(
    'go out and in again as %s: the same file, octet by octet, and no change',
    async (format) => {
      await fc.assert(
        fc.asyncProperty(fc.array(person, { minLength: 1, maxLength: 12 }), async (people) => {
          await rowsOf(office, 'delete from subscriber')
          const columns = Object.keys(people[0]!) as (keyof (typeof people)[number])[]
          const rows = people.map((one, at) => [`u${at}`, ...columns.map((column) => typed(one[column]))])
          const made = await importText(office.db, office.author, csvOf(['username', ...columns], rows))
          expect(made.found).toEqual([])
          const kept = await rowsOf(
            office,
            'select username, full_name, address, block_reason from subscriber order by id',
          )
          // What was typed is what is there, as it is written.
          for (const [at, row] of kept.entries()) {
            expect(row.full_name ?? '').toBe(people[at]!.full_name.trim().normalize('NFC'))
            expect(row.address ?? '').toBe(people[at]!.address.trim().normalize('NFC'))
          }
          const first = await exported(format)
          expect(await imported(format, first, 'upsert')).toMatchObject({
            updated: 0,
            unchanged: people.length,
            found: [],
          })
          await rowsOf(office, 'delete from subscriber')
          expect(await imported(format, first, 'create')).toMatchObject({
            kind: 'done',
            created: people.length,
            found: [],
          })
          expect((await exported(format)).equals(first)).toBe(true)
        }),
        { numRuns: 12 },
      )
    },
  )
})
