// The ways in which BNGs write the interface of a line, one row each; a row is read only for the vendors that it names, in this
// order. "Manual" in a source means that the maker's own manual prints such a string or describes it field by field.

import type { VendorName } from '../../domain/nas.ts'
import type { InterfaceForm } from './interface-forms.ts'

/** Vendors that keep to the rule of China Telecom, or can be told to; `standard` for what nobody has named. */
const telecom: readonly VendorName[] = ['huawei', 'h3c', 'zte', 'cisco', 'standard']
const named: readonly VendorName[] = ['mikrotik', 'accel-ppp', 'standard']

const keyValueForms: readonly InterfaceForm[] = [
  {
    // slot=2;subslot=0;port=1;vlanid=1200;vlanid2=4071;
    name: 'key-value',
    vendors: ['huawei', 'h3c', 'zte', 'standard'],
    pattern:
      /^slot= ?(?<slot>\d{1,3}); ?subslot= ?(?<subslot>\d{1,3}); ?port= ?(?<number>\d{1,3}); ?vlan ?id= ?(?<outer>\d{1,4})(?:; ?vlanid2= ?(?<inner>\d{1,4}))?(?:;.*)?$/i,
    confirmed: true,
    source: 'Huawei manual, NAS-Port-Id "new": vlanid is the outer tag; packets quoted in public logs',
  },
  {
    // slot=0;subslot=0;port=1;VPI=8;VCI=35;
    name: 'key-value-port',
    vendors: ['huawei', 'h3c', 'zte', 'standard'],
    pattern: /^slot= ?(?<slot>\d{1,3}); ?subslot= ?(?<subslot>\d{1,3}); ?port= ?(?<number>\d{1,3})(?:;.*)?$/i,
    confirmed: true,
    source: 'Huawei manual, NAS-Port-Id "new" of ADSL',
  },
  {
    // 0000018000000121: slot 2, subslot 2, port 3, VLAN 9 digits; QinQ: outer 4, a 0, inner 4
    name: 'digits',
    vendors: ['huawei', 'h3c'],
    pattern: /^(?<slot>\d{2})(?<subslot>\d{2})(?<number>\d{3})(?<outer>\d{4})0(?<inner>\d{4})$/,
    confirmed: true,
    source: 'Huawei manual, NAS-Port-Id "old"; a packet quoted in a public issue. The split of two tags: unconfirmed',
  },
]

const telecomForms: readonly InterfaceForm[] = [
  {
    // eth 2/0/1:1200.4071 · trunk 0/0/5:4096.1200 olt7/0/0/0/0/0 · eth 1/0/2/3:100.200
    name: 'telecom',
    vendors: telecom,
    pattern:
      /^(?<kind>eth|trunk|ge|xe|ethernet) (?<port>\d{1,3}(?:\/\d{1,4}){1,3}):(?<outer>\d{1,4})(?:[.:](?<inner>\d{1,4}))?(?: .*)?$/i,
    confirmed: true,
    source:
      'Cisco manual, nas-port-id format c; H3C manual, nas-port-id format 1. Four numbers (ZTE rack first): unconfirmed',
  },
  {
    // 0 0/0/0:4096.1234 guangzhou001/0/31/63/31/127: the BNG does not know; the access node does
    name: 'telecom-node',
    vendors: telecom,
    pattern: /^0 0\/0\/0:(?<outer>\d{1,4})\.(?<inner>\d{1,4}) (?<port>[^ ]{1,100})$/,
    confirmed: true,
    source: 'H3C manual, access line of the node alone',
  },
  {
    // atm 31/31/7:255.65535 node/0/31/63/31/127: VPI and VCI are no VLANs
    name: 'telecom-atm',
    vendors: telecom,
    pattern: /^(?<kind>atm) (?<port>\d{1,3}(?:\/\d{1,4}){1,3}):\d{1,3}\.\d{1,5}(?: .*)?$/i,
    confirmed: true,
    source: 'Cisco and H3C manuals',
  },
  {
    // 3/0/1:2814.727 olt7/0/0/0/0/0
    name: 'telecom-bare',
    vendors: ['huawei', 'h3c', 'zte'],
    pattern: /^(?<port>\d{1,3}(?:\/\d{1,4}){1,3}):(?<outer>\d{1,4})\.(?<inner>\d{1,4})(?: .*)?$/,
    confirmed: false,
    source: 'from memory',
  },
]

