import { describe, expect, it } from 'vitest'
import { createRadiusCounters } from '../../src/aaa/radius-counters.ts'
import { systemClock } from '../../src/clock.ts'
import type { Logger } from '../../src/log.ts'
import { createMetrics } from '../../src/metrics.ts'
import type { Client } from '../../src/nas/registry.ts'
import type { DropReason } from '../../src/radius/counters.ts'

const client = { id: 7n, name: 'bng' } as Client
const log = { warn: () => undefined } as unknown as Logger

function open() {
  const counted: unknown[][] = []
  const tally = { count: (...told: unknown[]) => void counted.push(told) }
  return { counted, counters: createRadiusCounters(createMetrics(), log, systemClock, tally) }
}

describe('what the NAS doctor is told of', () => {
  it.each<DropReason>([
    'bad-authenticator',
    'bad-message-authenticator',
    'missing-message-authenticator',
    'unsigned',
    'proxy-state-unsigned',
    'eap-unsigned',
    'overload',
  ])('a drop: %s', (reason) => {
    const { counters, counted } = open()
    counters.dropped(reason, client, '192.0.2.1')
    expect(counted).toEqual([[reason, { clientId: 7n, source: '192.0.2.1' }]])
  })

  it('repeats', () => {
    const { counters, counted } = open()
    counters.duplicate(client, '192.0.2.1')
    expect(counted).toEqual([['duplicate', { clientId: 7n, source: '192.0.2.1' }]])
  })

  it('and not of what is no trouble of a NAS, nor of packets that are fine', () => {
    const { counters, counted } = open()
    const fine = [
      'malformed',
      'wrong-code',
      'superseded',
      'closing',
      'handler-error',
      'forged-flood',
      'status-flood',
    ] as const
    for (const reason of fine) {
      counters.dropped(reason, client, '192.0.2.1')
    }
    counters.dropped('unknown-source', undefined)
    counters.received(1, client)
    counters.sent(2, client)
    expect(counted).toEqual([])
  })
})
