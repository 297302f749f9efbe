// Arrays as the text that Postgres reads, for hot statements: the driver would look at every number for quotes, and costs more than the rest of a request.

/**
 * `{1,NULL,3}` of numbers, booleans and what has no quotes, blanks or commas in it (instants, addresses, MACs); undefined is
 * null. Not for text.
 */
export function arrayLiteral(values: readonly (bigint | number | boolean | string | undefined)[]): string {
  let literal = '{'
  for (let i = 0; i < values.length; i++) {
    if (i > 0) literal += ','
    literal += values[i] === undefined ? 'NULL' : String(values[i])
  }
  return `${literal}}`
}

/** `{"a",NULL}` of texts, quotes and backslashes escaped; undefined is null. */
export function textArrayLiteral(values: readonly (string | undefined)[]): string {
  let literal = '{'
  for (let i = 0; i < values.length; i++) {
    if (i > 0) literal += ','
    literal += values[i] === undefined ? 'NULL' : `"${values[i]!.replace(/["\\]/g, '\\$&')}"`
  }
  return `${literal}}`
}
