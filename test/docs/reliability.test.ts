// docs/reliability.md holds the whole matrix: each row is there once, and one of the tests that it names carries the row's id.
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const page = new URL('../../docs/reliability.md', import.meta.url)
const rows = readFileSync(page, 'utf8')
  .split('\n')
  .filter((line) => /^\| [A-Z]\d+/.test(line))
  .map((line) => {
    const paths = [...line.matchAll(/\]\((\.\.\/test\/[^)#]+)\)/g)].map(([, path]) => path!)
    return { ids: idsIn(line.split(' | ')[0]!), paths }
  })

function idsIn(cell: string): string[] {
  return [...cell.matchAll(/\b[FRDI]\d+b?\b/g)].map(([id]) => id)
}

const numbered = (letter: string, last: number, width = 2): string[] =>
  Array.from({ length: last }, (_, at) => letter + String(at + 1).padStart(width, '0'))
const wanted = [...numbered('R', 50), ...numbered('F', 78), 'F19b', ...numbered('D', 7, 1), ...numbered('I', 12, 1)]

/** There is no replica of ours that could be behind: the row says so. */
const withoutTest = new Set(['F23'])
/** What always holds is looked at by what ends the tests of the other rows. */
const isInvariant = (id: string) => id.startsWith('I')

describe('the matrix of faults and attacks', () => {
  it('has each row', () => {
    const there = new Set(rows.flatMap(({ ids }) => ids))
    expect(wanted.filter((id) => !there.has(id))).toEqual([])
  })

  it('names tests that exist, in every row', () => {
    const files = rows.flatMap(({ paths }) => paths)
    expect(files.filter((path) => !existsSync(new URL(path, page)))).toEqual([])
    const bare = rows.filter(({ ids, paths }) => paths.length === 0 && ids.some((id) => !isInvariant(id)))
    expect(bare.flatMap(({ ids }) => ids)).toEqual([...withoutTest])
  })

  it.each(wanted.filter((id) => !withoutTest.has(id) && !isInvariant(id)))('%s is in the name of a test', (id) => {
    const paths = rows.filter(({ ids }) => ids.includes(id)).flatMap((row) => row.paths)
    const text = paths.map((path) => readFileSync(new URL(path, page), 'utf8')).join('\n')
    const code = text.replaceAll(/^\s*(?:\/\/|\*).*$/gm, '')
    // In a name, in a table of cases, or as the seed of the story that is told.
    expect(code).toMatch(new RegExp(`['"\`(].*\\b${id}\\b`))
  })
})
