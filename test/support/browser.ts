// A browser at the API: keeps the cookies that answers give it, and operators who have a password to sign in with.

import { addOperator } from '../../src/domain/operator/operator.ts'
import { hashPassword } from '../../src/domain/operator/password-hash.ts'
import { totpCode } from '../../src/domain/operator/totp.ts'
import { ispId } from '../../src/domain/organisation.ts'
import { ownHeader } from '../../src/http/auth.ts'
import type { Answer, TestApi } from './api.ts'

export type Browser = {
  /** By name. */
  readonly cookies: Map<string, string>
  get(path: string): Promise<Answer>
  post(path: string, body?: unknown): Promise<Answer>
  patch(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  delete(path: string, body?: unknown): Promise<Answer>
  /** The Set-Cookie lines of the last answer. */
  lastCookies(): string[]
}

/** A browser without any cookie; `headers` go with every request. */
export function openBrowser(api: TestApi, headers: Record<string, string> = {}): Browser {
  const cookies = new Map<string, string>()
  let last: string[] = []
  const call = async (method: string, path: string, body?: unknown, more: Record<string, string> = {}) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(`${api.url}/api/v1${path}`, {
      method,
      headers: {
        [ownHeader]: '1',
        ...(cookie === '' ? {} : { cookie }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
        ...more,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    last = response.headers.getSetCookie()
    for (const line of last) keep(cookies, line)
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json') === true
    const json = (isJson && text !== '' ? JSON.parse(text) : {}) as Record<string, unknown>
    return { status: response.status, headers: response.headers, body: json, text }
  }
  return {
    cookies,
    get: (path) => call('GET', path),
    post: (path, body) => call('POST', path, body),
    patch: (path, body, more) => call('PATCH', path, body, more),
    delete: (path, body) => call('DELETE', path, body),
    lastCookies: () => last,
  }
}

function keep(cookies: Map<string, string>, line: string): void {
  const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
  if (value === '' || line.includes('Expires=Thu, 01 Jan 1970')) cookies.delete(name)
  else cookies.set(name, value)
}

let made = 0

export type Employee = { id: bigint; email: string; password: string }

/** An operator of the ISP with a password, who has signed in nowhere yet. */
export async function employ(
  api: TestApi,
  role: string,
  input: { organisationId?: bigint; teamId?: bigint; password?: string; mustChange?: boolean } = {},
): Promise<Employee> {
  made += 1
  const email = `employee-${made}@example.net`
  const password = input.password ?? `Kelp7-Lantern-Oar-${made}`
  const { id: roleId } = await api.db.selectFrom('role').select('id').where('name', '=', role).executeTakeFirstOrThrow()
  const fields = {
    name: `Employee ${made}`,
    email,
    roleId,
    teamId: input.teamId ?? null,
    organisationId: input.organisationId ?? (await ispId(api.db)),
  }
  const passwordHash = await hashPassword(password)
  const mustChange = input.mustChange ?? false
  const { id } = await api.db
    .transaction()
    .execute((trx) => addOperator(trx, { ...fields, passwordHash, mustChange }, api.author, api.clock.now()))
  return { id, email, password }
}

/** Signs an employee in. */
export function signInAt(browser: Browser, { email, password }: { email: string; password: string }): Promise<Answer> {
  return browser.post('/sign-in', { email, password })
}

/** Enrols and confirms an app for who is signed in; returns its secret and the recovery codes. */
export async function enrolAt(browser: Browser, now: Date): Promise<{ secret: Buffer; recoveryCodes: string[] }> {
  const enrolled = await browser.post('/me/second-factor')
  const secret = base32(String(enrolled.body['secret']))
  const confirmed = await browser.post('/me/second-factor/confirm', { code: codeAt(secret, now) })
  return { secret, recoveryCodes: confirmed.body['recovery_codes'] as string[] }
}

/** The code that an app shows at this instant. */
export function codeAt(secret: Buffer, now: Date): string {
  return totpCode(secret, BigInt(Math.floor(now.getTime() / 30_000)))
}

/** RFC 4648 §6. */
export function base32(text: string): Buffer {
  const bits = [...text]
    .map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'))
    .join('')
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((octet) => Number.parseInt(octet, 2)))
}
