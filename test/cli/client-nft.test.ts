import { describe, expect, it } from 'vitest'
import { nftRules } from '../../src/cli/client-nft.ts'

const ports = { authPort: 1812, acctPort: 1813 }

describe('client nft', () => {
  it('R34: lets the clients through to both ports, drops and counts the others, and touches nothing else', () => {
    expect(nftRules(['192.0.2.0/24', '2001:db8::/32', '198.51.100.7/32'], ports).split('\n').slice(1)).toEqual([
      'table inet gatehouse',
      'delete table inet gatehouse',
      'table inet gatehouse {',
      '  set clients4 {',
      '    type ipv4_addr',
      '    flags interval',
      '    auto-merge',
      '    elements = { 192.0.2.0/24, 198.51.100.7/32 }',
      '  }',
      '  set clients6 {',
      '    type ipv6_addr',
      '    flags interval',
      '    auto-merge',
      '    elements = { 2001:db8::/32 }',
      '  }',
      '  chain radius {',
      '    ip saddr @clients4 return',
      '    ip6 saddr @clients6 return',
      '    counter drop',
      '  }',
      '  chain arriving {',
      '    type filter hook prerouting priority raw; policy accept;',
      '    iifname != "lo" udp dport { 1812, 1813 } jump radius',
      '  }',
      '}',
    ])
  })

  it('without a client of a family has an empty set of it: nft takes no empty list of elements', () => {
    expect(nftRules([], ports)).not.toContain('elements')
  })
})
