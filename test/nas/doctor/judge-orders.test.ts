import { describe, expect, it } from 'vitest'
import type { Probe } from '../../../src/nas/coa-probe.ts'
import { worstFirst } from '../../../src/nas/doctor/finding.ts'
import { judgeOrders } from '../../../src/nas/doctor/judge-orders.ts'
import { judgeRecords } from '../../../src/nas/doctor/judge-records.ts'
import { mendsFor } from '../../../src/nas/doctor/mends.ts'
import { ago, nasFacts, noon, tally } from '../../support/nas-facts.ts'

const mends = mendsFor({
  vendor: 'mikrotik',
  server: '198.51.100.1',
  authPort: 1812,
  acctPort: 1813,
  own: '192.0.2.1',
  coaPort: 3799,
  askedIntervalS: 300,
  identifier: undefined,
})
const never = { lastAnsweredAt: undefined, lastUnansweredAt: undefined, lastBadAnswerAt: undefined }

function judge(probe: Probe, orders: Partial<ReturnType<typeof nasFacts>['orders']> = {}) {
  return judgeOrders(nasFacts({ orders: { ...never, ...orders } }), probe, mends)
}

describe('orders to a NAS', () => {
  it.each<[Probe, object]>([
    [
      { kind: 'answered', from: '198.51.100.1', roundTripMs: 3 },
      { code: 'coa', severity: 'ok' },
    ],
    [{ kind: 'off' }, { code: 'coa', severity: 'ok' }],
    [{ kind: 'bad-secret' }, { code: 'coa-secret', severity: 'fault', mend: mends.secret }],
    [
      { kind: 'other-source', from: '198.51.100.1', answeredFrom: '198.51.100.2' },
      { code: 'source-refused', severity: 'fault', mend: mends.trust },
    ],
    [
      { kind: 'unknown-address' },
      { code: 'coa-unreachable', severity: 'fault', mend: 'gatehouse nas set bng-1 --coa-address ADDRESS' },
    ],
    [{ kind: 'no-secret' }, { code: 'coa-secret', severity: 'fault', mend: 'gatehouse client rotate-secret bng' }],
    [
      { kind: 'silent' },
      { code: 'coa-unreachable', severity: 'fault', mend: '/radius incoming set accept=yes port=3799' },
    ],
    [
      { kind: 'failed', error: 'no route' },
      { code: 'coa-unreachable', severity: 'fault' },
    ],
  ])('after %o', (probe, expected) => {
    expect(judge(probe).findings).toMatchObject([expected])
  })

  it('that were answered lately outweigh one silence, and not for long', () => {
    expect(judge({ kind: 'silent' }, { lastAnsweredAt: ago(9) }).findings).toMatchObject([{ severity: 'ok' }])
    expect(judge({ kind: 'silent' }, { lastAnsweredAt: ago(11) }).findings).toMatchObject([{ severity: 'fault' }])
    const later = { lastAnsweredAt: ago(9), lastUnansweredAt: ago(8) }
    expect(judge({ kind: 'silent' }, later).findings).toMatchObject([{ code: 'coa-unreachable' }])
  })

  it('from an address of another machine are judged by what became of them, and else not at all', () => {
    const probe: Probe = { kind: 'not-ours' }
    expect(judge(probe)).toMatchObject({
      findings: [],
      notSeen: [{ what: 'whether it takes orders', mend: 'ask on the machine that has 198.51.100.1' }],
    })
    expect(judge(probe, { lastAnsweredAt: ago(600) }).findings).toMatchObject([{ severity: 'ok' }])
    expect(judge(probe, { lastUnansweredAt: ago(1) }).findings).toMatchObject([{ code: 'coa-unreachable' }])
    expect(judge(probe, { lastUnansweredAt: ago(1), lastBadAnswerAt: ago(2) }).findings).toMatchObject([
      { code: 'coa-secret', severity: 'fault' },
    ])
  })
})

describe('accounting', () => {
  const records = (...changes: Parameters<typeof nasFacts>) => judgeRecords(nasFacts(...changes), mends)

  it('that follows logins as often as was asked for is fine', () => {
    expect(records().map(({ code, severity }) => [code, severity])).toEqual([
      ['no-accounting', 'ok'],
      ['no-interims', 'ok'],
    ])
  })

  it('that stopped while logins go on is a fault; what could not come yet is none', () => {
    const sessions = { lastRecordAt: ago(6), due: 0, measured: 0 }
    expect(records({ sessions })).toMatchObject([{ code: 'no-accounting', severity: 'fault', mend: mends.account }])
    expect(records({ sessions, access: { accountableAcceptAt: undefined } })).toMatchObject([{ severity: 'ok' }])
    const silent = { sessions: { ...sessions, lastRecordAt: undefined }, access: { accountableAcceptAt: undefined } }
    expect(records(silent)).toEqual([])
  })

  it('of IPoE lines, whose renewals no Start follows, has stopped after two intervals, by whichever clock', () => {
    const ipoe = (minutes: number) => ({
      sessions: { lastRecordAt: ago(minutes), due: 0, measured: 0, accessKinds: ['ipoe'] as const },
    })
    expect(records(ipoe(9.9))).toMatchObject([{ code: 'no-accounting', severity: 'ok' }])
    expect(records(ipoe(10))).toMatchObject([{ code: 'no-accounting', severity: 'fault' }])
    // Its clock is five minutes behind, and so is what it says of its last record.
    const tallies = [tally('clock-skew', { worst: -300_000 })]
    expect(records({ ...ipoe(14), tallies })).toMatchObject([{ severity: 'ok' }])
    expect(records({ ...ipoe(15), tallies })).toMatchObject([{ severity: 'fault' }])
    // What stands in 1970 is not believed, so that it excuses nothing.
    const lost = [tally('clock-skew', { worst: -noon.getTime() })]
    expect(records({ ...ipoe(15), tallies: lost })).toMatchObject([{ severity: 'fault' }])
  })

  it.each([
    [10, 0, 'ok'],
    [10, 1, 'ok'],
    [10, 2, 'warning'],
    [10, 5, 'fault'],
    [1, 1, 'fault'],
  ])('of %d sessions %d without Interims: %s', (due, withoutInterims, severity) => {
    expect(records({ sessions: { due, withoutInterims } })[1]).toMatchObject({ code: 'no-interims', severity })
  })

  it('that comes at another rhythm is a warning beyond a tenth of the sessions', () => {
    expect(records({ sessions: { irregular: 1 } })[1]).toMatchObject({ severity: 'ok' })
    expect(records({ sessions: { irregular: 2, observedIntervalS: 900 } })[1]).toMatchObject({
      code: 'irregular-interims',
      severity: 'warning',
      evidence: { asked_s: 300, observed_s: 900, irregular: 2 },
    })
  })
})

it('the worst is told first, and equals in their order', () => {
  const finding = (code: 'clock' | 'coa' | 'patience' | 'unsigned', severity: 'ok' | 'warning' | 'fault') =>
    ({ code, severity, sentence: '' }) as const
  const told = [
    finding('clock', 'ok'),
    finding('coa', 'fault'),
    finding('patience', 'warning'),
    finding('unsigned', 'fault'),
  ]
  expect(worstFirst(told).map(({ code }) => code)).toEqual(['coa', 'unsigned', 'patience', 'clock'])
})
