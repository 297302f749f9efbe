// Dictionaries for tests: the one of the project, and small ones written as text.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadDictionary } from '../../src/radius/dictionary.ts'
import type { Dictionary } from '../../src/radius/dictionary.ts'

export const dictionaryDirectory = fileURLToPath(new URL('../../dictionaries', import.meta.url))

/** What Gatehouse ships. */
export const dictionary: Dictionary = loadDictionary(dictionaryDirectory)

/** Loads files given as text; `dictionary` is the one that is read. The messages of errors name `DIR/…`. */
export function dictionaryOf(files: string | Readonly<Record<string, string>>): Dictionary {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-dictionary-'))
  try {
    const texts = typeof files === 'string' ? { dictionary: files } : files
    for (const [name, text] of Object.entries(texts)) writeFileSync(join(directory, name), text)
    return loadDictionary(directory)
  } catch (error) {
    if (error instanceof Error) error.message = error.message.replaceAll(directory, 'DIR')
    throw error
  } finally {
    rmSync(directory, { recursive: true })
  }
}
