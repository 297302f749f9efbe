// Interface names with a VLAN in them. A plain table of forms grows here, each tested on literal strings.

import type { InterfaceParts } from '../../domain/line.ts'

const vlanName = /^vlan(\d{1,4})$/i
/** IEEE 802.1Q: 0 is no VLAN and 4095 reserved. */
const largestVlan = 4094

/** The parts of an interface name: `vlan4071` has a C-VLAN, any other name only itself. Undefined for an empty one. */
export function parseInterfaceName(raw: string): InterfaceParts | undefined {
  if (raw === '') return undefined
  const vlan = Number(vlanName.exec(raw)?.[1] ?? 0)
  return vlan >= 1 && vlan <= largestVlan ? { raw, cVlan: vlan } : { raw }
}
