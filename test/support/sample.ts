// Values that a zod schema takes, and values that it should refuse, made from its JSON schema: for calling every route without
// knowing what any of them means.

import fc from 'fast-check'
import { z } from 'zod'

type Json = {
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  anyOf?: Json[]
  oneOf?: Json[]
  allOf?: Json[]
  properties?: Record<string, Json>
  required?: string[]
  items?: Json | boolean
  prefixItems?: Json[]
  additionalProperties?: Json | boolean
  propertyNames?: Json
  pattern?: string
  format?: string
  minLength?: number
  maxLength?: number
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  minItems?: number
  maxItems?: number
  $ref?: string
}

/** Values of the form that the schema takes as input; what it refines beyond its form may still refuse them. */
export function valuesOf(schema: z.ZodType): fc.Arbitrary<unknown> {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', cycles: 'ref' }) as Json
  return arbitraryOf(json, 0)
}

/** Anything that JSON can carry, with what attackers like to send. */
export const hostileValues: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(
    null,
    [],
    {},
    '',
    '\u0000',
    "' or 1=1 --",
    '%',
    '=1+1',
    '../../etc/passwd',
    Number.POSITIVE_INFINITY,
    -1,
    0,
    1.5,
    Number.MAX_SAFE_INTEGER,
    '1e309',
    'NaN',
    '\ud800',
    { $gt: '' },
    [['x']],
    'x'.repeat(5_000),
  ),
)

function arbitraryOf(json: Json, depth: number): fc.Arbitrary<unknown> {
  if (json.const !== undefined) return fc.constant(json.const)
  if (json.enum !== undefined) return fc.constantFrom(...json.enum)
  const choices = json.anyOf ?? json.oneOf
  if (choices !== undefined) return fc.oneof(...choices.map((choice) => arbitraryOf(choice, depth)))
  if (Array.isArray(json.type)) return fc.oneof(...json.type.map((type) => arbitraryOf({ ...json, type }, depth)))
  if (json.allOf !== undefined)
    return arbitraryOf(Object.assign({}, ...json.allOf, { allOf: undefined }) as Json, depth)
  switch (json.type) {
    case 'object':
      return objectOf(json, depth)
    case 'array':
      return arrayOf(json, depth)
    case 'string':
      return textOf(json)
    case 'integer':
      return fc.integer({ min: Math.max(json.minimum ?? 0, -1_000), max: Math.min(json.maximum ?? 50, 50) })
    case 'number':
      return fc.double({ min: json.minimum ?? -1_000, max: json.maximum ?? 1_000, noNaN: true })
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    default:
      return fc.jsonValue({ maxDepth: 1 })
  }
}

function objectOf(json: Json, depth: number): fc.Arbitrary<unknown> {
  const members = Object.entries(json.properties ?? {}).map(
    ([name, member]) => [name, arbitraryOf(member, depth + 1)] as const,
  )
  const requiredKeys = (json.required ?? []).filter((name) => json.properties?.[name] !== undefined)
  return fc.record(Object.fromEntries(members), { requiredKeys, noNullPrototype: true })
}

function arrayOf(json: Json, depth: number): fc.Arbitrary<unknown> {
  if (json.prefixItems !== undefined) return fc.tuple(...json.prefixItems.map((item) => arbitraryOf(item, depth + 1)))
  const item = typeof json.items === 'object' ? json.items : {}
  const minLength = json.minItems ?? 0
  return fc.array(arbitraryOf(item, depth + 1), {
    minLength,
    maxLength: Math.max(minLength, Math.min(json.maxItems ?? 3, 3)),
  })
}

function textOf(json: Json): fc.Arbitrary<string> {
  if (json.format === 'date-time')
    return fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }).map((d) => d.toISOString())
  if (json.format === 'date') return fc.constantFrom('2026-11-22', '2024-02-29')
  if (json.format === 'uuid') return fc.uuid()
  if (json.format === 'email') return fc.constantFrom('anna@example.net', 'b.c@example.org')
  if (json.format === 'uri') return fc.constantFrom('https://example.net/hook', 'http://192.0.2.1/')
  // An end that fast-check does not know: our patterns are anchored at both ends.
  if (json.pattern !== undefined) return fc.stringMatching(new RegExp(json.pattern))
  const minLength = json.minLength ?? 0
  return fc.string({ minLength, maxLength: Math.max(minLength, Math.min(json.maxLength ?? 30, 30)) })
}
