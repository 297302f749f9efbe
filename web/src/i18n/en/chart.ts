// Charts.
export const chart = {
  chart: {
    day: 'Day',
    sum: 'in all',
    last: 'on {{day}}',
    none: 'Nothing to show for these days.',
    asTable: '{{title}}, as a table',
  },
}
