// The attributes of BNG vendors by their numbers: a name with a wrong number would change another line of a router.

import { describe, expect, it } from 'vitest'
import { dictionary } from '../support/dictionary.ts'

const juniper = 4874
const huawei = 2011
const nokia = 6527
const zte = 3902
const h3c = 25506
const cisco = 9

describe('what is sent and read of each vendor', () => {
  it.each([
    ['ERX-Address-Pool-Name', juniper, 2, 'string'],
    ['ERX-Ingress-Policy-Name', juniper, 10, 'string'],
    ['ERX-Egress-Policy-Name', juniper, 11, 'string'],
    ['ERX-Qos-Profile-Name', juniper, 26, 'string'],
    ['ERX-Dhcp-Options', juniper, 55, 'octets'],
    ['ERX-Dhcp-Mac-Addr', juniper, 56, 'string'],
    ['ERX-Interface-Desc', juniper, 63, 'string'],
    ['ERX-Service-Activate', juniper, 65, 'string'],
    ['ERX-Service-Deactivate', juniper, 66, 'string'],
    ['ERX-Service-Statistics', juniper, 69, 'integer'],
    ['ERX-Service-Session', juniper, 83, 'string'],
    ['ERX-CoS-Shaping-Pmt-Type', juniper, 108, 'string'],
    ['ERX-IPv6-NdRa-Prefix', juniper, 129, 'ipv6prefix'],
    ['ERX-Service-Acct-Interval', juniper, 140, 'integer'],
    ['ERX-IPv6-NdRa-Pool-Name', juniper, 157, 'string'],
    ['ERX-Dhcp-Option-82', juniper, 159, 'octets'],
    ['ERX-IPv6-Delegated-Pool-Name', juniper, 161, 'string'],
    ['ERX-Cos-Shaping-Rate', juniper, 177, 'string'],
    ['ERX-Update-Service', juniper, 180, 'string'],
    ['Huawei-Input-Average-Rate', huawei, 2, 'integer'],
    ['Huawei-Input-Peak-Rate', huawei, 3, 'integer'],
    ['Huawei-Output-Average-Rate', huawei, 5, 'integer'],
    ['Huawei-Output-Peak-Rate', huawei, 6, 'integer'],
    ['Huawei-Qos-Profile-Name', huawei, 31, 'string'],
    ['Huawei-Framed-Pool', huawei, 88, 'string'],
    ['Huawei-Domain-Name', huawei, 138, 'string'],
    ['Huawei-User-Mac', huawei, 153, 'string'],
    ['Huawei-Framed-Pool-Group', huawei, 157, 'string'],
    ['Huawei-Down-QOS-Profile-Name', huawei, 182, 'string'],
    ['Huawei-DHCP-Option', huawei, 187, 'octets'],
    ['Huawei-Delegated-IPv6-Prefix-Pool', huawei, 191, 'string'],
    ['Alc-Subsc-ID-Str', nokia, 11, 'string'],
    ['Alc-Subsc-Prof-Str', nokia, 12, 'string'],
    ['Alc-SLA-Prof-Str', nokia, 13, 'string'],
    ['Alc-Retail-Serv-Id', nokia, 17, 'integer'],
    ['Alc-Client-Hardware-Addr', nokia, 27, 'string'],
    ['Alc-Ipv6-Address', nokia, 99, 'ipv6addr'],
    ['Alc-Serv-Id', nokia, 100, 'integer'],
    ['Alc-ToServer-Dhcp-Options', nokia, 102, 'octets'],
    ['Alc-Subscriber-QoS-Override', nokia, 126, 'string'],
    ['Alc-Delegated-IPv6-Pool', nokia, 131, 'string'],
    ['Alc-Subscriber-Filter', nokia, 134, 'string'],
    ['Alc-SLAAC-IPv6-Pool', nokia, 181, 'string'],
    ['ZTE-QoS-Profile-Down', zte, 82, 'string'],
    ['ZTE-Rate-Ctrl-SCR-Down', zte, 83, 'integer'],
    ['ZTE-Rate-Ctrl-SCR-Up', zte, 89, 'integer'],
    ['ZTE-QOS-Profile-Up', zte, 94, 'string'],
    ['ZTE-Rate-Ctrl-PBS-Down', zte, 202, 'integer'],
    ['ZTE-Rate-Ctrl-PBS-Up', zte, 203, 'integer'],
    ['H3C-Input-Peak-Rate', h3c, 1, 'integer'],
    ['H3C-Input-Average-Rate', h3c, 2, 'integer'],
    ['H3C-Output-Peak-Rate', h3c, 4, 'integer'],
    ['H3C-Output-Average-Rate', h3c, 5, 'integer'],
    ['H3C-Ip-Host-Addr', h3c, 60, 'string'],
    ['Cisco-AVPair', cisco, 1, 'string'],
    ['Cisco-Service-Name', cisco, 51, 'string'],
    ['Cisco-Parent-Session-Id', cisco, 52, 'string'],
    ['Cisco-Account-Info', cisco, 250, 'string'],
    ['Cisco-Service-Info', cisco, 251, 'string'],
    ['Cisco-Command-Code', cisco, 252, 'octets'],
  ])('%s is vendor %d, type %d, %s', (name, vendor, type, format) => {
    expect(dictionary.attribute(name)).toMatchObject({ name, vendor, type, format })
    expect(dictionary.find(vendor, type)?.name).toBe(name)
  })

  it('attributes of one service share a tag, what ends it has none', () => {
    const tagged = (name: string): boolean | undefined => dictionary.attribute(name)?.tagged
    expect(['ERX-Service-Activate', 'ERX-Service-Statistics', 'ERX-Service-Acct-Interval'].map(tagged)).toEqual([
      true,
      true,
      true,
    ])
    expect(tagged('ERX-Service-Deactivate')).toBe(false)
    expect(dictionary.attribute('ERX-Service-Statistics')?.values.get('time-volume')).toBe(2)
  })
})
