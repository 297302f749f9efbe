// What is known about attributes: names, numbers, types, value names, vendors and their formats. Built once at start
// from the files in dictionaries/ (FreeRADIUS text format), then read only. RFC 2865 §5, RFC 6929, RFC 8044.
import { join } from 'node:path'
import {
  attributeKey,
  childKey,
  defineAttribute,
  isContainer,
  largestType,
  rawDefinition,
} from './attribute-definition.ts'
import type { AttributeDefinition, VendorDefinition } from './attribute-definition.ts'
import { DictionaryError, readStatements, standardVendorFormat } from './dictionary-parser.ts'
import type { Statement, ValueFormat } from './dictionary-parser.ts'

export type { AttributeDefinition, VendorDefinition } from './attribute-definition.ts'

export type Dictionary = {
  /** By name, upper and lower case alike. `Attr-26.14988.99` gives a definition of plain octets at that place. */
  attribute(name: string): AttributeDefinition | undefined
  /** By number: vendor 0 for the standard attributes. */
  find(vendor: number, type: number): AttributeDefinition | undefined
  vendor(number: number): VendorDefinition | undefined
  /** All attributes in the order of the files. */
  attributes(): IterableIterator<AttributeDefinition>
}

/** Code asked for an attribute that the dictionary does not have. */
export class MissingDefinitionError extends Error {
  override name = 'MissingDefinitionError'
}

/**
 * Reads the file `dictionary` of a directory with all it includes. Throws `DictionaryError` (file and line) for a
 * syntax error, an unknown parent, attribute or vendor, a number out of range, or a name or number given twice.
 */
export function loadDictionary(directory: string): Dictionary {
  return buildDictionary(readStatements(join(directory, 'dictionary')))
}

/** Looks a name up once, for code that keeps the definition. Throws `MissingDefinitionError`. */
export function requireAttribute(dictionary: Dictionary, name: string): AttributeDefinition {
  const definition = dictionary.attribute(name)
  if (definition === undefined) throw new MissingDefinitionError(`the dictionary has no attribute ${name}`)
  return definition
}

type Tables = {
  byName: Map<string, AttributeDefinition>
  byLowerName: Map<string, AttributeDefinition>
  byNumber: Map<number, AttributeDefinition>
  vendors: Map<number, VendorDefinition>
  vendorNames: Map<string, VendorDefinition>
}

/** Where the next attribute goes: inside BEGIN-VENDOR, a vendor's extended space, BEGIN-TLV. */
type Scope = {
  vendor: VendorDefinition | undefined
  evs: AttributeDefinition | undefined
  tlvs: AttributeDefinition[]
}

function buildDictionary(statements: readonly Statement[]): Dictionary {
  const tables: Tables = {
    byName: new Map(),
    byLowerName: new Map(),
    byNumber: new Map(),
    vendors: new Map(),
    vendorNames: new Map(),
  }
  const scope: Scope = { vendor: undefined, evs: undefined, tlvs: [] }
  for (const statement of statements) apply(tables, scope, statement)
  const last = statements.at(-1)
  if (last !== undefined && (scope.vendor ?? scope.tlvs[0]) !== undefined) {
    throw new DictionaryError(last.place, `${(scope.tlvs[0] ?? scope.vendor)!.name} is never ended`)
  }
  return {
    attribute: (name) =>
      tables.byName.get(name) ?? tables.byLowerName.get(name.toLowerCase()) ?? rawDefinition(tables.vendors, name),
    find: (vendor, type) => (type > largestType ? undefined : tables.byNumber.get(attributeKey(vendor, type))),
    vendor: (number) => tables.vendors.get(number),
    attributes: () => tables.byName.values(),
  }
}

function apply(tables: Tables, scope: Scope, statement: Statement): void {
  const { place } = statement
  switch (statement.kind) {
    case 'vendor':
      return addVendor(tables, statement)
    case 'begin-vendor':
      if (scope.vendor !== undefined) throw new DictionaryError(place, `${scope.vendor.name} is not ended`)
      scope.vendor = tables.vendorNames.get(statement.name)
      if (scope.vendor === undefined) throw new DictionaryError(place, `unknown vendor ${statement.name}`)
      scope.evs = statement.parent === undefined ? undefined : container(tables, statement.parent, 'evs', place)
      return
    case 'end-vendor':
      if (scope.vendor?.name !== statement.name || scope.tlvs.length > 0) {
        throw new DictionaryError(place, `${statement.name} was not begun, or a TLV in it is not ended`)
      }
      scope.vendor = scope.evs = undefined
      return
    case 'begin-tlv':
      scope.tlvs.push(container(tables, statement.name, 'tlv', place))
      return
    case 'end-tlv':
      if (scope.tlvs.pop()?.name !== statement.name) throw new DictionaryError(place, `${statement.name} was not begun`)
      return
    case 'attribute':
      return addAttribute(tables, scope, statement)
    case 'value':
      return addValue(tables, statement)
  }
}

