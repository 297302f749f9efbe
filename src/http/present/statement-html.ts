// Statements and receipts as pages to print: plain HTML with its style in it, no script, every text from outside escaped.

import type { LedgerRow, Statement } from '../../domain/money/ledger-list.ts'
import { formatMoney } from '../../domain/money.ts'

const style = `body{font:14px/1.4 sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#111}
h1{font-size:1.4em}table{border-collapse:collapse;width:100%}th,td{padding:.3em .5em;border-bottom:1px solid #ccc;text-align:left}
.amount{text-align:right;white-space:nowrap}dt{float:left;clear:left;width:12em;color:#555}dd{margin:0 0 .2em 12em}
@media print{body{margin:0;max-width:none}}`

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** A text inside an element or a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]!)
}

const words: Readonly<Record<LedgerRow['kind'], string>> = {
  opening: 'Opening balance',
  'top-up': 'Top-up',
  payment: 'Payment',
  refund: 'Refund',
  charge: 'Charge',
  adjustment: 'Adjustment',
  activation: 'Activation',
  renewal: 'Renewal',
  'plan-change': 'Change of plan',
  reversal: 'Taken back',
}

/** The statement of a payer; instants in the zone. */
export function statementHtml(statement: Statement, zone: string): string {
  const { payer, rows } = statement
  const money = (minor: bigint) => escapeHtml(formatMoney(minor, payer.currency))
  const lines = rows.map(
    (row) => `<tr><td>${day(row.at, zone)}</td><td>${Number(row.id)}</td><td>${description(row, zone)}</td>
<td class="amount">${money(row.amount_minor)}</td></tr>`,
  )
  return page(
    `Statement ${payer.name}`,
    `<h1>Statement of account</h1>
<dl><dt>From</dt><dd>${escapeHtml(statement.issuer)}</dd><dt>To</dt><dd>${escapeHtml(payer.name)}</dd>
${payer.address === null ? '' : `<dt>Address</dt><dd>${escapeHtml(payer.address)}</dd>`}
<dt>Period</dt><dd>${day(statement.from, zone)} to ${day(new Date(statement.to.getTime() - 1), zone)}</dd>
<dt>Currency</dt><dd>${escapeHtml(payer.currency)}</dd></dl>
<table><thead><tr><th>Date</th><th>No.</th><th>What</th><th class="amount">Amount</th></tr></thead>
<tbody><tr><td colspan="3">Balance before</td><td class="amount">${money(statement.openingMinor)}</td></tr>
${lines.join('\n')}
${statement.isCut ? '<tr><td colspan="4">More follow that are not shown: ask for a shorter period.</td></tr>' : ''}
<tr><th colspan="3">Balance after</th><th class="amount">${money(statement.closingMinor)}</th></tr></tbody></table>`,
  )
}

/** The receipt of one transaction. */
export function receiptHtml(row: LedgerRow, issuer: string, zone: string): string {
  const amount = row.amount_minor < 0n ? -row.amount_minor : row.amount_minor
  const lines: [string, string][] = [
    ['No.', String(row.id)],
    ['Date', instant(row.at, zone)],
    ['From', issuer],
    [row.payer_id === null ? 'Wallet of' : 'Payer', row.account_name],
    ['What', words[row.kind]],
    ['Amount', `${formatMoney(amount, row.currency)} ${row.currency}`],
  ]
  if (row.username !== null) lines.push(['Subscriber', row.username])
  if (row.note !== null) lines.push(['Note', row.note])
  if (row.period_starts_at !== null) lines.push(['Period', span(row, zone)])
  if (row.external_reference !== null) lines.push(['Reference', row.external_reference])
  if (row.reverses_id !== null) lines.push(['Takes back', `No. ${row.reverses_id}`])
  if (row.reversed_by_id !== null) lines.push(['Taken back by', `No. ${row.reversed_by_id}`])
  const list = lines.map(([term, text]) => `<dt>${term}</dt><dd>${escapeHtml(text)}</dd>`).join('\n')
  return page(`Receipt ${row.id}`, `<h1>Receipt</h1>\n<dl>${list}</dl>`)
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title><style>${style}</style></head>
<body>${body}</body></html>
`
}

function description(row: LedgerRow, zone: string): string {
  const parts = [words[row.kind], row.note, row.username, row.reason, row.external_reference]
  if (row.period_starts_at !== null) parts.push(span(row, zone))
  if (row.reverses_id !== null) parts.push(`No. ${row.reverses_id}`)
  return parts
    .filter((part) => part !== null)
    .map(escapeHtml)
    .join(', ')
}

function span(row: LedgerRow, zone: string): string {
  const from = instant(row.period_starts_at!, zone)
  return row.period_ends_at === null ? `from ${from}` : `${from} to ${instant(row.period_ends_at, zone)}`
}

function day(at: Date, zone: string): string {
  return instant(at, zone).slice(0, 10)
}

/** `2027-01-31 18:00` of the zone. */
function instant(at: Date, zone: string): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' }).format(at)
}
