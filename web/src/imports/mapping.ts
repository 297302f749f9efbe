// Which column of a file means what: guessed from its name as the server does, changed by hand, and sent as far as it differs.
import type { TFunction } from 'i18next'
import type { GetImportsColumnsResponse } from '../api/generated/types.gen.ts'

export type KnownColumn = GetImportsColumnsResponse['items'][number]
export type Mode = 'create' | 'upsert'

/** What each column of the file means, by its place; empty: it is not read. */
export type Meanings = readonly string[]

/** How a column of ours is called. */
export function meaningName(column: string, t: TFunction): string {
  return t(`imports.meanings.${column as 'username'}`)
}

function plainName(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replaceAll(/[\s-]+/g, '_')
}

function meaningOf(name: string, known: readonly KnownColumn[]): string {
  const plain = plainName(name)
  const column = known.find((one) => one.name === plain) ?? known.find(({ aliases }) => aliases.includes(plain))
  return column?.name ?? ''
}

/** The first of several that could mean the same means it. */
export function guess(header: readonly string[], known: readonly KnownColumn[]): string[] {
  const meanings: string[] = []
  for (const name of header) {
    const meaning = meaningOf(name, known)
    meanings.push(meanings.includes(meaning) ? '' : meaning)
  }
  return meanings
}

/** What the server must be told, since it would take it otherwise or not know it. */
export function mappingOf(
  header: readonly string[],
  meanings: Meanings,
  known: readonly KnownColumn[],
): string | undefined {
  const told = header.flatMap((name, at) => {
    const meaning = meanings[at] ?? ''
    const isPlain = meaning !== '' && meaning === meaningOf(name, known)
    return isPlain || name.trim() === '' ? [] : [[name.trim(), meaning] as const]
  })
  return told.length === 0 ? undefined : JSON.stringify(Object.fromEntries(told))
}

/** The columns that a file must have and does not. */
export function missing(meanings: Meanings, mode: Mode): string[] {
  const needed = mode === 'create' ? ['username', 'plan'] : ['username']
  return needed.filter((name) => !meanings.includes(name))
}

/** The columns that two of the file are said to mean. */
export function twice(meanings: Meanings): string[] {
  return [...new Set(meanings.filter((name, at) => name !== '' && meanings.indexOf(name) !== at))]
}
