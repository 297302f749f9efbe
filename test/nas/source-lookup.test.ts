import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { describe, expect, it } from 'vitest'
import { createSourceLookup } from '../../src/nas/source-lookup.ts'

/** The rule itself, slowly: of all prefixes that hold the address the longest, of equal ones the first. */
function slowly(prefixes: readonly string[], text: string): string | undefined {
  if (!ipaddr.isValid(text)) return undefined
  const address = ipaddr.process(text)
  return prefixes
    .map((prefix) => ({ prefix, network: ipaddr.parseCIDR(prefix) }))
    .toSorted((one, other) => other.network[1] - one.network[1])
    .find(({ network }) => network[0].kind() === address.kind() && address.match(network))?.prefix
}

const entriesOf = (prefixes: readonly string[]) => prefixes.map((prefix) => ({ prefix, value: prefix }))

// Few different octets, so that prefixes and addresses meet.
const octet = fc.constantFrom(0, 1, 10, 127, 128, 255)
const ipv4 = fc.tuple(octet, octet, octet, octet).map((octets) => octets.join('.'))
const part = fc.constantFrom(0, 1, 0x2001, 0xdb8, 0x8000, 0xffff)
const ipv6 = fc.array(part, { minLength: 8, maxLength: 8 }).map((parts) => new ipaddr.IPv6(parts).toString())
const networkOf = (address: string, length: number) =>
  `${(ipaddr.parse(address) instanceof ipaddr.IPv4 ? ipaddr.IPv4 : ipaddr.IPv6).networkAddressFromCIDR(`${address}/${length}`).toString()}/${length}`
const prefix = fc.oneof(
  fc.tuple(ipv4, fc.integer({ min: 1, max: 32 })).map(([address, length]) => networkOf(address, length)),
  fc.tuple(ipv6, fc.integer({ min: 1, max: 128 })).map(([address, length]) => networkOf(address, length)),
)

describe('the look-up of a source', () => {
  it('finds what the longest prefix says, for any prefixes of both families', () => {
    fc.assert(
      fc.property(
        fc.array(prefix, { maxLength: 8 }),
        fc.array(fc.oneof(ipv4, ipv6), { maxLength: 8 }),
        (all, asked) => {
          const lookup = createSourceLookup(entriesOf(all))
          for (const address of asked) expect(lookup(address), address).toBe(slowly(all, address))
        },
      ),
      { numRuns: 500 },
    )
  })

  it('takes an IPv4 address mapped into IPv6 as itself', () => {
    const lookup = createSourceLookup(entriesOf(['10.0.0.0/8']))
    expect(lookup('::ffff:10.1.2.3')).toBe('10.0.0.0/8')
    expect(lookup('::ffff:11.1.2.3')).toBeUndefined()
  })

  it.each(['', '10.1.2', '10.1.2.', '.10.1.2', '10.1.2.3.4', '10.1.2.256', '10.1.2.0003', '10.1.2.x', 'nonsense', ':'])(
    'finds nothing for %j, which is no address',
    (text) => {
      expect(createSourceLookup(entriesOf(['10.0.0.0/8', '::/1']))(text)).toBeUndefined()
    },
  )

  it('R12: whatever it is given, it finds something or nothing, and never throws', () => {
    const lookup = createSourceLookup(entriesOf(['10.0.0.0/8', '2001:db8::/32']))
    fc.assert(fc.property(fc.string(), (text) => lookup(text) === undefined || ipaddr.isValid(text)))
    expect(lookup('10.0.0.1')).toBe('10.0.0.0/8')
  })

  it('of two with the same prefix finds the first', () => {
    const entries = [
      { prefix: '10.0.0.0/8', value: 'one' },
      { prefix: '10.0.0.0/8', value: 'other' },
    ]
    expect(createSourceLookup(entries)('10.1.1.1')).toBe('one')
  })
})
