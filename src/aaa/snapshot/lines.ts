// Whose line is this, by what was last known: the rules of identifyLines (domain/identify.ts), without live sessions.

import { readBinding } from '../../domain/access.ts'
import type { IdentifiedBy, Identity, IdentityKey } from '../../domain/identify.ts'
import type { LineFacts } from '../../domain/line.ts'
import { columnOf } from '../../domain/snapshot-rows.ts'
import type { SnapshotRow } from '../../domain/snapshot-rows.ts'
import { key, placeKey } from './record.ts'

/** The subscribers that have a key. */
type Find = (wanted: string) => SnapshotRow[]

/** The first kind of the order that somebody has, then a line on which the next unknown MAC is to be accepted. */
export function identifyFrom(find: Find, wanted: IdentityKey, now: Date): Identity {
  const kinds: readonly IdentifiedBy[] = [...wanted.order, 'learning']
  for (const by of kinds) {
    const holders = new Map(holdersOf(find, by, wanted, now).map((row) => [row[columnOf.id]!, row]))
    const [row] = holders.values()
    if (row === undefined) continue
    return holders.size > 1 ? { kind: 'ambiguous', by, holders: holders.size } : identified(row, by)
  }
  return { kind: 'nobody' }
}

function identified(row: SnapshotRow, by: IdentifiedBy): Identity {
  return {
    kind: 'found',
    by,
    subscriberId: BigInt(row[columnOf.id]!),
    username: row[columnOf.username]!,
    bound: {
      circuitId: octetsOf(row[columnOf.circuitId]),
      remoteId: octetsOf(row[columnOf.remoteId]),
      duid: octetsOf(row[columnOf.duid]),
    },
    live: undefined,
  }
}

function octetsOf(hex: string | null | undefined): Buffer | undefined {
  return hex == null ? undefined : Buffer.from(hex, 'hex')
}

function holdersOf(find: Find, by: IdentifiedBy, wanted: IdentityKey, now: Date): SnapshotRow[] {
  const { facts } = wanted
  switch (by) {
    case 'mac':
      return facts.mac === undefined ? [] : find(key.mac(facts.mac))
    case 'circuit-id':
      return ofCircuit(find, wanted)
    case 'remote-id':
      return ofRemote(find, wanted)
    case 'duid':
      return facts.duid === undefined ? [] : find(key.duid(facts.duid.toString('hex')))
    case 'interface':
      return ofPlace(find, wanted)
    case 'learning':
      return facts.mac === undefined
        ? []
        : [...ofCircuit(find, wanted), ...ofRemote(find, wanted), ...ofPlace(find, wanted)].filter((row) =>
            isLearning(row, now),
          )
  }
}

function isLearning(row: SnapshotRow, now: Date): boolean {
  const until = row[columnOf.learnMacUntil]
  return until != null && Number(until) * 1000 > now.getTime()
}

function ofCircuit(find: Find, { facts, nasGroupId }: IdentityKey): SnapshotRow[] {
  if (facts.circuitId === undefined) return []
  const rows = find(key.circuitId(facts.circuitId.toString('hex')))
  return rows.filter((row) => mayBe(row[columnOf.remoteId], facts.remoteId) && isOfGroup(row, nasGroupId))
}

function ofRemote(find: Find, { facts, nasGroupId }: IdentityKey): SnapshotRow[] {
  if (facts.remoteId === undefined) return []
  const rows = find(key.remoteId(facts.remoteId.toString('hex')))
  return rows.filter((row) => mayBe(row[columnOf.circuitId], facts.circuitId) && isOfGroup(row, nasGroupId))
}

/** An id of one access node may be another node's too: where both ids are known they count as a pair. */
function mayBe(hex: string | null | undefined, octets: Buffer | undefined): boolean {
  return hex == null || octets === undefined || hex === octets.toString('hex')
}

function isOfGroup(row: SnapshotRow, nasGroupId: bigint): boolean {
  const binding = row[columnOf.binding]
  const bound = binding == null ? null : readBinding(binding).nasGroupId
  return bound === null || bound === nasGroupId
}

/** Every part that is bound matches: each way to leave parts of this place unbound is a key of its own. */
function ofPlace(find: Find, { facts, nasGroupId }: IdentityKey): SnapshotRow[] {
  if (facts.interface === undefined) return []
  return placesOf(facts.interface, nasGroupId).flatMap(find)
}

function placesOf({ raw, port, sVlan, cVlan }: NonNullable<LineFacts['interface']>, nasGroupId: bigint): string[] {
  const keys: string[] = []
  for (const boundPort of ways(port)) {
    for (const boundSVlan of ways(sVlan)) {
      for (const group of ways(String(nasGroupId))) {
        for (const boundInterface of ways(raw)) {
          for (const boundCVlan of ways(cVlan)) {
            const place = { port: boundPort, sVlan: boundSVlan, cVlan: boundCVlan, nasGroupId: group }
            const wanted = placeKey({ interface: boundInterface, ...place })
            if (wanted !== undefined) keys.push(wanted)
          }
        }
      }
    }
  }
  return keys
}

/** Unbound, or bound to what the request tells. */
function ways<T>(value: T | undefined): (T | null)[] {
  return value === undefined ? [null] : [null, value]
}
