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

  it('R34: lets new connections of RadSec in from the clients, and from others so often, where RadSec is on', () => {
    const rules = nftRules(['192.0.2.0/24'], { ...ports, radsec: { port: 2083 } }).split('\n')
    const chain = rules.slice(rules.indexOf('  chain radsec {'))
    expect(chain).toEqual([
      '  chain radsec {',
      '    ip saddr @clients4 return',
      '    ip6 saddr @clients6 return',
      '    add @newcomers4 { ip saddr limit rate over 10/second burst 64 packets } counter drop',
      '    add @newcomers6 { ip6 saddr and ffff:ffff:ffff:ffff:: limit rate over 10/second burst 64 packets } counter drop',
      '  }',
      '  chain arriving {',
      '    type filter hook prerouting priority raw; policy accept;',
      '    iifname != "lo" udp dport { 1812, 1813 } jump radius',
      '    iifname != "lo" tcp dport 2083 tcp flags & (fin | syn | rst | ack) == syn jump radsec',
      '  }',
      '}',
    ])
    for (const family of ['4', '6']) {
      const at = rules.indexOf(`  set newcomers${family} {`)
      expect(rules.slice(at + 1, at + 6)).toEqual([
        `    type ipv${family}_addr`,
        '    size 65535',
        '    flags dynamic,timeout',
        '    timeout 1m',
        '  }',
      ])
    }
  })

  it('says nothing of TCP where RadSec is off', () => {
    expect(nftRules(['192.0.2.0/24'], ports)).not.toMatch(/tcp|newcomers|radsec/)
  })

  it('without a client of a family has an empty set of it: nft takes no empty list of elements', () => {
    expect(nftRules([], ports)).not.toContain('elements')
  })
})
