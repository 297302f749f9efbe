// Charts.
import type { chart as english } from '../en/chart.ts'
import type { Words } from '../words.ts'

export const chart: Words<typeof english> = {
  chart: {
    day: 'اليوم',
    sum: 'المجموع',
    asTable: '{{title}} في جدول',
  },
}
