// The dictionary that Gatehouse ships, of whoever needs it: where its files lie is said here only.

import { fileURLToPath } from 'node:url'
import { loadDictionary } from '../radius/dictionary.ts'
import type { Dictionary } from '../radius/dictionary.ts'

let read: Dictionary | undefined

/** Our dictionary, read once, when it is first asked for. */
export function ownDictionary(): Dictionary {
  return (read ??= loadDictionary(fileURLToPath(new URL('../../dictionaries', import.meta.url))))
}
