// Which addresses we listen on: those configured, else every address of this machine, so that a reply always leaves from
// the address that was asked (a socket bound to 0.0.0.0 would answer from whichever the routing table prefers).
import { networkInterfaces } from 'node:os'
import ipaddr from 'ipaddr.js'
import type { RadiusAddress } from '../radius/sockets.ts'

/** The machine's own addresses, v4 and v6. Link-local ones are left out: no BNG is configured with a scope id. */
export function localAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((entries) => entries ?? [])
  return all.map((entry) => entry.address).filter((address) => !address.toLowerCase().startsWith('fe80:'))
}

/** Both RADIUS ports on each address. */
export function radiusAddresses(addresses: readonly string[], authPort: number, acctPort: number): RadiusAddress[] {
  return addresses.flatMap((address) => [
    { address, port: authPort, kind: 'authentication' as const },
    { address, port: acctPort, kind: 'accounting' as const },
  ])
}

/** Where NASes reach us: no loopback address where there are others, and never the address that stands for all. */
export function reachableAddresses(configured: readonly string[] | undefined): string[] {
  const listening = (configured ?? localAddresses()).flatMap((address) =>
    rangeOf(address) === 'unspecified' ? sameFamily(address, localAddresses()) : [address],
  )
  const reachable = listening.filter((address) => rangeOf(address) !== 'loopback')
  return reachable.length > 0 ? reachable : listening
}

function sameFamily(address: string, others: readonly string[]): string[] {
  return others.filter((other) => other.includes(':') === address.includes(':'))
}

function rangeOf(address: string): string {
  return ipaddr.process(address).range()
}
