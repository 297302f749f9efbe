// The options of every measurement, read in one place.

import { parseArgs } from 'node:util'

/** A default tells what an option is: a number, a text, a flag (`false`); `Number` and `String` are of those without a default. */
type Defaults = Record<string, number | string | false | NumberConstructor | StringConstructor>
type ValueOf<Default> = Default extends number
  ? number
  : Default extends string
    ? string
    : Default extends false
      ? boolean
      : Default extends NumberConstructor
        ? number | undefined
        : string | undefined

/**
 * The options of `args`, by default all after the first word. Throws with a sentence that names the option for one that is
 * unknown, and for a number that is not whole or not above 0.
 */
export function readOptions<const Of extends Defaults>(
  defaults: Of,
  args = process.argv.slice(3),
): { [Name in keyof Of]: ValueOf<Of[Name]> } {
  const options = Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => [name, { type: value === false ? 'boolean' : 'string' } as const]),
  )
  const { values } = parseArgs({ args, options })
  const read = Object.entries(defaults).map(([name, value]) => {
    const given = values[name]
    if (given === undefined) return [name, typeof value === 'function' ? undefined : value]
    return [name, typeof value === 'number' || value === Number ? wholeNumber(name, String(given)) : given]
  })
  return Object.fromEntries(read) as { [Name in keyof Of]: ValueOf<Of[Name]> }
}

/** The number of an option. Throws with a sentence where it is not whole or not above 0. */
export function wholeNumber(name: string, text: string): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && number > 0 && Number.isSafeInteger(number)) return number
  throw new Error(`--${name} takes a whole number above 0, not "${text}"`)
}
