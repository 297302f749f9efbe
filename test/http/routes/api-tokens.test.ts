// API tokens through the API: what is refused by name, the list of everybody's, and a key read as RFC 9110 has it.

import { beforeAll, describe, expect, it } from 'vitest'
import { useApi } from '../../support/api.ts'
import type { Answer, Client } from '../../support/api.ts'
import { openBrowser } from '../../support/browser.ts'

const api = useApi()
let boss: Client
beforeAll(async () => {
  boss = await api.as('super-administrator')
})

const inDays = (days: number): string => new Date(api.clock.now().getTime() + days * 86_400_000).toISOString()
const base = () => ({ name: 'Script', permissions: ['subscriber.read'], expires_at: inDays(1) })
const items = (answer: Answer): Record<string, unknown>[] => answer.body['items'] as Record<string, unknown>[]
const fieldOf = (answer: Answer) => (answer.body['errors'] as { field: string }[] | undefined)?.[0]?.field

describe('a token', () => {
  it.each<[string, () => Record<string, unknown>, number, string]>([
    ['no date', () => ({ expires_at: undefined }), 400, 'expires_at'],
    ['a date without a zone', () => ({ expires_at: '2026-11-23T12:00:00' }), 400, 'expires_at'],
    ['this very moment', () => ({ expires_at: inDays(0) }), 422, 'expires_at'],
    ['over a year', () => ({ expires_at: inDays(367) }), 422, 'expires_at'],
    ['no permission', () => ({ permissions: [] }), 400, 'permissions'],
    ['an unknown one', () => ({ permissions: ['subscriber.eat'] }), 422, 'permissions'],
    ['an octal network', () => ({ allowed: ['010.0.0.0/8'] }), 422, 'allowed'],
    ['a short address', () => ({ allowed: ['10.1'] }), 422, 'allowed'],
    ['a hexadecimal address', () => ({ allowed: ['0x0a000001'] }), 422, 'allowed'],
    ['an address of one link', () => ({ allowed: ['fe80::1%eth0'] }), 422, 'allowed'],
    ['a network with host bits', () => ({ allowed: ['10.0.0.1/8'] }), 422, 'allowed'],
    ['two networks in one', () => ({ allowed: ['10.0.0.0/8,192.0.2.0/24'] }), 422, 'allowed'],
    ['an operator of another', () => ({ operator_id: 1 }), 400, 'operator_id'],
  ])('with %s is refused by name', async (_name, change, status, field) => {
    const refused = await boss.post('/me/api-tokens', { ...base(), ...change() })
    expect([refused.status, fieldOf(refused)]).toEqual([status, field])
  })

  it('is good for a year and from single addresses, which are kept as networks', async () => {
    const allowed = ['192.0.2.7', '2001:DB8::7', '10.0.0.0/8', '0.0.0.0/0', '::/0']
    const made = await boss.post('/me/api-tokens', { ...base(), name: 'Wide', expires_at: inDays(366), allowed })
    expect(made.status).toBe(201)
    const listed = items(await boss.get('/me/api-tokens')).find((token) => token['name'] === 'Wide')!
    expect(listed['allowed']).toEqual(['192.0.2.7/32', '2001:db8::7/128', '10.0.0.0/8', '0.0.0.0/0', '::/0'])
  })

  it('is shown once: the same request again has no answer to give', async () => {
    const key = { 'idempotency-key': 'token-1' }
    const first = await boss.post('/me/api-tokens', { ...base(), name: 'Shown once' }, key)
    const second = await boss.post('/me/api-tokens', { ...base(), name: 'Shown once' }, key)
    expect([first.status, second.status, second.text]).toEqual([201, 204, ''])
    const kept = await api.pool.query('select body from idempotency_key where key = $1', ['token-1'])
    expect(JSON.stringify(kept.rows)).not.toContain(String(first.body['token']))
    expect(items(await boss.get('/me/api-tokens')).filter((token) => token['name'] === 'Shown once')).toHaveLength(1)
  })

  it.each(['Bearer', 'bearer', 'BEARER'])('is read behind %s, in any letters (RFC 9110 §11.1)', async (scheme) => {
    const { token } = (await boss.post('/me/api-tokens', base())).body as { token: string }
    const program = openBrowser(api, { authorization: `${scheme} ${token}` })
    expect((await program.get('/subscribers')).status).toBe(200)
    expect((await program.get('/operators')).status).toBe(403)
  })

  it.each([
    ['twice', (token: string) => `Bearer ${token} ${token}`],
    ['cut off', (token: string) => `Bearer ${token.slice(0, -1)}`],
    ['in other letters', (token: string) => `Bearer ${token.toUpperCase()}`],
    ['as basic', (token: string) => `Basic ${Buffer.from(`x:${token}`).toString('base64')}`],
    ['without a scheme', (token: string) => token],
  ])('written %s opens nothing', async (_name, write) => {
    const { token } = (await boss.post('/me/api-tokens', base())).body as { token: string }
    expect((await openBrowser(api, { authorization: write(token) }).get('/subscribers')).status).toBe(401)
  })

  it('that is wrong is not made good by a cookie beside it', async () => {
    const response = await boss.send('GET', '/me', { headers: { authorization: `Bearer gh_${'x'.repeat(43)}` } })
    expect(response.status).toBe(401)
  })
})

describe('the tokens of everybody', () => {
  it('are listed page by page, of one operator too, and never with the token', async () => {
    const one = await api.as('administrator')
    for (let at = 0; at < 5; at += 1) await one.post('/me/api-tokens', { ...base(), name: `Paged ${at}` })
    const seen: unknown[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const more: string = cursor === '' ? '' : `&cursor=${cursor}`
      const page = await boss.get(`/api-tokens?operator=${one.operatorId}&limit=2${more}`)
      seen.push(...items(page).map((token) => token['name']))
      expect(page.text).not.toMatch(/gh_[\w-]{20}/)
      cursor = page.body['next_cursor'] as string | null
    }
    expect(seen).toEqual(['Paged 4', 'Paged 3', 'Paged 2', 'Paged 1', 'Paged 0'])
    expect((await boss.get('/api-tokens?cursor=broken')).status).toBe(400)
    expect((await (await api.as('support')).get('/api-tokens')).status).toBe(403)
  })

  it('are revoked once, by one of ten who do it at once', async () => {
    const one = await api.as('support')
    const id = Number((await one.post('/me/api-tokens', base())).body['id'])
    const answers = await Promise.all(Array.from({ length: 10 }, () => boss.delete(`/api-tokens/${id}`)))
    expect(answers.filter((answer) => answer.status === 204)).toHaveLength(1)
    expect(answers.filter((answer) => answer.status === 404)).toHaveLength(9)
    expect((await one.delete(`/me/api-tokens/${id}`)).status).toBe(404)
  })
})
