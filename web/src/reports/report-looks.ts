// How each report is drawn, and by what it can be put together. A report that is not here is shown as a table alone.
import type { ChartColour } from '../chart/colours.ts'
import type { ChartKind } from '../chart/day-series.ts'
import type { ReportQuery } from './use-report.ts'

export type ReportKey = NonNullable<ReportQuery['by']>

export type ReportLook = {
  /** What it can be put together by; the first is the API's own choice. */
  keys?: readonly ReportKey[]
  /** Over days. */
  chart?: { kind: ChartKind; lines: readonly (readonly [column: string, colour: ChartColour])[] }
  /** The things that are compared, by the sum of these columns, the largest first. */
  bars?: { names: readonly string[]; columns: readonly string[]; colour: ChartColour }
  /** Where it looks so many days ahead or back. */
  days?: { word: 'ahead' | 'back'; usual: number }
}

const allKeys = ['day', 'plan', 'owner', 'zone', 'group'] as const

export const reportLooks: Readonly<Record<string, ReportLook>> = {
  subscribers: {
    keys: ['plan', 'owner', 'zone', 'group'],
    bars: { names: ['plan', 'owner', 'zone', 'group'], columns: ['total'], colour: 'accent' },
  },
  growth: {
    chart: {
      kind: 'level',
      lines: [
        ['total', 'accent'],
        ['active', 'good'],
        ['grace', 'calm'],
        ['expired', 'warm'],
        ['blocked', 'bad'],
      ],
    },
  },
  signups: {
    keys: allKeys,
    chart: {
      kind: 'lines',
      lines: [
        ['signups', 'accent'],
        ['activations', 'good'],
      ],
    },
    bars: { names: ['plan', 'owner', 'zone', 'group'], columns: ['signups'], colour: 'accent' },
  },
  churn: {
    keys: allKeys,
    chart: { kind: 'count', lines: [['lost', 'bad']] },
    bars: { names: ['plan', 'owner', 'zone', 'group'], columns: ['lost'], colour: 'bad' },
  },
  renewals: {
    keys: allKeys,
    chart: { kind: 'count', lines: [['revenue', 'accent']] },
    bars: { names: ['plan', 'owner', 'zone', 'group'], columns: ['renewals'], colour: 'accent' },
  },
  expiring: { days: { word: 'ahead', usual: 7 } },
  'stale-contacts': { days: { word: 'back', usual: 180 } },
  'top-usage': { bars: { names: ['username'], columns: ['upload', 'download'], colour: 'accent' } },
  traffic: {
    keys: ['day', 'plan', 'owner'],
    chart: {
      kind: 'count',
      lines: [
        ['download', 'accent'],
        ['upload', 'calm'],
      ],
    },
    bars: { names: ['plan', 'owner'], columns: ['upload', 'download'], colour: 'accent' },
  },
  sessions: { bars: { names: ['nas', 'interface'], columns: ['sessions'], colour: 'accent' } },
  rejects: { bars: { names: ['reason', 'nas'], columns: ['refused'], colour: 'bad' } },
  logins: {
    chart: {
      kind: 'count',
      lines: [
        ['accepted', 'good'],
        ['refused', 'bad'],
      ],
    },
  },
}
