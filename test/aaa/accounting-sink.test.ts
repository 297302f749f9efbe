import { expect, it } from 'vitest'
import { createSink } from '../../src/aaa/accounting-sink.ts'
import type { Fate, Said } from '../../src/aaa/accounting-sink.ts'
import { JournalFullError } from '../../src/aaa/journal/errors.ts'
import type { NewRecord } from '../../src/aaa/journal/journal.ts'
import { defaultSettings } from '../../src/domain/setting.ts'
import type { AccountingSink } from '../../src/domain/setting.ts'
import { encodeAttributes } from '../../src/radius/attributes.ts'
import { parsePacket } from '../../src/radius/packet.ts'
import { testNas } from '../support/access.ts'
import { packetWith, testContext } from '../support/attributes.ts'
import { dictionary } from '../support/dictionary.ts'
import { createTestBreaker } from '../support/sinks.ts'

const receivedAt = new Date('2026-05-04T12:00:00Z')
const attributes = [
  { name: 'Acct-Status-Type', value: 'Start' },
  { name: 'Acct-Session-Id', value: 'a' },
  { name: 'User-Password', value: 'never on the disk' },
]
const packet = packetWith(encodeAttributes(dictionary, attributes, testContext()))
const said: Said = { packet, nas: testNas(), username: 'anna', receivedAt }
const failing = (): Promise<Fate> => Promise.reject(new Error('no commit'))
const recording = (): Promise<Fate> => Promise.resolve('recorded')

function makeSink(sink: AccountingSink, options: { full?: true; without?: true; isOpen?: () => boolean } = {}) {
  const kept: NewRecord[] = []
  const breaker = createTestBreaker()
  let pokes = 0
  const append = (record: NewRecord): Promise<void> => {
    if (options.full) return Promise.reject(new JournalFullError('cap'))
    kept.push(record)
    return Promise.resolve()
  }
  const made = createSink({
    settings: () => ({ ...defaultSettings, accounting_sink: sink }),
    journal: options.without ? undefined : { append, ...(options.isOpen && { isOpen: options.isOpen }) },
    breaker,
    onKept: () => (pokes += 1),
  })
  return { ...made, kept, breaker, pokes: () => pokes }
}

it.each([
  ['auto', 'recorded', 'kept', 'kept'],
  ['journal-always', 'kept', 'kept', 'kept'],
  ['db-only', 'recorded', 'rejected', 'recorded'],
] as const)(
  '%s: a record that is committed is %s, one that is not %s, and %s while Postgres is not asked',
  async (...row) => {
    const [sink, committed, failed, open] = row
    const { settle, breaker } = makeSink(sink)
    const fate = (deed: () => Promise<Fate>) => settle(said, deed).catch(() => 'rejected')
    expect(await fate(recording)).toBe(committed)
    expect(await fate(failing)).toBe(failed)
    breaker.open()
    expect(await fate(recording)).toBe(open)
  },
)

it('keeps the packet without secrets, with whose it is and when it came', async () => {
  const { settle, kept, pokes } = makeSink('auto')
  await settle(said, failing)
  expect(kept).toMatchObject([{ receivedAt, nasId: said.nas.id, username: 'anna' }])
  const read = parsePacket(kept[0]!.packet)
  expect(read.ok && read.packet.offsets.length).toBe(2)
  expect(kept[0]!.packet.includes('a')).toBe(true)
  expect(kept[0]!.packet.toString('latin1')).not.toContain('never')
  expect(pokes()).toBe(1)
})

it('D6: acknowledges nothing that neither takes', async () => {
  const { settle, pokes } = makeSink('auto', { full: true })
  await expect(settle(said, failing)).rejects.toThrow(JournalFullError)
  expect(await settle(said, recording)).toBe('recorded')
  expect(pokes()).toBe(0)
})

it('leaves what was decided without a commit as it is: a record that can never be stored is not kept', async () => {
  const { settle, kept } = makeSink('auto')
  expect(await settle(said, () => Promise.resolve('accounting-fault'))).toBe('accounting-fault')
  expect(kept).toEqual([])
})

it('gives Postgres less time than RouterOS waits, and all the time where nothing else takes the record', () => {
  expect(makeSink('auto').deadlineMs()).toBe(200)
  expect(makeSink('db-only').deadlineMs()).toBeUndefined()
  expect(makeSink('journal-always').deadlineMs()).toBeUndefined()
  expect(makeSink('auto', { without: true }).deadlineMs()).toBeUndefined()
})

it('is Postgres alone where there is no journal, whatever the setting says', async () => {
  for (const sink of ['auto', 'journal-always'] as const) {
    await expect(makeSink(sink, { without: true }).settle(said, failing)).rejects.toThrow('no commit')
  }
})

it.each(['auto', 'journal-always'] as const)(
  '%s is Postgres alone while the journal is not open, and from then on both',
  async (name) => {
    let open = false
    const { settle, deadlineMs, breaker, kept } = makeSink(name, { isOpen: () => open })
    expect(deadlineMs()).toBeUndefined()
    await expect(settle(said, failing)).rejects.toThrow('no commit')
    expect(await settle(said, recording)).toBe('recorded')
    breaker.open()
    await expect(settle(said, failing)).rejects.toThrow('no commit')
    expect(kept).toEqual([])
    open = true
    expect(deadlineMs()).toBe(name === 'auto' ? 200 : undefined)
    expect(await settle(said, failing)).toBe('kept')
    expect(kept).toHaveLength(1)
  },
)
