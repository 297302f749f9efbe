// Attributes of a reply as JSON for the access log: by name, several of a name as a list, octets in hexadecimal.

import type { NamedAttribute } from '../radius/attributes.ts'

type Shown = string | number

/** `{"Framed-Pool":"home","Framed-Route":["…","…"]}` */
export function replyAsJson(attributes: readonly NamedAttribute[]): string {
  const byName: Record<string, Shown | Shown[]> = {}
  for (const { name, value } of attributes) {
    const shown = showValue(value)
    const before = byName[name]
    if (before === undefined) byName[name] = shown
    else if (Array.isArray(before)) before.push(shown)
    else byName[name] = [before, shown]
  }
  return JSON.stringify(byName)
}

function showValue(value: NamedAttribute['value']): Shown {
  if (typeof value === 'bigint') return value.toString()
  return value instanceof Uint8Array ? `0x${Buffer.from(value).toString('hex')}` : value
}
