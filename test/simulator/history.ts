// Histories of accounting for tests: ledger entries without sockets, and what an exact server makes of the same records.

import type { SessionRow } from '../../src/simulator/compare.ts'
import { applyEntry, emptyState } from '../../src/simulator/ledger.ts'
import type { LedgerEntry, LedgerState } from '../../src/simulator/ledger.ts'
import type { RecordStatus } from '../../src/simulator/shape.ts'

export type Said = { status: RecordStatus; time: number; input: bigint; output: bigint; segment?: number }

/** `lost`: no copy left. `unknown`: it left and was never answered. */
export type Fate = 'lost' | 'unknown' | 'answered'

type Options = {
  id?: string
  username?: string
  mac?: string
  framedIp?: string | undefined
  leg?: 'v4' | 'v6'
  service?: string
  inherited?: true
}

export const began = Date.UTC(2026, 0, 2, 3, 4, 5)

/** The entries of one NAS with its sessions, in the order they are given. */
export class History {
  readonly entries: LedgerEntry[] = [
    { kind: 'nas', nas: 'bng-1', at: began, vendor: 'mikrotik', address: '127.0.0.11', seed: '1' },
  ]
  #sessions = 0
  readonly #records = new Map<number, number>()

  session(options: Options = {}): number {
    const session = this.#sessions++
    const { id = `81d0000${session}`, username = `line-${session}`, mac = `d4:ca:6d:00:00:0${session}` } = options
    const framedIp = 'framedIp' in options ? options.framedIp : `10.0.0.${session}`
    const facts = {
      nas: 'bng-1',
      at: began + session,
      session,
      acctSessionId: id,
      username,
      mac,
      framedIp,
      classes: [],
      ...(options.leg && { leg: options.leg }),
      ...(options.service && { service: options.service }),
      ...(options.inherited && { inherited: options.inherited }),
    }
    this.entries.push({ kind: 'session', ...facts })
    return session
  }

  record(session: number, said: Said, fate: Fate = 'answered'): this {
    const record = this.#records.get(session) ?? 0
    this.#records.set(session, record + 1)
    const { status, time: sessionTime, input: inputOctets, output: outputOctets, segment = 0 } = said
    const about = { nas: 'bng-1', at: began + 1000, session, record }
    const counters = { inputOctets, outputOctets, inputPackets: 1n, outputPackets: 1n }
    const copies = fate === 'lost' ? 0 : 1
    this.entries.push({
      kind: 'sent',
      ...about,
      status,
      segment,
      sessionTime,
      counters,
      attempt: 0,
      digest: '',
      copies,
    })
    if (fate === 'answered') this.entries.push({ kind: 'answered', ...about, heard: true })
    return this
  }

  reboot(told: 'silently' | 'sent' | 'answered'): this {
    const about = { nas: 'bng-1', at: began + 2000 }
    this.entries.push({ kind: 'reboot', ...about })
    if (told === 'silently') return this
    this.entries.push({ kind: 'device', ...about, status: 'Accounting-On', outcome: 'sent' })
    if (told === 'answered')
      this.entries.push({ kind: 'device', ...about, status: 'Accounting-On', outcome: 'answered' })
    return this
  }

  state(): LedgerState {
    const state = emptyState()
    for (const entry of this.entries) applyEntry(state, entry)
    return state
  }
}

/** A row as an exact server has it, with changes. */
export function makeRow(changes: Partial<SessionRow> = {}): SessionRow {
  return {
    nas: 'bng-1',
    acctSessionId: '81d00000',
    epoch: 0,
    username: 'line-0',
    framedIp: '10.0.0.0',
    startedAt: new Date(began),
    endedAt: undefined,
    endedBy: undefined,
    sessionTime: 0n,
    inputOctets: 0n,
    outputOctets: 0n,
    ...changes,
  }
}
