// One attribute as the dictionary knows it, and the number under which it is found. RFC 2865 §5, RFC 6929, RFC 8044.
import { standardVendorFormat } from './dictionary-parser.ts'
import type { Encryption, Flags, ValueFormat, VendorFormat } from './dictionary-parser.ts'

export type AttributeDefinition = {
  readonly name: string
  /** The vendor's number, 0 for none (RFC 2865 §5.26). */
  readonly vendor: number
  /** The number in its own space: packet, vendor, extended type or TLV. */
  readonly type: number
  /** All numbers from the packet inwards: `97`, `26.14988.8`, `241.26.9.1`. `Attr-` and this is the raw name. */
  readonly path: string
  readonly format: ValueFormat
  /** Octets that the value must have, where the dictionary says so. */
  readonly size: number | undefined
  readonly encrypt: Encryption | undefined
  readonly tagged: boolean
  /** May be split over several attributes (EAP-Message). */
  readonly concat: boolean
  /** One attribute may hold several values of fixed size. */
  readonly array: boolean
  readonly vendorFormat: VendorFormat
  /** The TLV or extended attribute around this one. */
  readonly parent: AttributeDefinition | undefined
  /** What may stand inside, by `childKey`. */
  readonly children: Map<number, AttributeDefinition>
  readonly values: Map<string, number>
  readonly valueNames: Map<number, string>
}

export type VendorDefinition = { readonly name: string; readonly number: number; readonly format: VendorFormat }

export const largestType = 0xffffff

/** One number for vendor and type, so that a look-up is one `Map.get`; types above 2^24 - 1 are in no dictionary. */
export function attributeKey(vendor: number, type: number): number {
  return vendor * (largestType + 1) + type
}

/** The key in `children`: the type, with the vendor only inside an Extended-Vendor-Specific (RFC 6929 §2.4). */
export function childKey(parent: AttributeDefinition, vendor: number, type: number): number {
  return parent.format === 'evs' ? attributeKey(vendor, type) : type
}

/** Whether attributes are numbered inside this one. */
export function isContainer(definition: AttributeDefinition): boolean {
  return definition.format === 'tlv' || definition.format === 'extended' || definition.format === 'long-extended'
}

type Traits = { flags: Flags; size: number | undefined; vendorFormat: VendorFormat }

/** A definition with its path, not yet in any table. */
export function defineAttribute(
  name: string,
  parent: AttributeDefinition | undefined,
  vendor: number,
  type: number,
  format: ValueFormat,
  traits: Traits,
): AttributeDefinition {
  const prefix = parent === undefined ? (vendor === 0 ? '' : `26.${vendor}.`) : `${parent.path}.`
  const path = parent?.format === 'evs' ? `${prefix}${vendor}.${type}` : `${prefix}${type}`
  const { flags, size, vendorFormat } = traits
  const maps = { children: new Map(), values: new Map(), valueNames: new Map() }
  return { name, vendor, type, path, format, size, ...flags, vendorFormat, parent, ...maps }
}

const rawFlags: Flags = { tagged: false, concat: false, array: false, encrypt: undefined }

/** The definition behind `Attr-1.2.3`: plain octets at that place, whatever the dictionary says stands there. */
export function rawDefinition(
  vendors: ReadonlyMap<number, VendorDefinition>,
  name: string,
): AttributeDefinition | undefined {
  if (!/^attr-\d+(\.\d+){0,8}$/i.test(name)) return undefined
  const numbers = name.slice('Attr-'.length).split('.').map(Number)
  const [first = 0] = numbers
  let vendor = 0
  let vendorFormat = standardVendorFormat
  if (first === 26 && numbers.length > 1) {
    vendor = numbers[1]!
    if (vendor === 0 || numbers.length === 2) return undefined
    vendorFormat = vendors.get(vendor)?.format ?? standardVendorFormat
    numbers.splice(0, 2)
  }
  let parent: AttributeDefinition | undefined
  const raw = (type: number, format: ValueFormat): AttributeDefinition =>
    defineAttribute(name, parent, vendor, type, format, { flags: rawFlags, size: undefined, vendorFormat })
  while (numbers.length > 1) {
    const type = numbers.shift()!
    const isEvs = type === 26 && numbers.length > 1 && parent?.format.endsWith('extended')
    const outer = raw(type, parent === undefined && vendor === 0 ? outerFormat(type) : isEvs ? 'evs' : 'tlv')
    if (!isWithin(type, parent, vendor, vendorFormat)) return undefined
    parent = outer
    if (isEvs) vendor = numbers.shift()!
    if (isEvs && vendor === 0) return undefined
  }
  const type = numbers[0]!
  return isWithin(type, parent, vendor, vendorFormat) ? raw(type, 'octets') : undefined
}

/** RFC 6929 §2.1, §2.2: 241 to 244 are extended, 245 and 246 long extended; anything else can only be a TLV. */
function outerFormat(type: number): ValueFormat {
  if (type >= 241 && type <= 244) return 'extended'
  return type === 245 || type === 246 ? 'long-extended' : 'tlv'
}

function isWithin(
  type: number,
  parent: AttributeDefinition | undefined,
  vendor: number,
  format: VendorFormat,
): boolean {
  if (vendor > 0xffffff) return false
  if (parent !== undefined) return type <= 255
  return vendor === 0 ? type >= 1 && type <= 255 : type < 2 ** (8 * format.typeOctets)
}
