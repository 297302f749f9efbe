// Charts.
import type { chart as english } from '../en/chart.ts'
import type { Words } from '../words.ts'

export const chart: Words<typeof english> = {
  chart: {
    day: 'Day',
    sum: 'in all',
    last: 'on {{day}}',
    none: 'Nothing to show for these days.',
    asTable: '{{title}}, as a table',
  },
}
