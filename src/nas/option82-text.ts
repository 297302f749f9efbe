// Circuit ids that are text: the forms in which access nodes write shelf, slot, port and VLAN of a line (TR-101 §3.9.3,
// RFC 4679 §3.3.1), as data like the forms of interfaces.

import type { LineForm } from './vendors/interface-forms.ts'
import { interfaceForms } from './vendors/interface-table.ts'

/** Forms of interfaces that also stand in circuit ids and that nothing else looks like. */
const shared = [
  'key-value',
  'key-value-port',
  'telecom',
  'telecom-node',
  'telecom-atm',
  'junos',
  'vrp-interface',
  'vlan-name',
]

const nodeForms: readonly LineForm[] = [
  {
    // olt7 eth 2/1:100 · olt7 eth 1/0/3:100.200 · olt7 eth 1/1/5/1/1:100
    name: 'tr-101-eth',
    pattern:
      /^[^ ]{1,63} (?<kind>eth) (?<port>\d{1,4}(?:\/\d{1,4}){1,7})(?::(?:(?<outer>\d{1,4})[.-])?(?<inner>\d{1,4}))?$/i,
    confirmed: true,
    source:
      'TR-101 R-124 and RFC 4679, also in the manuals of Nokia and H3C; more than slot/port, two tags: unconfirmed',
  },
  {
    // olt7 atm 1/1/04/12:8.35
    name: 'tr-101-atm',
    pattern: /^[^ ]{1,63} (?<kind>atm) (?<port>\d{1,4}(?:\/\d{1,4}){1,7})(?::\d{1,3}\.\d{1,5})?$/i,
    confirmed: true,
    source: 'TR-101 R-124 and RFC 4679',
  },
  {
    // olt7 xpon 0/1/0/3:12.1.100: what stands behind the colon differs from node to node
    name: 'pon',
    pattern: /^[^ ]{1,63} (?<kind>[gex]?pon|xgpon|onu|ont) (?<port>\d{1,4}(?:\/\d{1,4}){1,7})(?:[:.][0-9.]{1,24})?$/i,
    confirmed: false,
    source: 'from memory of Huawei and ZTE access nodes',
  },
  {
    // Vlan2+Ethernet1/1
    name: 'vlan-plus-port',
    pattern: /^vlan(?<inner>\d{1,4})\+(?<port>[a-z][a-z-]{1,30}\d{1,3}(?:\/\d{1,3}){0,3})$/i,
    confirmed: true,
    source: 'manuals of switches whose standard form joins VLAN and port so',
  },
  {
    // Switch/07/0123
    name: 'node-port-vlan',
    pattern: /^[^/ ]{1,53}\/(?<number>\d{2})\/(?<inner>\d{4})$/,
    confirmed: true,
    source: 'Zyxel manual, identifier, port and VLAN with a slash between',
  },
]

/** Every form of a circuit id that is text, in the order in which they are tried. */
export const circuitForms: readonly LineForm[] = [
  ...nodeForms,
  ...interfaceForms.filter(({ name }) => shared.includes(name)),
]