const nokiaForms: readonly InterfaceForm[] = [
  {
    // 1/1/4:501.1001 · lag-3:501.1001 · 2/x1/1/c4/1:35.2 · pw-2:320.100, a prefix before and a circuit or remote id behind
    name: 'sap',
    vendors: ['nokia', 'standard'],
    pattern:
      /^(?:[^ ]{1,8} )??(?<port>lag-\d{1,4}|pw--?\d{1,5}|\d{1,2}(?:\/[xc]?\d{1,3}){2,4})(?::(?<outer>\d{1,4}|\*)(?:\.(?<inner>\d{1,4}|\*))?)?(?: .*)?$/,
    confirmed: true,
    source: 'Nokia SR OS RADIUS attributes reference, NAS-Port-Id',
  },
  {
    // VLAN svc-10:100.200
    name: 'wlan-gateway',
    vendors: ['nokia'],
    pattern: /^VLAN (?<port>svc-\d{1,10})(?::(?<outer>\d{1,4})(?:\.(?<inner>\d{1,4}))?)?$/,
    confirmed: true,
    source: 'Nokia SR OS RADIUS attributes reference, NAS-Port-Id of WLAN-GW',
  },
]

const juniperForms: readonly InterfaceForm[] = [
  {
    // ge-1/2/0.100:200-300 · ae0.3221:139 · ae1.demux0.101:100-101 · nas7#ge-1/2/0.100:100#aci#ari. The unit is no VLAN.
    name: 'junos',
    vendors: ['juniper'],
    pattern:
      /^(?:[^#]{1,64}#)??(?<port>(?:fe|ge|xe|et|at|so|lt)-\d{1,2}\/\d{1,2}\/\d{1,3}(?::\d(?=\.))?|(?:ae|ps)\d{1,4})(?:\.demux0)?(?:\.\d{1,10})?(?::(?:(?<outer>\d{1,4})-)?(?<inner>\d{1,4}))?(?:#.*)?$/,
    confirmed: true,
    source: 'Junos manual, NAS-Port-Id and its options',
  },
  {
    // demux0.3221225472:100-200
    name: 'junos-demux',
    vendors: ['juniper'],
    pattern: /^demux0\.\d{1,10}:(?:(?<outer>\d{1,4})-)?(?<inner>\d{1,4})(?:#.*)?$/,
    confirmed: false,
    source: 'from memory',
  },
  {
    // GigabitEthernet 3/2.32768:200-300
    name: 'junos-e',
    vendors: ['juniper'],
    pattern:
      /^(?<port>(?:fast|gigabit|tenGigabit)Ethernet \d{1,2}(?:\/\d{1,2}){1,2})(?:\.\d{1,10})?(?::(?:(?<outer>\d{1,4})-)?(?<inner>\d{1,4}))?$/i,
    confirmed: false,
    source: 'from memory of JunosE',
  },
]

const ciscoForms: readonly InterfaceForm[] = [
  {
    // 0/0/1/100.200 · 0/0/1/200 · nas-port:192.0.2.1:0/0/1/200
    name: 'ios-path',
    vendors: ['cisco'],
    pattern:
      /^(?:nas-port:[0-9a-f.:]{2,39}:)?(?<port>\d{1,3}(?:\/\d{1,3}){2,4})\/(?:(?<outer>\d{1,4})\.)?(?<inner>\d{1,4})$/i,
    confirmed: false,
    source: 'from memory; IOS before 12.2(31)SB2 wrote the inner tag first in its format c',
  },
  {
    name: 'ios-port',
    vendors: ['cisco'],
    pattern: /^(?:nas-port:[0-9a-f.:]{2,39}:)?(?<port>\d{1,3}(?:\/\d{1,3}){2})$/i,
    confirmed: false,
    source: 'from memory',
  },
  {
    // GigabitEthernet0/0/1.100 · Bundle-Ether1.100.200: the sub-interface has the number of its VLAN by custom
    name: 'ios-interface',
    vendors: ['cisco'],
    pattern:
      /^(?<port>(?:FastEthernet|Fa|GigabitEthernet|Gi|TenGigabitEthernet|Te|TenGigE|TwentyFiveGigE|FortyGigE|HundredGigE|Hu|Port-channel|Po|Bundle-Ether|BE|Ethernet)\d{1,4}(?:\/\d{1,4}){0,4})(?:\.(?:(?<outer>\d{1,4})\.)?(?<inner>\d{1,4}))?$/i,
    confirmed: false,
    source: 'from memory',
  },
]

const vrpForms: readonly InterfaceForm[] = [
  {
    // GigabitEthernet2/0/1.100:1200.4071 · Eth-Trunk1.7:1200.4071 bng1/0/0/0/0/0. The sub-interface is no VLAN.
    name: 'vrp-interface',
    vendors: ['huawei', 'h3c'],
    pattern:
      /^(?<port>(?:GigabitEthernet|XGigabitEthernet|Ten-GigabitEthernet|\d{2,3}GE|Eth-Trunk|Trunk|Route-Aggregation|Ethernet|Virtual-Ethernet)\d{1,4}(?:\/\d{1,4}){0,3})(?:\.\d{1,10})?(?::(?<outer>\d{1,4})(?:\.(?<inner>\d{1,4}))?)?(?: .*)?$/i,
    confirmed: true,
    source: 'Huawei manual, NAS-Port-Id version2 and option 82 type1. H3C names: unconfirmed',
  },
  {
    // gei-0/2/0/1.100:100.200 · smartgroup3.7:100.200
    name: 'zte-interface',
    vendors: ['zte'],
    pattern:
      /^(?<port>(?:x|xl|xxv|cg)?gei[-_]\d{1,3}(?:\/\d{1,3}){1,3}|smartgroup\d{1,4})(?:\.\d{1,10})?(?::(?<outer>\d{1,4})(?:\.(?<inner>\d{1,4}))?)?(?: .*)?$/i,
    confirmed: false,
    source: 'from memory',
  },
]

const nameForms: readonly InterfaceForm[] = [
  {
    // vlan4071 · vlan-4071
    name: 'vlan-name',
    vendors: ['mikrotik', 'accel-ppp', 'standard', 'cisco', 'huawei', 'h3c', 'zte', 'nokia', 'juniper'],
    pattern: /^vlan[-_.]?(?<inner>\d{1,4})$/i,
    confirmed: true,
    source: 'accel-ppp 1.14, packets of PPPoE and IPoE; RouterOS sends the name that the operator gave',
  },
  {
    // vlan100-vlan200 · vlan100.200; not vlan100-200, which may be a range
    name: 'vlan-in-vlan',
    vendors: named,
    pattern: /^vlan(?<outer>\d{1,4})(?:[-_.]vlan|\.)(?<inner>\d{1,4})$/i,
    confirmed: false,
    source: 'names by custom; vlan100.200 as Linux names a VLAN on vlan100',
  },
  {
    name: 'svlan-cvlan',
    vendors: named,
    pattern: /^svlan(?<outer>\d{1,4})[-_.]cvlan(?<inner>\d{1,4})$/i,
    confirmed: false,
    source: 'names by custom',
  },
  {
    // eth0.100.200 · ether1.100 · sfp-sfpplus1.100
    name: 'dotted',
    vendors: named,
    pattern: /^(?<port>[a-z][a-z0-9_-]{0,30})\.(?:(?<outer>\d{1,4})\.)?(?<inner>\d{1,4})$/i,
    confirmed: true,
    source: 'Linux names of VLAN devices, also accel-ppp vlan-mon; on RouterOS by custom',
  },
  {
    // sfp-sfpplus1-v120 · ether1-vlan100-vlan200
    name: 'port-then-vlan',
    vendors: ['mikrotik'],
    pattern: /^(?<port>[a-z][a-z0-9_-]{0,30}?\d)(?:[-_]v(?:lan)?(?<outer>\d{1,4}))?[-_]v(?:lan)?(?<inner>\d{1,4})$/i,
    confirmed: false,
    source: 'names by custom',
  },
  {
    // bridge1/vlan4071
    name: 'bridge-vlan',
    vendors: ['mikrotik'],
    pattern: /^(?<port>[a-z][a-z0-9_-]{0,30})\/vlan(?<inner>\d{1,4})$/i,
    confirmed: false,
    source: 'from memory of RouterOS',
  },
  {
    // bridge1/ether5 · bridge1/ether1.100
    name: 'bridge-port',
    vendors: ['mikrotik'],
    pattern: /^(?<port>[a-z][a-z0-9_-]{0,30}\/[a-z][a-z0-9_-]{0,30})(?:\.(?:(?<outer>\d{1,4})\.)?(?<inner>\d{1,4}))?$/i,
    confirmed: false,
    source: 'from memory of RouterOS',
  },
]

/** Every form, in the order in which they are tried. */
export const interfaceForms: readonly InterfaceForm[] = [
  ...keyValueForms,
  ...telecomForms,
  ...nokiaForms,
  ...juniperForms,
  ...ciscoForms,
  ...vrpForms,
  ...nameForms,
]
