// Attributes as lines of text, `Name = value`: what operators write for a plan, a NAS or a subscriber, and what logs show.
// The forms are those of FreeRADIUS: `Tunnel-Type:1 = VLAN`, `Class = 0x0102`, `Filter-Id = "a b"`.
import type { AttributeDefinition, Dictionary } from './dictionary.ts'
import { encodeAttributes, UnknownAttributeError } from './encode-attributes.ts'
import { isPrintable } from './octet-text.ts'
import { AttributeValueError, formatValue, parseValue } from './values.ts'
import type { HidingContext, NamedAttribute } from './wire-values.ts'

/** The line is not of the form `Name = value`. */
export class AttributeTextError extends Error {
  override name = 'AttributeTextError'
}

/** Hidden values are tried with this, so that their length is judged: the secret plays no part in it. */
const trial: HidingContext = { secret: { octets: Buffer.from('trial') }, authenticator: Buffer.alloc(16) }

/**
 * Reads one line and makes sure that it can be sent: the name is known, the value fits type and length, and no control
 * character is in it (a line break in a rate limit is an injection). Quotes around a value may be left out; inside them
 * a quote and a backslash are written with a backslash before. `=`, `:=` and `+=` mean the same here.
 * Throws `AttributeTextError`, `UnknownAttributeError` and `AttributeValueError`, the last two naming the attribute.
 */
export function parseAttributeText(dictionary: Dictionary, text: string): NamedAttribute {
  const [, name, tag, written] = /^\s*([\w./+()-]+?)(?::(\d{1,3}))?\s*[:+]?=\s*(.*?)\s*$/s.exec(text) ?? []
  if (name === undefined || written === undefined) throw new AttributeTextError('an attribute is written Name = value')
  const definition = dictionary.attribute(name)
  if (definition === undefined) throw new UnknownAttributeError(name)
  const value = parseValue(definition, unquote(definition, written))
  const attribute: NamedAttribute = { name: definition.name, value }
  if (tag !== undefined && Number(tag) !== 0) attribute.tag = Number(tag)
  encodeAttributes(dictionary, [attribute], trial)
  return attribute
}

function unquote(definition: AttributeDefinition, written: string): string {
  if (!isPrintable(written)) throw new AttributeValueError(definition.name, 'holds a control character')
  if (written === '') throw new AttributeValueError(definition.name, 'has no value')
  if (!written.startsWith('"')) return written
  if (!/^"(?:[^"\\]|\\["\\])*"$/.test(written)) {
    throw new AttributeValueError(
      definition.name,
      'quotes do not match, or a backslash stands before another character',
    )
  }
  return written.slice(1, -1).replaceAll(/\\(["\\])/g, '$1')
}

/**
 * One line of text for an attribute. `parseAttributeText` reads it back, except strings that hold control characters or
 * are not UTF-8: they show `\xNN`. An attribute that the dictionary does not know is shown with its value alone.
 */
export function formatAttribute(dictionary: Dictionary, attribute: NamedAttribute): string {
  const { name, value, tag = 0 } = attribute
  const definition = dictionary.attribute(name)
  if (definition === undefined) return `${name} = ${String(value)}`
  const text = formatValue(definition, value)
  const shown = definition.format === 'string' ? `"${text.replaceAll('"', '\\"')}"` : text
  return `${definition.name}${tag === 0 ? '' : `:${tag}`} = ${shown}`
}
