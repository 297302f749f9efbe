// Charts.
export const chart = {
  chart: {
    day: 'Day',
    sum: 'in all',
    asTable: '{{title}}, as a table',
  },
}
