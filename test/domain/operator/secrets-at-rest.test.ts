// A stolen dump (S01): nothing that signs anybody in stands in any column of any table, as it is, in hex or in base64.

import { describe, expect, it } from 'vitest'
import { forgetPassword, sendResetMessage } from '../../../src/domain/operator/password-reset.ts'
import { writeSetting } from '../../../src/domain/setting.ts'
import { useApi } from '../../support/api.ts'
import { employ, enrolAt, openBrowser, signInAt } from '../../support/browser.ts'

const api = useApi()

/** Every row of every table as text; octets as hex. */
async function dump(): Promise<string> {
  const { rows: tables } = await api.pool.query<{ name: string }>(
    `select quote_ident(relname) as name from pg_class
     where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1`,
  )
  const texts: string[] = []
  for (const { name } of tables) {
    const { rows } = await api.pool.query<{ row: string }>(`select t::text as row from ${name} t`)
    texts.push(...rows.map(({ row }) => row))
  }
  return texts.join('\n')
}

function formsOf(secret: string | Buffer): string[] {
  const octets = Buffer.from(secret)
  const text = typeof secret === 'string' ? [secret] : []
  return [...text, octets.toString('hex'), octets.toString('base64').replace(/=+$/, ''), octets.toString('base64url')]
}

describe('what lies in the database', () => {
  it('signs nobody in', async () => {
    const browser = openBrowser(api)
    const who = await employ(api, 'super-administrator')
    await signInAt(browser, who)
    const { secret, recoveryCodes } = await enrolAt(browser, api.clock.now())
    const pending = await browser.post('/me/second-factor')
    const token = await browser.post('/me/api-tokens', {
      name: 'canary',
      permissions: ['nas.read'],
      expires_at: '2026-12-22T12:00:00Z',
    })
    const other = await employ(api, 'support')
    const reset = await browser.post(`/operators/${other.id}/reset-password`)
    await writeSetting(api.db, { name: 'panel_url', value: 'https://panel.example.net' }, api.clock.now())
    const forgotten = await forgetPassword(api.db, { email: other.email, address: null }, api.author, api.clock.now())
    if (forgotten.kind !== 'asked' || forgotten.message === undefined) throw new Error('no link was made')
    await sendResetMessage(api.db, api.keyring, forgotten.message, api.clock.now())

    const text = await dump()
    expect(text).toContain(who.email)
    const secrets: (string | Buffer)[] = [
      who.password,
      secret,
      String(pending.body['secret']),
      ...recoveryCodes,
      ...recoveryCodes.map((code) => code.replaceAll('-', '')),
      String(token.body['token']),
      String(reset.body['password']),
      forgotten.message.token,
      ...browser.cookies.values(),
    ]
    expect(secrets.length).toBeGreaterThan(25)
    for (const one of secrets) {
      for (const form of formsOf(one)) expect(text.includes(form), `${form.slice(0, 4)}… is readable`).toBe(false)
    }
  })

  it('is what was asked of the trail: who, from where, in which request, without the secret itself', async () => {
    const { rows } = await api.pool.query<Record<string, unknown>>(
      `select author_kind, author_name, host(address) as address, request_id is not null as has_request
       from audit_entry where action = 'api-token.create'`,
    )
    expect(rows).toEqual([
      { author_kind: 'operator', author_name: expect.stringContaining('@'), address: '127.0.0.1', has_request: true },
    ])
  })
})
