import { describe, expect, it } from 'vitest'
import type { InterfaceParts } from '../../../src/domain/line.ts'
import type { VendorName } from '../../../src/domain/nas.ts'
import { portLayouts } from '../../../src/nas/vendors/interface-port-layouts.ts'
import { parseInterface } from '../../../src/nas/vendors/interface-read.ts'
import { interfaceForms } from '../../../src/nas/vendors/interface-table.ts'

type Parts = Omit<InterfaceParts, 'raw'>

/** NAS-Port-Id by vendor and string, and the parts beside `raw`. [m]: printed in the maker's manual, [p]: seen in a packet. */
const portIds: [VendorName, string, Parts][] = [
  // MikroTik: the name of the interface, which the operator chose
  ['mikrotik', 'vlan4071', { cVlan: 4071 }],
  ['mikrotik', 'VLAN7', { cVlan: 7 }],
  ['mikrotik', 'vlan-12', { cVlan: 12 }],
  ['mikrotik', 'vlan_12', { cVlan: 12 }],
  ['mikrotik', 'vlan100-vlan200', { sVlan: 100, cVlan: 200 }],
  ['mikrotik', 'vlan100.200', { sVlan: 100, cVlan: 200 }],
  ['mikrotik', 'svlan100-cvlan200', { sVlan: 100, cVlan: 200 }],
  ['mikrotik', 'ether1.100', { port: 'ether1', cVlan: 100 }],
  ['mikrotik', 'ether1.100.200', { port: 'ether1', sVlan: 100, cVlan: 200 }],
  ['mikrotik', 'sfp-sfpplus1.100', { port: 'sfp-sfpplus1', cVlan: 100 }],
  ['mikrotik', 'sfp-sfpplus1-v120', { port: 'sfp-sfpplus1', cVlan: 120 }],
  ['mikrotik', 'ether1-vlan100-vlan200', { port: 'ether1', sVlan: 100, cVlan: 200 }],
  ['mikrotik', 'bridge1/vlan4071', { port: 'bridge1', cVlan: 4071 }],
  ['mikrotik', 'bridge1/ether5', { port: 'bridge1/ether5' }],
  ['mikrotik', 'bridge1/ether1.100', { port: 'bridge1/ether1', cVlan: 100 }],
  ['mikrotik', 'bridge1/ether1.100.200', { port: 'bridge1/ether1', sVlan: 100, cVlan: 200 }],
  ['mikrotik', 'ether5', {}],
  ['mikrotik', 'bridge-clients', {}],
  ['mikrotik', 'vlan100-200', {}],
  ['mikrotik', 'vlan12-street', {}],
  ['mikrotik', 'vlan0', {}],
  ['mikrotik', 'vlan4094', { cVlan: 4094 }],
  ['mikrotik', 'vlan4095', {}],
  ['mikrotik', 'vlan4097', {}],
  ['mikrotik', 'vlan99999', {}],
  ['mikrotik', 'улица 5', {}],
  // accel-ppp: names of Linux
  ['accel-ppp', 'vlan4071', { cVlan: 4071 }],
  ['accel-ppp', 'eth0.100', { port: 'eth0', cVlan: 100 }],
  ['accel-ppp', 'eth0.100.200', { port: 'eth0', sVlan: 100, cVlan: 200 }],
  ['accel-ppp', 'bond0.3001.12', { port: 'bond0', sVlan: 3001, cVlan: 12 }],
  ['accel-ppp', 'enp1s0f1np1.4094', { port: 'enp1s0f1np1', cVlan: 4094 }],
  ['accel-ppp', 'vlan100.200', { sVlan: 100, cVlan: 200 }],
  ['accel-ppp', 'eth0', {}],
  ['accel-ppp', 'eth0.5000', {}],
  // Huawei
  ['huawei', 'slot=2;subslot=0;port=1;vlanid=1200;vlanid2=4071;', { port: '2/0/1', sVlan: 1200, cVlan: 4071 }],
  ['huawei', 'slot=0;subslot=0;port=15;vlanid=2418;vlanid2=2227;', { port: '0/0/15', sVlan: 2418, cVlan: 2227 }], // [p]
  ['huawei', 'slot=2;subslot=1;port=0;vlanid=1218;vlanid2=2685;', { port: '2/1/0', sVlan: 1218, cVlan: 2685 }], // [p]
  ['huawei', 'slot=2;subslot=2;port=22;vlanid=503;', { port: '2/2/22', cVlan: 503 }],
  ['huawei', 'slot=2; subslot=0; port=7; vlanid=503', { port: '2/0/7', cVlan: 503 }], // [m]
  ['huawei', 'slot=0;subslot=0;port=18;vlanid=121;interfaceName=GigabitEthernet0/0/18', { port: '0/0/18', cVlan: 121 }], // [p]
  ['huawei', 'slot=1;subslot=0;port=3;vlanid=0;', { port: '1/0/3' }],
  ['huawei', 'slot=1;subslot=0;port=3;vlanid=0;vlanid2=77;', { port: '1/0/3', cVlan: 77 }],
  ['huawei', 'slot=1;subslot=0;port=3;VPI=8;VCI=35;', { port: '1/0/3' }], // [m]
  ['huawei', '0000018000000121', { port: '0/0/18', cVlan: 121 }], // [p]
  ['huawei', '0201003120004071', { port: '2/1/3', sVlan: 1200, cVlan: 4071 }],
  ['huawei', 'eth 2/0/1:1200.4071', { port: '2/0/1', sVlan: 1200, cVlan: 4071 }],
  ['huawei', 'eth 2/0/1:4096.4071 bng7/0/0/0/0/0', { port: '2/0/1', cVlan: 4071 }],
  ['huawei', 'trunk 0/0/5:1200.4071', { port: 'trunk 0/0/5', sVlan: 1200, cVlan: 4071 }],
  ['huawei', 'GigabitEthernet2/0/1.100:1200.4071', { port: 'GigabitEthernet2/0/1', sVlan: 1200, cVlan: 4071 }],
  ['huawei', 'GigabitEthernet2/0/1.100:1200', { port: 'GigabitEthernet2/0/1', cVlan: 1200 }],
  ['huawei', 'GigabitEthernet2/0/1.100', { port: 'GigabitEthernet2/0/1' }],
  ['huawei', 'Eth-Trunk1.7:1200.4071 bng1/0/0/0/0/0', { port: 'Eth-Trunk1', sVlan: 1200, cVlan: 4071 }],
  ['huawei', '3/0/1:2814.727 olt7/0/0/0/0/0', { port: '3/0/1', sVlan: 2814, cVlan: 727 }],
  // Nokia
  ['nokia', '1/1/4:501.1001', { port: '1/1/4', sVlan: 501, cVlan: 1001 }], // [m]
  ['nokia', '1/2/c1/2:100', { port: '1/2/c1/2', cVlan: 100 }], // [m]
  ['nokia', '2/x1/1/c4/1:35.2', { port: '2/x1/1/c4/1', sVlan: 35, cVlan: 2 }], // [m]
  ['nokia', 'lag-12:1000.20', { port: 'lag-12', sVlan: 1000, cVlan: 20 }], // [m]
  ['nokia', 'lag-3:501.1001', { port: 'lag-3', sVlan: 501, cVlan: 1001 }],
  ['nokia', 'pw-2:320.100', { port: 'pw-2', sVlan: 320, cVlan: 100 }], // [m]
  ['nokia', 'bng1 1/1/4:501.1001', { port: '1/1/4', sVlan: 501, cVlan: 1001 }],
  ['nokia', 'bng1 lag-3:501.1001 olt7 eth 2/1:100', { port: 'lag-3', sVlan: 501, cVlan: 1001 }],
  ['nokia', '1/1/4:5 1/1/9:7', { port: '1/1/4', cVlan: 5 }],
  ['nokia', '1/1/4:501.0', { port: '1/1/4', cVlan: 501 }],
  ['nokia', '1/1/4:501.*', { port: '1/1/4', cVlan: 501 }],
  ['nokia', '1/1/4', { port: '1/1/4' }],
  ['nokia', 'VLAN svc-10:100.200', { port: 'svc-10', sVlan: 100, cVlan: 200 }],
  ['nokia', 'GRE rtr-11#lip-192.0.2.1#rip-198.51.100.2', {}],
  // Juniper
  ['juniper', 'ae0.3221:139', { port: 'ae0', cVlan: 139 }],
  ['juniper', 'ge-1/2/0.100:100', { port: 'ge-1/2/0', cVlan: 100 }], // [m]
  ['juniper', 'ge-1/2/0.demux0.100:100-100', { port: 'ge-1/2/0', sVlan: 100, cVlan: 100 }], // [m]
  ['juniper', 'ae1.demux0.101:100-101', { port: 'ae1', sVlan: 100, cVlan: 101 }], // [m]
  ['juniper', 'retailer25#ge-1/2/0.100:100#ACI 12/1/22/1230:1.1.23#ARI 55', { port: 'ge-1/2/0', cVlan: 100 }], // [m]
  ['juniper', 'ge-1/0/3.100:200-300', { port: 'ge-1/0/3', sVlan: 200, cVlan: 300 }],
  ['juniper', 'xe-0/0/1.demux0.3221225480:200-300', { port: 'xe-0/0/1', sVlan: 200, cVlan: 300 }],
  ['juniper', 'xe-0/1/1:0.12:200-300', { port: 'xe-0/1/1:0', sVlan: 200, cVlan: 300 }],
  ['juniper', 'ge-1/0/3:100', { port: 'ge-1/0/3', cVlan: 100 }],
  ['juniper', 'ge-1/0/3.100', { port: 'ge-1/0/3' }],
  ['juniper', 'ps12.32767:200-300', { port: 'ps12', sVlan: 200, cVlan: 300 }],
  ['juniper', 'demux0.3221225472:100-200', { sVlan: 100, cVlan: 200 }],
  ['juniper', 'GigabitEthernet 3/2.32768:200-300', { port: 'GigabitEthernet 3/2', sVlan: 200, cVlan: 300 }],
  // Cisco
  ['cisco', '0/0/1/100.200', { port: '0/0/1', sVlan: 100, cVlan: 200 }],
  ['cisco', '0/0/1/200', { port: '0/0/1', cVlan: 200 }],
  ['cisco', '0/0/1/0', { port: '0/0/1' }],
  ['cisco', '0/0/1', { port: '0/0/1' }],
  ['cisco', '0/0/0/1/100.200', { port: '0/0/0/1', sVlan: 100, cVlan: 200 }],
  ['cisco', 'nas-port:192.0.2.1:0/0/1/200', { port: '0/0/1', cVlan: 200 }],
  ['cisco', 'GigabitEthernet0/0/1.100', { port: 'GigabitEthernet0/0/1', cVlan: 100 }],
  ['cisco', 'GigabitEthernet0/0/1.100200', {}],
  ['cisco', 'Bundle-Ether1.100.200', { port: 'Bundle-Ether1', sVlan: 100, cVlan: 200 }],
  ['cisco', 'Port-channel1', { port: 'Port-channel1' }],
  ['cisco', 'eth 31/31/7:1234.2345 0/0/0/0/0/0', { port: '31/31/7', sVlan: 1234, cVlan: 2345 }], // [m]
  ['cisco', 'eth 31/31/7:4096.2345 0/0/0/0/0/0', { port: '31/31/7', cVlan: 2345 }], // [m]
  ['cisco', 'atm 31/31/7:255.65535 guangzhou001/0/31/63/31/127', { port: 'atm 31/31/7' }], // [m]
  // ZTE
  ['zte', 'eth 1/0/2/3:100.200', { port: '1/0/2/3', sVlan: 100, cVlan: 200 }],
  ['zte', 'atm 1/0/2/3:8.35', { port: 'atm 1/0/2/3' }],
  ['zte', '0/0/1/3:100.200', { port: '0/0/1/3', sVlan: 100, cVlan: 200 }],
  ['zte', 'gei-0/2/0/1.100:100.200', { port: 'gei-0/2/0/1', sVlan: 100, cVlan: 200 }],
  ['zte', 'smartgroup3.7:100', { port: 'smartgroup3', cVlan: 100 }],
  // H3C
  ['h3c', 'slot=1;subslot=0;port=2;vlanid=100;vlanid2=200', { port: '1/0/2', sVlan: 100, cVlan: 200 }],
  ['h3c', 'eth 1/0/2:100.200 0/0/0/0/0/0', { port: '1/0/2', sVlan: 100, cVlan: 200 }],
  ['h3c', 'ge 1/0/1:4096.2345 guangzhou001/1/31/63/31/127', { port: 'ge 1/0/1', cVlan: 2345 }], // [m]
  ['h3c', '0 0/0/0:4096.1234 guangzhou001/0/31/63/31/127', { port: 'guangzhou001/0/31/63/31/127', cVlan: 1234 }], // [m]
  ['h3c', '0100002000000100', { port: '1/0/2', cVlan: 100 }],
  ['h3c', 'Route-Aggregation1:100.200', { port: 'Route-Aggregation1', sVlan: 100, cVlan: 200 }],
  // Whoever else
  ['standard', 'vlan7', { cVlan: 7 }],
  ['standard', 'eth 1/0/2:100.200', { port: '1/0/2', sVlan: 100, cVlan: 200 }],
  ['standard', '1/1/4:501.1001', { port: '1/1/4', sVlan: 501, cVlan: 1001 }],
  ['standard', 'port 17', {}],
]

