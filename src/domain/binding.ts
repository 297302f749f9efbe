// The binding of a subscriber to its line, as rules and files of a re-binding (rebind.ts) write it: the parts by name, read and
// shown, and the keys by which two bindings are of one line.

import { checkInteger, checkText, FieldError } from './field.ts'
import { parseLineId, showLineId } from './line-id.ts'

/** Null parts are not looked at when the subscriber comes in. */
export type Binding = {
  nasGroupId: bigint | null
  interface: string | null
  port: string | null
  sVlan: number | null
  cVlan: number | null
  circuitId: Buffer | null
}

/** NAS groups by name. */
export type Groups = ReadonlyMap<string, bigint>

const partNames = ['group', 'interface', 'port', 's-vlan', 'c-vlan', 'circuit-id'] as const
export type PartName = (typeof partNames)[number]

/** One part from its text; empty is none. Throws FieldError under the name given. */
export function readPart(name: PartName, field: string, text: string, groups: Groups): Partial<Binding> {
  const value = text.trim()
  switch (name) {
    case 'group':
      return { nasGroupId: value === '' ? null : requireGroup(field, value, groups) }
    case 'interface':
      return { interface: value === '' ? null : checkText(field, value, 1, 253) }
    case 'port':
      return { port: value === '' ? null : checkText(field, value, 1, 253) }
    case 's-vlan':
      return { sVlan: value === '' ? null : checkInteger(field, value, 0, 4095) }
    case 'c-vlan':
      return { cVlan: value === '' ? null : checkInteger(field, value, 0, 4095) }
    case 'circuit-id':
      return { circuitId: value === '' ? null : parseLineId(field, value) }
  }
}

/** The id of a group by name. Throws FieldError. */
export function requireGroup(field: string, name: string, groups: Groups): bigint {
  const id = groups.get(name)
  if (id === undefined) throw new FieldError(field, `there is no NAS group ${JSON.stringify(name)}`)
  return id
}

const form = 'is written port=1/1/4,s-vlan=501 of the parts group, interface, port, s-vlan and c-vlan'

/**
 * The parts of `port=1/1/4,s-vlan=501`; `port=` means that there is none. A comma inside a value stays where no part follows it.
 * Throws FieldError.
 */
export function parseParts(field: string, text: string, groups: Groups): Partial<Binding> {
  const parts: Partial<Binding> = {}
  for (const piece of text.split(/,(?=\s*(?:group|interface|port|s-vlan|c-vlan)=)/)) {
    const [, word, value = ''] = /^\s*([a-z-]+)=(.*)$/s.exec(piece) ?? []
    const name = partNames.find((one) => one === word && one !== 'circuit-id')
    if (name === undefined) throw new FieldError(field, form)
    const part = readPart(name, `${field} ${name}`, value, groups)
    if (Object.keys(part).some((key) => key in parts)) throw new FieldError(field, `names ${name} twice`)
    Object.assign(parts, part)
  }
  return parts
}

/** The binding for people: `port 1/1/4, s-vlan 501`. */
export function bindingText(binding: Binding, groups: Groups): string {
  const group = [...groups].find(([, id]) => id === binding.nasGroupId)?.[0]
  const parts: [string, string | number | null | undefined][] = [
    ['group', group],
    ['interface', binding.interface],
    ['port', binding.port],
    ['s-vlan', binding.sVlan],
    ['c-vlan', binding.cVlan],
    ['circuit-id', binding.circuitId && showLineId(binding.circuitId)],
  ]
  const shown = parts.filter(([, value]) => value !== null && value !== undefined)
  return shown.length === 0 ? 'not bound' : shown.map(([name, value]) => `${name} ${value}`).join(', ')
}

/** A line inside its NAS group. `own`: by its nature of one subscriber; else a VLAN or interface that many may share. */
export type BoundLine = { key: string; own: boolean }

/** The lines that a binding names: its circuit id, and its VLANs or its interface. */
export function boundLines(binding: Binding): BoundLine[] {
  const { port, sVlan, cVlan, circuitId } = binding
  const lines: BoundLine[] = []
  if (circuitId !== null) lines.push({ key: `circuit-id ${showLineId(circuitId)}`, own: true })
  if (cVlan !== null) {
    const where = [port === null ? '' : `port ${port}, `, sVlan === null ? '' : `s-vlan ${sVlan}, `].join('')
    lines.push({ key: `${where}c-vlan ${cVlan}`, own: sVlan !== null })
  } else if (binding.interface !== null) lines.push({ key: `interface ${binding.interface}`, own: false })
  return lines
}

/** Whether two bindings can meet on one NAS: those without a group are in every group. */
export function shareGroup(one: Binding, other: Binding): boolean {
  return one.nasGroupId === null || other.nasGroupId === null || one.nasGroupId === other.nasGroupId
}
