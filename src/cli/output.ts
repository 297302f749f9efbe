// What commands print: tables and lines for people, one JSON value for programs (`--json`). JSON keys are snake_case, instants
// ISO 8601, ids numbers while they are exact as such; octets and money come as decimal text from who prints them.
// Warnings go to standard error, so that standard output stays what was asked for.

/** What cannot be shown on one line of a terminal: controls, and characters that change the direction of text. */
const unprintable = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** Prints a line. */
export function printLine(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** Prints a warning, where there is one. */
export function printWarning(text: string | undefined): void {
  if (text !== undefined) process.stderr.write(`warning: ${text}\n`)
}

/** Prints one JSON value. */
export function printJson(value: unknown): void {
  printLine(JSON.stringify(toJson(value), undefined, 2))
}

/** A value as JSON has it: see the head of this file. Undefined members are left out. */
export function toJson(value: unknown): unknown {
  if (typeof value === 'bigint')
    return value >= -maximumExact && value <= maximumExact ? Number(value) : value.toString()
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  if (Array.isArray(value)) return value.map(toJson)
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [snakeCase(key), toJson(member)]))
}

const maximumExact = BigInt(Number.MAX_SAFE_INTEGER)

/** `acctSessionId` is `acct_session_id`; names that are not of our making (`Framed-IP-Address`) stay. */
function snakeCase(key: string): string {
  if (!/^[a-z][A-Za-z0-9]*$/.test(key)) return key
  return key.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase()
}

/** What a cell of a table may hold. */
export type Cell = string | number | bigint | boolean | Date | null | undefined

/** Prints rows under their titles, or a line where there are none. */
export function printTable(titles: readonly string[], rows: readonly (readonly Cell[])[], none: string): void {
  if (rows.length === 0) {
    printLine(none)
    return
  }
  const lines = [titles, ...rows.map((row) => row.map(cellText))]
  const widths = titles.map((_, column) => Math.max(...lines.map((line) => [...(line[column] ?? '')].length)))
  for (const line of lines) {
    printLine(
      line
        .map((text, column) => text + ' '.repeat(widths[column]! - [...text].length))
        .join('  ')
        .trimEnd(),
    )
  }
}

/** Prints names and values below each other; empty values are left out. */
export function printFacts(facts: readonly (readonly [string, Cell])[]): void {
  const shown = facts.filter(([, value]) => value !== null && value !== undefined && value !== '')
  const width = Math.max(...shown.map(([name]) => name.length))
  for (const [name, value] of shown) printLine(`${name.padEnd(width)}  ${cellText(value)}`)
}

/** A value for people: one line, instants in UTC to the second, yes and no, a dash for nothing. */
export function cellText(value: Cell): string {
  if (value === null || value === undefined || value === '') return '-'
  if (value instanceof Date) return `${value.toISOString().slice(0, 19)}Z`
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return String(value).replace(unprintable, '?')
}
