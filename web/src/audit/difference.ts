// What an entry of the trail changed, field by field: values within values by their path, lists as a whole.

export type Change = { path: string; before: unknown; after: unknown }

type Values = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function flatten(values: Values | null, prefix = ''): Map<string, unknown> {
  const flat = new Map<string, unknown>()
  for (const [name, value] of Object.entries(values ?? {})) {
    if (isObject(value) && Object.keys(value).length > 0) {
      for (const [path, inner] of flatten(value, `${prefix}${name}.`)) flat.set(path, inner)
    } else flat.set(`${prefix}${name}`, value)
  }
  return flat
}

/** The fields that either side names and that differ, in the order of the entry. */
export function differenceOf(before: Values | null, after: Values | null): Change[] {
  const [was, is] = [flatten(before), flatten(after)]
  const paths = new Set([...was.keys(), ...is.keys()])
  return [...paths]
    .map((path) => ({ path, before: was.get(path), after: is.get(path) }))
    .filter((change) => JSON.stringify(change.before) !== JSON.stringify(change.after))
}
