// Arrays as the text that Postgres reads, for hot statements: the driver would look at every number for quotes.

/** `{1,NULL,3}` of numbers and booleans; undefined is null. Not for text, which would need quotes. */
export function arrayLiteral(values: readonly (bigint | number | boolean | undefined)[]): string {
  let literal = '{'
  for (let i = 0; i < values.length; i++) {
    if (i > 0) literal += ','
    literal += values[i] === undefined ? 'NULL' : String(values[i])
  }
  return `${literal}}`
}

const special = /["\\]/g

/** `{"a",NULL}` of texts, quotes and backslashes escaped; undefined is null. */
export function textArrayLiteral(values: readonly (string | undefined)[]): string {
  let literal = '{'
  for (let i = 0; i < values.length; i++) {
    if (i > 0) literal += ','
    const value = values[i]
    if (value === undefined) literal += 'NULL'
    else literal += `"${special.test(value) ? value.replace(special, '\\$&') : value}"`
    special.lastIndex = 0
  }
  return `${literal}}`
}
