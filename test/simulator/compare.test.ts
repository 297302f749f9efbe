import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareSessions, expectedEnd, possibleTotals } from '../../src/simulator/compare.ts'
import type { DifferenceKind, SessionRow } from '../../src/simulator/compare.ts'
import { began, History, makeRow } from './history.ts'
import type { Fate, Said } from './history.ts'

const start: Said = { status: 'start', time: 0, input: 0n, output: 0n }
const interim: Said = { status: 'interim', time: 300, input: 10n, output: 20n }
const stop: Said = { status: 'stop', time: 400, input: 11n, output: 22n }
const ended = { endedAt: new Date(began + 400_000), endedBy: 'stop' }

function kinds(history: History, rows: SessionRow[]): DifferenceKind[] {
  return compareSessions(history.state(), rows).map(({ kind }) => kind)
}

/** One session: Start and Interim answered. */
function oneSession(): History {
  const history = new History()
  history.session()
  return history.record(0, start).record(0, interim)
}

const right = makeRow({ sessionTime: 300n, inputOctets: 10n, outputOctets: 20n })

describe('a planted difference is found', () => {
  it('none where the row is right', () => {
    expect(kinds(oneSession(), [right])).toEqual([])
  })

  it.each<[string, SessionRow[], DifferenceKind[]]>([
    ['a missing row', [], ['missing']],
    ['an extra row', [right, makeRow({ acctSessionId: 'ffff' })], ['extra']],
    ['a second epoch that never was', [right, { ...right, epoch: 1 }], ['extra']],
    ['one octet more', [{ ...right, inputOctets: 11n }], ['counters']],
    ['one octet less', [{ ...right, outputOctets: 19n }], ['counters']],
    ['a jump of 2^32', [{ ...right, outputOctets: 20n + 2n ** 32n }], ['counters']],
    ['everything counted twice', [{ ...right, inputOctets: 20n, outputOctets: 40n }], ['counters']],
    ['the octets of one record and the time of another', [{ ...right, sessionTime: 0n }], ['counters']],
    ['an answered record that was lost', [makeRow()], ['counters']],
    ['an open session that was ended', [{ ...right, ...ended }], ['ended']],
    ['another username', [{ ...right, username: 'line-1' }], ['username']],
    ['another address', [{ ...right, framedIp: '10.0.0.9' }], ['address']],
    ['no address', [{ ...right, framedIp: undefined }], ['address']],
    [
      'several at once',
      [{ ...right, ...ended, username: 'x', framedIp: '1.2.3.4', inputOctets: 9n }],
      ['counters', 'ended', 'username', 'address'],
    ],
  ])('%s', (_name, rows, expected) => {
    expect(kinds(oneSession(), rows)).toEqual(expected)
  })

  it('a Stop that was answered and did not end the session', () => {
    const totals = { sessionTime: 400n, inputOctets: 11n, outputOctets: 22n }
    const history = oneSession().record(0, stop)
    expect(kinds(history, [makeRow({ ...totals, ...ended })])).toEqual([])
    expect(kinds(history, [makeRow(totals)])).toEqual(['open'])
  })

  it('and says what was expected and what is there', () => {
    expect(compareSessions(oneSession().state(), [{ ...right, inputOctets: 11n }])).toEqual([
      {
        kind: 'counters',
        nas: 'bng-1',
        acctSessionId: '81d00000',
        username: 'line-0',
        expected: '10 in, 20 out after 300 s',
        found: '11 in, 20 out after 300 s',
      },
    ])
  })
})

describe('a record whose fate is not known', () => {
  const unsure = (): History => oneSession().record(0, stop, 'unknown')

  it('may be in the database or not, but whole', () => {
    const after = { sessionTime: 400n, inputOctets: 11n, outputOctets: 22n }
    expect(kinds(unsure(), [right])).toEqual([])
    expect(kinds(unsure(), [{ ...right, ...after, ...ended }])).toEqual([])
    expect(kinds(unsure(), [{ ...right, ...after, outputOctets: 21n, ...ended }])).toEqual(['counters'])
    expect(kinds(unsure(), [{ ...right, ...after, outputOctets: 23n, ...ended }])).toEqual(['counters'])
  })

  it('cannot be in it when no copy left', () => {
    const history = oneSession().record(0, stop, 'lost')
    expect(kinds(history, [right])).toEqual([])
    expect(kinds(history, [{ ...right, ...ended }])).toEqual(['ended'])
  })

  it('may leave a session without a row when it was the only one', () => {
    const history = new History()
    history.session()
    history.record(0, start, 'unknown')
    expect(kinds(history, [])).toEqual([])
    expect(kinds(history, [makeRow()])).toEqual([])
  })

  it('leaves no row when nothing ever left', () => {
    const history = new History()
    history.session()
    history.record(0, start, 'lost')
    expect(kinds(history, [])).toEqual([])
    expect(kinds(history, [makeRow()])).toEqual(['extra'])
  })

  it('is settled by a later one that was answered', () => {
    const history = new History()
    history.session()
    history.record(0, start, 'unknown').record(0, interim)
    expect(kinds(history, [right])).toEqual([])
    expect(kinds(history, [makeRow()])).toEqual(['counters'])
    expect(kinds(history, [])).toEqual(['missing'])
  })
})

