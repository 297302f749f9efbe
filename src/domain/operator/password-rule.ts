// What a password that a person chooses must be (NIST 800-63B §3.1.1.2, ASVS 6.2): long enough, not one that guessers try
// first, not made of the person's own name. No rules of composition, nothing is cut off, every character counts.

import { readFileSync } from 'node:fs'
import { FieldError } from '../field.ts'

const minimum = 12
/** Argon2 takes any length; a request of megabytes must not. */
const maximum = 256
/** So many characters must be left when common words, digits and signs are taken away. */
const unguessable = 5

const common = new Set(readFileSync(new URL('./common-passwords.txt', import.meta.url), 'utf8').split('\n'))
common.delete('')

/** Digits and signs that people put for letters. */
const disguises: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '8': 'b',
  '@': 'a',
  $: 's',
  '!': 'i',
}
const runs = ['abcdefghijklmnopqrstuvwxyz', 'qwertyuiop', 'asdfghjkl', 'zxcvbnm', 'qwertzuiop', 'azertyuiop']

/**
 * Checks a new password; `context` are words of the person: name, e-mail address, company. Throws FieldError, never with the
 * password in it.
 */
export function checkNewPassword(field: string, password: string, context: readonly string[]): void {
  const length = [...password].length
  if (length < minimum) throw new FieldError(field, `must have at least ${minimum} characters`)
  if (length > maximum) throw new FieldError(field, `must have at most ${maximum} characters`)
  if (/\p{Cc}/u.test(password)) throw new FieldError(field, 'has a control character')
  const lower = password.toLowerCase().normalize('NFKC')
  if (new Set(lower).size < 5) throw new FieldError(field, 'repeats the same few characters')
  const own = wordsOf(context)
  // Both as typed and with disguises undone: `p4ssw0rd2026` is the word and a year.
  const isCommon = [lower, undisguise(lower)].some((form) => lettersLeft(form, own) < unguessable)
  if (isCommon) throw new FieldError(field, 'is made of words that are tried first; take another')
}

/** The words of a person that must not make up the password. */
function wordsOf(context: readonly string[]): Set<string> {
  const words = context.flatMap((text) =>
    text
      .toLowerCase()
      .normalize('NFKC')
      .split(/[^\p{L}\p{N}]+/u),
  )
  return new Set(['gatehouse', ...words.filter((word) => word.length >= 3)])
}

function undisguise(text: string): string {
  return [...text].map((character) => disguises[character] ?? character).join('')
}

/** How many distinct letters remain when words and keyboard runs are gone; of a password without letters, distinct signs. */
function lettersLeft(form: string, own: ReadonlySet<string>): number {
  const letters = form.replaceAll(/[^\p{L}]/gu, '')
  return letters === '' ? new Set(withoutRuns(form)).size : new Set(withoutWords(letters, own)).size
}

/** The longest word at every place is taken out; what is no word stays. */
function withoutWords(text: string, own: ReadonlySet<string>): string {
  let rest = ''
  for (let at = 0; at < text.length;) {
    const length = wordLength(text, at, own)
    if (length === 0) rest += text[at]
    at += Math.max(1, length)
  }
  return rest
}

function wordLength(text: string, at: number, own: ReadonlySet<string>): number {
  for (let length = Math.min(40, text.length - at); length >= 3; length -= 1) {
    const word = text.slice(at, at + length)
    if (common.has(word) || own.has(word) || runs.some((run) => run.includes(word))) return length
  }
  return 0
}

/** `123456` and `987654` say nothing: only where the step from digit to digit changes does something new come. */
function withoutRuns(text: string): string {
  const codes = [...text].map((character) => character.codePointAt(0)!)
  return [...text].filter((_, at) => at < 2 || codes[at]! - codes[at - 1]! !== codes[at - 1]! - codes[at - 2]!).join('')
}

/** The words of an operator or of the one who is about to be. */
export function passwordContext(operator: {
  name: string
  email: string
  organisation?: string | undefined
}): string[] {
  return [operator.name, operator.email, operator.organisation ?? '']
}
