import { describe, expect, it } from 'vitest'
import type { LedgerRow, Statement } from '../../../src/domain/money/ledger-list.ts'
import { escapeHtml, receiptHtml, statementHtml } from '../../../src/http/present/statement-html.ts'

const hostile = `"><script>alert('x')</script>&`
const row: LedgerRow = {
  id: 7n,
  at: new Date('2026-11-30T23:30:00Z'),
  kind: 'renewal',
  owner_id: 1n,
  payer_id: 3n,
  organisation_id: null,
  subscriber_id: 4n,
  currency: 'EUR',
  amount_minor: -2_000n,
  balance_after_minor: 100n,
  source: hostile,
  external_reference: hostile,
  note: hostile,
  reason: hostile,
  reverses_id: 5n,
  refunds_id: null,
  period_starts_at: new Date('2026-12-01T00:00:00Z'),
  period_ends_at: new Date('2027-01-01T00:00:00Z'),
  author_kind: 'operator',
  operator_id: 1n,
  author_name: hostile,
  account_name: hostile,
  username: hostile,
  reversed_by_id: 9n,
}
const statement: Statement = {
  payer: { id: 3n, name: hostile, address: hostile, currency: 'EUR' },
  issuer: hostile,
  from: new Date('2026-11-01T00:00:00Z'),
  to: new Date('2026-12-01T00:00:00Z'),
  openingMinor: 2_100n,
  closingMinor: 100n,
  rows: [row],
  isCut: false,
}

describe('a page to print', () => {
  it.each([
    ['statement', statementHtml(statement, 'Europe/Berlin')],
    ['receipt', receiptHtml(row, hostile, 'Europe/Berlin')],
  ])('%s holds no script, whatever its texts are', (_name, html) => {
    expect(html).not.toContain('<script')
    expect(html).not.toContain("alert('")
    expect(html).not.toMatch(/\son\w+=/)
    expect(html).toContain('&lt;script&gt;')
  })

  it('escapes all that means something in HTML', () => {
    expect(escapeHtml(hostile)).toBe('&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;')
  })

  it('shows amounts with all their digits and days of the zone', () => {
    const html = statementHtml(statement, 'Europe/Berlin')
    expect(html).toContain('<td class="amount">-20.00</td>')
    expect(html).toContain('<th class="amount">1.00</th>')
    expect(html).toContain('2026-11-01 to 2026-12-01')
    expect(html).toContain('<td>2026-12-01</td>')
    expect(receiptHtml(row, 'ISP', 'UTC')).toContain('<dd>20.00 EUR</dd>')
  })

  it('says when there is more, and of a receipt what took it back', () => {
    expect(statementHtml({ ...statement, isCut: true }, 'UTC')).toContain('ask for a shorter period')
    expect(receiptHtml(row, 'ISP', 'UTC')).toContain('<dt>Taken back by</dt><dd>No. 9</dd>')
    const wallet = { ...row, payer_id: null, period_ends_at: null, reversed_by_id: null, username: null }
    expect(receiptHtml(wallet, 'ISP', 'UTC')).toContain('<dt>Wallet of</dt>')
    expect(receiptHtml(wallet, 'ISP', 'UTC')).toContain('from 2026-12-01 00:00')
  })
})