describe('NAS-Port-Id', () => {
  it.each(portIds)('%s writes %s', (vendor, raw, parts) => {
    expect(parseInterface(vendor, raw)).toEqual({ raw, ...parts })
  })

  it('belongs to its vendor: the same string of another is only itself', () => {
    expect(parseInterface('mikrotik', '0/0/1/200')).toEqual({ raw: '0/0/1/200' })
    expect(parseInterface('standard', 'ge-1/0/3.100:200')).toEqual({ raw: 'ge-1/0/3.100:200' })
    expect(parseInterface('nokia', 'eth0.100')).toEqual({ raw: 'eth0.100' })
  })

  it.each(['', ' ', '\0', ' \0 \0'])('is nothing where it is empty: %j', (raw) => {
    expect(parseInterface('mikrotik', raw)).toBeUndefined()
  })

  it('loses what fills it up', () => {
    expect(parseInterface('huawei', 'eth 2/0/1:1200.4071 \0\0')).toEqual({
      raw: 'eth 2/0/1:1200.4071',
      port: '2/0/1',
      sVlan: 1200,
      cVlan: 4071,
    })
  })
})

describe('the table', () => {
  it('has a name of its own and a source for each form', () => {
    expect(new Set(interfaceForms.map(({ name }) => name)).size).toBe(interfaceForms.length)
    for (const { source, vendors, pattern } of interfaceForms) {
      expect(source.length).toBeGreaterThan(3)
      expect(vendors.length).toBeGreaterThan(0)
      expect(pattern.source).toMatch(/^\^.*\$$/)
      expect(pattern.flags).not.toMatch(/[gy]/)
    }
  })

  it('is shown whole by the strings above: every form reads at least one of them', () => {
    const unused = interfaceForms.filter(
      ({ pattern, vendors }) => !portIds.some(([vendor, raw]) => vendors.includes(vendor) && pattern.test(raw)),
    )
    expect(unused.map(({ name }) => name)).toEqual([])
  })

  it('calls a form confirmed only where it names a manual or a packet', () => {
    const confirmed = [...interfaceForms, ...portLayouts].filter((form) => form.confirmed)
    expect(confirmed.filter(({ source }) => !/manual|packet|reference|Linux/.test(source))).toEqual([])
  })
})
