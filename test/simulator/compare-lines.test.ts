import { describe, expect, it } from 'vitest'
import { compareUsage } from '../../src/simulator/compare-usage.ts'
import { compareSessions, expectedEnd, possibleTotals } from '../../src/simulator/compare.ts'
import { History, makeRow } from './history.ts'
import type { Said } from './history.ts'

const mac = 'd4:ca:6d:00:00:00'
const start: Said = { status: 'start', time: 0, input: 0n, output: 0n }
const interim: Said = { status: 'interim', time: 300, input: 10n, output: 20n }

function kinds(history: History, rows: ReturnType<typeof makeRow>[]): string[] {
  return compareSessions(history.state(), rows).map(({ kind }) => kind)
}

describe('the legs of a line', () => {
  it.each([
    ['v4', 'v6', 'open'],
    ['v4', 'v4', 'either'],
    ['v6', undefined, 'either'],
    [undefined, 'v6', 'either'],
    [undefined, undefined, 'either'],
  ] as const)('a session %s is, after one of %s of the same line, %s', (older, newer, expected) => {
    const history = new History()
    for (const leg of [older, newer]) {
      const session = history.session({ mac, username: 'line-0', ...(leg && { leg }) })
      history.record(session, start)
    }
    expect(expectedEnd(history.state().nases.get('bng-1')!.sessions.get(0)!)).toBe(expected)
  })
})

describe('a service on a session', () => {
  function withService(): History {
    const history = new History()
    history.session()
    history.record(0, start).record(0, interim)
    history.session({ id: '81d00000:1', username: 'line-0', mac, framedIp: '10.0.0.0', service: 'iptv' })
    return history.record(1, start).record(1, { ...interim, input: 3n, output: 4n })
  }
  const totals = { sessionTime: 300n, inputOctets: 10n, outputOctets: 20n }
  const parent = makeRow(totals)
  const child = makeRow({ ...totals, acctSessionId: '81d00000:1', inputOctets: 3n, outputOctets: 4n, service: 'iptv' })

  it('has a row of its own, exact, and replaces nothing', () => {
    expect(kinds(withService(), [parent, child])).toEqual([])
    expect(kinds(withService(), [parent])).toEqual(['missing'])
    expect(kinds(withService(), [parent, { ...child, inputOctets: 4n }])).toEqual(['counters'])
    expect(kinds(withService(), [{ ...parent, endedAt: new Date(), endedBy: 'replaced' }, child])).toEqual(['ended'])
  })

  it('must be known as a service', () => {
    expect(kinds(withService(), [parent, { ...child, service: undefined }])).toEqual(['service'])
    expect(kinds(withService(), [{ ...parent, service: 'iptv' }, child])).toEqual(['service'])
  })

  it('is never charged', () => {
    const { state } = { state: withService().state() }
    const right = { inputOctets: 10n, outputOctets: 20n }
    expect(compareUsage(state, new Map([['line-0', right]]))).toEqual([])
    expect(compareUsage(state, new Map([['line-0', { ...right, inputOctets: 13n }]]))).toEqual([
      { username: 'line-0', direction: 'input', expected: '10', found: 13n },
    ])
  })
})

describe('a session that began under another server', () => {
  function inherited(): History {
    const history = new History()
    history.session({ inherited: true })
    return history
  }
  const first: Said = { status: 'interim', time: 7200, input: 1000n, output: 2000n }
  const second: Said = { status: 'interim', time: 7500, input: 1010n, output: 2030n }
  const session = (history: History) => history.state().nases.get('bng-1')!.sessions.get(0)!

  it('is charged from its first record on', () => {
    const history = inherited().record(0, first).record(0, second)
    const row = makeRow({ sessionTime: 7500n, inputOctets: 10n, outputOctets: 30n })
    expect(kinds(history, [row])).toEqual([])
    expect(kinds(history, [{ ...row, inputOctets: 1010n }])).toEqual(['counters'])
    expect(compareUsage(history.state(), new Map([['line-0', row]]))).toEqual([])
  })

  it('may have begun for us at a record whose fate is not known, but not at one that never left', () => {
    const unsure = inherited().record(0, first, 'unknown').record(0, second)
    expect(possibleTotals(session(unsure))).toEqual([
      { sessionTime: 7500n, inputOctets: 10n, outputOctets: 30n },
      { sessionTime: 7500n, inputOctets: 0n, outputOctets: 0n },
    ])
    const lost = inherited().record(0, first, 'lost').record(0, second)
    expect(possibleTotals(session(lost))).toEqual([{ sessionTime: 7500n, inputOctets: 0n, outputOctets: 0n }])
  })
})

describe('what was charged', () => {
  it('is the sum over all sessions of a name, whatever the case it is written in', () => {
    const history = new History()
    for (const username of ['Anna', 'anna']) {
      history.session({ username })
    }
    history.record(0, interim).record(1, { ...interim, input: 5n, output: 6n })
    const state = history.state()
    expect(compareUsage(state, new Map([['anna', { inputOctets: 15n, outputOctets: 26n }]]))).toEqual([])
    expect(compareUsage(state, new Map()).map(({ found }) => found)).toEqual([0n, 0n])
  })

  it('may stand between what was kept for certain and what may have been kept', () => {
    const history = new History()
    history.session()
    history.record(0, interim).record(0, { ...interim, time: 600, input: 50n, output: 60n }, 'unknown')
    const charged = (inputOctets: bigint) => new Map([['line-0', { inputOctets, outputOctets: 60n }]])
    expect(compareUsage(history.state(), charged(10n))).toEqual([])
    expect(compareUsage(history.state(), charged(50n))).toEqual([])
    expect(compareUsage(history.state(), charged(51n))).toMatchObject([{ expected: '10 to 50', found: 51n }])
    expect(compareUsage(history.state(), charged(9n))).toHaveLength(1)
  })

  it('is nothing for a name that never dialled', () => {
    const someone = new Map([['someone', { inputOctets: 1n, outputOctets: 0n }]])
    expect(compareUsage(new History().state(), someone)).toMatchObject([{ username: 'someone', expected: '0' }])
  })
})