describe('a reboot', () => {
  it.each([
    ['silently', 'either'],
    ['sent', 'either'],
    ['answered', 'ended'],
  ] as const)('told %s leaves its sessions %s', (told, expected) => {
    const state = oneSession().reboot(told).state()
    expect(expectedEnd(state.nases.get('bng-1')!.sessions.get(0)!)).toBe(expected)
  })

  it('repeats session ids: each session has its own row, the older one with its own octets', () => {
    const history = oneSession().reboot('silently')
    history.session({ id: '81d00000', username: 'line-0', mac: 'd4:ca:6d:00:00:00' })
    history.record(1, start).record(1, { ...interim, input: 3n, output: 4n })
    const second = makeRow({ epoch: 1, framedIp: '10.0.0.1', sessionTime: 300n, inputOctets: 3n, outputOctets: 4n })
    const replaced = { ...right, endedAt: new Date(began + 5000), endedBy: 'replaced' }
    expect(kinds(history, [second, replaced])).toEqual([])
    expect(kinds(history, [second])).toEqual(['missing'])
    expect(kinds(history, [replaced, { ...second, inputOctets: 13n }])).toEqual(['counters'])
    const mixed = { ...second, inputOctets: 13n, outputOctets: 24n }
    expect(kinds(history, [mixed]).toSorted()).toEqual(['counters', 'missing'])
  })

  it('finds the row of the only session that could have one', () => {
    const history = new History()
    history.session({ id: 'a', username: 'one', mac: 'aa:aa:aa:aa:aa:01' })
    history.record(0, start, 'unknown').reboot('silently')
    history.session({ id: 'a', username: 'two', mac: 'aa:aa:aa:aa:aa:02' })
    history.record(1, start)
    const row = makeRow({ acctSessionId: 'a', username: 'two', framedIp: '10.0.0.1' })
    expect(kinds(history, [row])).toEqual([])
  })
})

describe('a line that dials again', () => {
  it('may have its older session ended before the Stop', () => {
    const history = oneSession()
    history.session({ mac: 'd4:ca:6d:00:00:00', username: 'line-0' })
    history.record(1, start)
    const newer = makeRow({ acctSessionId: '81d00001', framedIp: '10.0.0.1' })
    expect(kinds(history, [right, newer])).toEqual([])
    expect(kinds(history, [{ ...right, ...ended, endedBy: 'replaced' }, newer])).toEqual([])
    expect(kinds(history, [right, { ...newer, ...ended }])).toEqual(['ended'])
  })
})

describe('rows that are not of this ledger', () => {
  it('are those of other NASes and of earlier runs', () => {
    const earlier = makeRow({ acctSessionId: 'old', startedAt: new Date(began - 600_000), sessionTime: 500n })
    const other = makeRow({ nas: 'bng-2' })
    expect(kinds(oneSession(), [right, earlier, other])).toEqual([])
  })

  it('are not those that were still counted after the ledger began', () => {
    const live = makeRow({ acctSessionId: 'old', startedAt: new Date(began - 600_000), sessionTime: 700n })
    expect(kinds(oneSession(), [right, live])).toEqual(['extra'])
  })
})

describe('counters that are reset', () => {
  it('add up over the segments', () => {
    const history = oneSession()
    history.record(0, { status: 'interim', time: 600, input: 1n, output: 2n, segment: 1 })
    history.record(0, { status: 'interim', time: 900, input: 5n, output: 6n, segment: 1 }, 'unknown')
    const session = history.state().nases.get('bng-1')!.sessions.get(0)!
    expect(possibleTotals(session)).toEqual([
      { sessionTime: 600n, inputOctets: 11n, outputOctets: 22n },
      { sessionTime: 900n, inputOctets: 15n, outputOctets: 26n },
    ])
  })
})

const fate = fc.constantFrom<Fate>('lost', 'unknown', 'answered')
const steps = fc.array(
  fc.record({ input: fc.bigInt(1n, 2n ** 40n), output: fc.bigInt(1n, 2n ** 40n), fate, kept: fc.boolean() }),
  { minLength: 1, maxLength: 8 },
)

describe('any history', () => {
  it('has no difference to a server that applied it exactly, and one to a server that is off by an octet', () => {
    fc.assert(
      fc.property(fc.array(steps, { minLength: 1, maxLength: 5 }), fc.bigInt(1n, 2n ** 33n), (sessions, off) => {
        const history = new History()
        const rows: SessionRow[] = []
        for (const records of sessions) {
          const row = playSession(history, records)
          if (row !== undefined) rows.push(row)
        }
        expect(compareSessions(history.state(), rows)).toEqual([])
        const [first, ...others] = rows
        if (first === undefined) return
        // An offset that no record in doubt explains: above every reading.
        const wrong = { ...first, inputOctets: first.inputOctets + 2n ** 44n + off }
        expect(compareSessions(history.state(), [wrong, ...others]).map(({ kind }) => kind)).toContain('counters')
      }),
    )
  })
})

type Step = { input: bigint; output: bigint; fate: Fate; kept: boolean }

// The server keeps what was answered, and by `kept` what left without an answer: at the newest of these it stands.
function playSession(history: History, records: readonly Step[]): SessionRow | undefined {
  const session = history.session()
  let [time, input, output] = [0, 0n, 0n]
  let kept: Said | undefined
  records.forEach((record, index) => {
    const status = index === 0 ? 'start' : index === records.length - 1 ? 'stop' : 'interim'
    if (status !== 'start') [time, input, output] = [time + 300, input + record.input, output + record.output]
    const said: Said = { status, time, input, output }
    history.record(session, said, record.fate)
    if (record.fate === 'answered' || (record.fate === 'unknown' && record.kept)) kept = said
  })
  if (kept === undefined) return undefined
  return makeRow({
    acctSessionId: `81d0000${session}`,
    username: `line-${session}`,
    framedIp: `10.0.0.${session}`,
    sessionTime: BigInt(kept.time),
    inputOctets: kept.input,
    outputOctets: kept.output,
    ...(kept.status === 'stop' && ended),
  })
}
