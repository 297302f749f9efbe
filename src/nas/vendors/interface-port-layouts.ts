// NAS-Port (RFC 2865 §5.5) as a bit field: where BNGs put slot, port and VLAN into its 32 bits. It can be set up otherwise on
// nearly all of them, so it is read only where the NAS was told to be known by it.

import type { InterfaceParts } from '../../domain/line.ts'
import type { VendorName } from '../../domain/nas.ts'
import { vlanParts } from './interface-forms.ts'

type Field = 'slot' | 'subslot' | 'number' | 'outer' | 'inner'

/** Fields from the highest bit down, with their widths; together 32 bits. */
export type PortLayout = {
  readonly vendors: readonly VendorName[]
  readonly fields: readonly (readonly [Field, number])[]
  /** As in the forms of interface-forms.ts. */
  readonly confirmed: boolean
  readonly source: string
}

export const portLayouts: readonly PortLayout[] = [
  {
    vendors: ['huawei'],
    fields: [
      ['slot', 8],
      ['subslot', 4],
      ['number', 8],
      ['inner', 12],
    ],
    confirmed: true,
    source: 'Huawei manual, NAS-Port "new", the default; of two tags it holds the inner one',
  },
  {
    vendors: ['h3c'],
    fields: [
      ['slot', 8],
      ['subslot', 4],
      ['number', 8],
      ['inner', 12],
    ],
    confirmed: false,
    source: 'from memory: as Huawei',
  },
  {
    vendors: ['juniper'],
    fields: [
      ['slot', 5],
      ['number', 3],
      ['outer', 12],
      ['inner', 12],
    ],
    confirmed: false,
    source: 'JunosE manual, format 0ssssppp with stacked VLANs; for MX unconfirmed',
  },
  {
    vendors: ['cisco'],
    fields: [
      ['slot', 4],
      ['subslot', 1],
      ['number', 3],
      ['outer', 12],
      ['inner', 12],
    ],
    confirmed: false,
    source: 'from memory: format d of PPPoE with two tags',
  },
]

/** NAS-Port by the layout of a vendor; the bare number where it has none or its bits are no line. */
export function readPortNumber(vendor: VendorName, nasPort: number): InterfaceParts {
  const raw = String(nasPort)
  const layout = portLayouts.find(({ vendors }) => vendors.includes(vendor))
  if (layout === undefined) return { raw }
  const values = split(layout.fields, nasPort)
  const vlans = vlanParts(values.outer, values.inner)
  // A plain counter or index has no VLAN bits that make sense, and its other bits then say nothing either.
  if (vlans?.cVlan === undefined) return { raw }
  const port = [values.slot, values.subslot, values.number].filter((value) => value !== undefined).join('/')
  return { raw, port, ...vlans }
}

function split(fields: PortLayout['fields'], nasPort: number): Partial<Record<Field, number>> {
  const values: Partial<Record<Field, number>> = {}
  let rest = nasPort >>> 0
  for (const [field, width] of fields.toReversed()) {
    values[field] = rest % 2 ** width
    rest = Math.floor(rest / 2 ** width)
  }
  return values
}
