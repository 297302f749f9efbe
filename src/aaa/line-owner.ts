// Whose an IPoE session is that came back without our Class: begun before its NAS was added, or on a NAS that returns none.
// Its User-Name is what the NAS wrote, often a MAC; the line tells (domain/identify.ts). Asked in batches.

import type { Clock } from '../clock.ts'
import type { Breaker } from '../db/breaker.ts'
import type { Pool } from '../db/pool.ts'
import type { AccountingRecord } from '../domain/accounting-record.ts'
import type { Settings } from '../domain/setting.ts'
import { createIdentities } from './access-identify.ts'
import { createLanes } from './batch.ts'

export type LineOwners = {
  /** The record, with its subscriber where only its line tells. Rejects where the database is away. */
  name(record: AccountingRecord): Promise<AccountingRecord> | AccountingRecord
  close(): Promise<void>
}

export type LineOwnersOptions = {
  pool: Pool
  clock: Clock
  settings(): Settings
  /** Asked through it: who cannot be named in time is not waited for. */
  breaker?: Breaker | undefined
  deadlineMs(): number
}

/** Makes the look-up of a process. */
export function createLineOwners(options: LineOwnersOptions): LineOwners {
  const { breaker, deadlineMs } = options
  const identities = createIdentities(options, createLanes(1))
  const name = async (record: AccountingRecord): Promise<AccountingRecord> => {
    const { line, nas, mac, circuitId, remoteId, duid } = record
    const facts = { mac, circuitId, remoteId, duid, interface: record.interface }
    const ask = () => identities.submit({ facts, line, order: nas.identityOrder, nasGroupId: nas.nasGroupId })
    const found = await (breaker === undefined ? ask() : breaker.run(ask, deadlineMs()))
    return found.kind === 'found' ? { ...record, lineSubscriberId: found.subscriberId } : record
  }
  return {
    name: (record) => {
      const told = record.class !== undefined || record.access !== 'ipoe' || record.line === undefined
      return told ? record : name(record)
    },
    close: identities.close,
  }
}
