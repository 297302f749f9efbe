// The interface of a line, from the attribute that names it for this vendor or that the NAS was told to be known by, and parsed
// by the forms of its vendor. What no form reads stays as it was sent and is an interface all the same.

import type { InterfaceParts } from '../../domain/line.ts'
import type { VendorName } from '../../domain/nas.ts'
import { readForm } from './interface-forms.ts'
import type { InterfaceForm } from './interface-forms.ts'
import { readPortNumber } from './interface-port-layouts.ts'
import { interfaceForms } from './interface-table.ts'
import type { InterfaceSource } from './vendor.ts'

type Attribute = 'nas-port-id' | 'nas-port' | 'called-station-id'

/** Where a vendor names the interface, first found first; NAS-Port is never among them (see interface-port-layouts.ts). */
const usual: Partial<Record<VendorName, readonly Attribute[]>> = {
  // NAS-Port-Id of a PPPoE session is `ppp0`: the interface is in `called-sid=ifname:mac` or `ifname`; for IPoE both name it.
  'accel-ppp': ['called-station-id', 'nas-port-id'],
}
const otherwise: readonly Attribute[] = ['nas-port-id']

/** The MAC that `called-sid=ifname:mac` puts behind the name, and that is all with `called-sid=mac`. */
const macAtEnd = /:?(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/i
/** The device of one session of accel-ppp: it says nothing about the line. */
const sessionDevice = /^(?:ppp|ipoe|l2tp|pptp|sstp)\d{1,9}$/

const formsOf = new Map<VendorName, InterfaceForm[]>()
for (const form of interfaceForms) {
  for (const vendor of form.vendors) formsOf.set(vendor, [...(formsOf.get(vendor) ?? []), form])
}

/**
 * The interface of a request: by `chosen` alone where the NAS has such a setting, else as its vendor does. Undefined where the
 * request does not say, or names only a device of the session.
 */
export function readInterface(
  vendor: VendorName,
  source: InterfaceSource,
  chosen: Attribute | undefined,
): InterfaceParts | undefined {
  for (const attribute of chosen === undefined ? (usual[vendor] ?? otherwise) : [chosen]) {
    const found = readAttribute(vendor, source, attribute)
    if (found !== undefined) return found
  }
  return undefined
}

function readAttribute(vendor: VendorName, source: InterfaceSource, attribute: Attribute): InterfaceParts | undefined {
  const { nasPortId, nasPort, calledStationId } = source
  if (attribute === 'nas-port') return nasPort === undefined ? undefined : readPortNumber(vendor, nasPort)
  if (attribute === 'called-station-id') return parseInterface(vendor, calledStationId?.replace(macAtEnd, '') ?? '')
  if (nasPortId === undefined || (vendor === 'accel-ppp' && sessionDevice.test(nasPortId))) return undefined
  return parseInterface(vendor, nasPortId)
}

/** An interface as this vendor writes it: `raw` is the text without what fills it up. Undefined for an empty one. */
export function parseInterface(vendor: VendorName, raw: string): InterfaceParts | undefined {
  const text = withoutPadding(raw)
  if (text === '') return undefined
  return { raw: text, ...readForm(formsOf.get(vendor) ?? [], text)?.parts }
}

/** Without the blanks and NULs with which some fill up a text. */
function withoutPadding(text: string): string {
  let end = text.length
  while (end > 0 && (text[end - 1] === ' ' || text[end - 1] === '\0')) end -= 1
  return text.slice(0, end)
}
