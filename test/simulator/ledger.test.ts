import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { compareSessions } from '../../src/simulator/compare.ts'
import {
  formatEntry,
  LedgerLineError,
  openLedgerFile,
  parseEntry,
  readLedgerFile,
} from '../../src/simulator/ledger-file.ts'
import { applyEntry, createLedger, emptyState, LedgerOrderError } from '../../src/simulator/ledger.ts'
import { History, makeRow } from './history.ts'

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-ledger-'))
afterAll(() => rmSync(directory, { recursive: true }))

function oneSession(): History {
  const history = new History()
  history.session()
  history.record(0, { status: 'start', time: 0, input: 0n, output: 0n })
  return history.record(0, { status: 'stop', time: 9, input: 2n ** 60n, output: 3n }, 'unknown')
}

describe('the ledger', () => {
  it('tells every entry to its writer, in order', () => {
    const written: string[] = []
    const ledger = createLedger((entry) => written.push(entry.kind))
    for (const entry of oneSession().entries) ledger.add(entry)
    expect(written).toEqual(['nas', 'session', 'sent', 'answered', 'sent'])
    expect(ledger.state.entries).toBe(5)
  })

  it('takes no record of a session that it does not know', () => {
    const [, , sent] = oneSession().entries
    expect(() => applyEntry(emptyState(), sent!)).toThrow(LedgerOrderError)
    const state = emptyState()
    applyEntry(state, oneSession().entries[0]!)
    expect(() => applyEntry(state, sent!)).toThrow('bng-1 has no session 0 in the ledger')
  })

  it('keeps only readings at which the server may still stand', () => {
    const history = new History()
    history.session()
    for (let i = 0; i < 100; i++)
      history.record(0, { status: 'interim', time: i, input: BigInt(i), output: 0n }, 'unknown')
    history.record(0, { status: 'interim', time: 100, input: 100n, output: 0n })
    const [segment] = history.state().nases.get('bng-1')!.sessions.get(0)!.segments
    expect(segment?.possible.size).toBe(0)
    expect(segment?.answered?.inputOctets).toBe(100n)
  })

  it('lets an answer to an older record, heard late, change nothing', () => {
    const history = new History()
    history.session()
    history.record(0, { status: 'start', time: 0, input: 0n, output: 0n }, 'unknown')
    history.record(0, { status: 'stop', time: 5, input: 1n, output: 1n })
    history.entries.push({ kind: 'answered', nas: 'bng-1', at: 0, session: 0, record: 0, heard: true })
    const session = history.state().nases.get('bng-1')!.sessions.get(0)!
    expect(session).toMatchObject({ stop: 'yes', recorded: 'yes' })
    expect(session.segments[0]?.answered?.record).toBe(1)
  })
})

describe('the ledger file', () => {
  it('gives back every entry, octets to the last bit', () => {
    for (const entry of oneSession().entries) expect(parseEntry(formatEntry(entry))).toEqual(entry)
    expect(formatEntry(oneSession().entries[4]!)).toContain('"inputOctets":"1152921504606846976"')
  })

  it('is read by another process into the same comparison', async () => {
    const path = join(directory, 'whole.jsonl')
    const file = openLedgerFile(path)
    const ledger = createLedger(file.write)
    for (const entry of oneSession().entries) ledger.add(entry)
    await file.close()
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const state = await readLedgerFile(path)
    expect(state).toEqual(ledger.state)
    expect(compareSessions(state, [makeRow()])).toEqual([])
    expect(compareSessions(state, [])).toHaveLength(1)
  })

  it('is read without its last line when the simulator was killed in the middle of it', async () => {
    const path = join(directory, 'cut.jsonl')
    writeFileSync(path, oneSession().entries.map(formatEntry).join('\n').slice(0, -20))
    expect((await readLedgerFile(path)).entries).toBe(4)
  })

  it('is refused where a line in the middle is no entry', async () => {
    const path = join(directory, 'bad.jsonl')
    writeFileSync(path, `${formatEntry(oneSession().entries[0]!)}\nnot an entry\n\n{}\n`)
    await expect(readLedgerFile(path)).rejects.toThrow(LedgerLineError)
    await expect(readLedgerFile(path)).rejects.toThrow('line 2 of')
  })

  it('says why it could not be written', async () => {
    const file = openLedgerFile(join(directory, 'no', 'such', 'folder'))
    await expect(file.close()).rejects.toThrow('ENOENT')
  })
})
