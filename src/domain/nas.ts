// A NAS (device) and the client it speaks through, as the packet path knows them: plain rows, loaded whole and kept.

import type { IdentityKind } from './line.ts'
import type { NasSettings } from './nas-settings.ts'
import type { UnknownGarden } from './unknown-garden.ts'

export const vendorNames = [
  'mikrotik',
  'accel-ppp',
  'standard',
  'juniper',
  'cisco',
  'huawei',
  'nokia',
  'zte',
  'h3c',
] as const
export type VendorName = (typeof vendorNames)[number]

export type Nas = {
  id: bigint
  clientId: bigint
  name: string
  vendor: VendorName
  /** NAS-Identifier by which the device is known behind its client, if it is. */
  identifier: string | undefined
  /** NAS-IP-Address by which the device is known behind its client, if it is. */
  address: string | undefined
  nasGroupId: bigint
  addressSpaceId: bigint
  /** In which order the group tells a line that comes without a password (IPoE). */
  identityOrder: readonly IdentityKind[]
  /** Of the group: where whom nobody knows is let in; undefined: they are refused. */
  unknownGarden?: UnknownGarden | undefined
  /** What differs from the habits of its vendor. */
  settings: NasSettings
  /** How long the NAS waits for an answer in all: timeout times tries, in milliseconds. */
  patienceMs: number
  /** Extra attributes for every Access-Accept to this NAS, as `Name = value` texts. */
  attributes: readonly string[]
}