function container(tables: Tables, name: string, format: ValueFormat, place: string): AttributeDefinition {
  const definition = tables.byName.get(name)
  if (definition?.format !== format) throw new DictionaryError(place, `${name} is no attribute of type ${format}`)
  return definition
}

function addVendor(tables: Tables, vendor: Extract<Statement, { kind: 'vendor' }>): void {
  const { name, number, format, place } = vendor
  // RFC 2865 §5.26: the high-order octet of a Vendor-Id is 0.
  if (number < 1 || number > 0xffffff) throw new DictionaryError(place, `vendor ${number} is out of range`)
  if (tables.vendors.has(number)) throw new DictionaryError(place, `vendor ${number} exists twice`)
  if (tables.vendorNames.has(name)) throw new DictionaryError(place, `vendor ${name} exists twice`)
  tables.vendors.set(number, { name, number, format })
  tables.vendorNames.set(name, { name, number, format })
}

function addAttribute(tables: Tables, scope: Scope, attribute: Extract<Statement, { kind: 'attribute' }>): void {
  const { name, numbers, place } = attribute
  const type = numbers.at(-1)!
  const vendor = scope.vendor?.number ?? 0
  let parent: AttributeDefinition | undefined = scope.tlvs.at(-1) ?? scope.evs
  for (const number of numbers.slice(0, -1)) {
    const next: AttributeDefinition | undefined =
      parent === undefined
        ? tables.byNumber.get(attributeKey(vendor, number))
        : parent.children.get(childKey(parent, vendor, number))
    if (next === undefined || !isContainer(next)) throw new DictionaryError(place, `${name} has no parent ${number}`)
    parent = next
  }
  const space = parent ?? scope.vendor
  const vendorOctets = parent === undefined ? (scope.vendor?.format.typeOctets ?? 1) : 1
  const maximum = Math.min(2 ** (8 * vendorOctets) - 1, largestType)
  const minimum = parent === undefined && scope.vendor !== undefined ? 0 : 1
  if (type < minimum || type > maximum) throw new DictionaryError(place, `number ${type} of ${name} is out of range`)

  const siblings = parent?.children ?? tables.byNumber
  const key = parent === undefined ? attributeKey(vendor, type) : childKey(parent, vendor, type)
  const taken = siblings.get(key)
  if (taken !== undefined) throw new DictionaryError(place, `number ${type} of ${name} is already ${taken.name}`)
  if (tables.byLowerName.has(name.toLowerCase())) throw new DictionaryError(place, `${name} exists twice`)
  refuseSenseless(attribute, space === undefined)

  const definition = defineAttribute(name, parent, vendor, type, attribute.format, {
    flags: attribute.flags,
    size: attribute.size,
    vendorFormat: scope.vendor?.format ?? standardVendorFormat,
  })
  siblings.set(key, definition)
  tables.byName.set(name, definition)
  tables.byLowerName.set(name.toLowerCase(), definition)
}

/** Combinations that no RFC has and that the codec would get wrong in silence. */
function refuseSenseless(attribute: Extract<Statement, { kind: 'attribute' }>, atTop: boolean): void {
  const { name, format, flags, place } = attribute
  const refuse = (reason: string): never => {
    throw new DictionaryError(place, `${name}: ${reason}`)
  }
  if (flags.tagged && format !== 'integer' && format !== 'string' && format !== 'octets') refuse(`${format} has no tag`)
  if (flags.concat && !(atTop && format === 'octets')) refuse('concat is for standard octets')
  if (flags.array && (flags.tagged || flags.encrypt !== undefined)) refuse('array goes with no other flag')
  if (flags.encrypt !== undefined && format !== 'string' && format !== 'octets') refuse(`${format} cannot be hidden`)
  if ((format === 'extended' || format === 'long-extended') && !atTop) refuse(`${format} stands in the packet alone`)
}

function addValue(tables: Tables, value: Extract<Statement, { kind: 'value' }>): void {
  const definition = tables.byName.get(value.attribute)
  if (definition === undefined) throw new DictionaryError(value.place, `unknown attribute ${value.attribute}`)
  const limit = new Map<ValueFormat, number>([
    ['byte', 0xff],
    ['short', 0xffff],
    ['integer', 0xffffffff],
    ['signed', 0x7fffffff],
  ]).get(definition.format)
  if (limit === undefined) throw new DictionaryError(value.place, `${definition.format} has no named values`)
  if (value.number > limit) throw new DictionaryError(value.place, `${value.number} is out of range`)
  if (definition.values.has(value.name)) throw new DictionaryError(value.place, `${value.name} exists twice`)
  definition.values.set(value.name, value.number)
  // Two names for one number are allowed: the first is the one we print.
  if (!definition.valueNames.has(value.number)) definition.valueNames.set(value.number, value.name)
}
