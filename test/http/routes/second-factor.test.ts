// Guesses at passwords, the second factor, and the proof that grave deeds ask for.

import { describe, expect, it } from 'vitest'
import { writeSetting } from '../../../src/domain/setting.ts'
import { sessionCookie } from '../../../src/http/auth.ts'
import { deviceCookie } from '../../../src/http/sign-in-cookies.ts'
import { useApi } from '../../support/api.ts'
import { codeAt, employ, enrolAt, openBrowser, signInAt } from '../../support/browser.ts'
import type { Browser } from '../../support/browser.ts'

const api = useApi()

/** So many wrong passwords in a row from one browser; the statuses. */
async function guess(browser: Browser, email: string, times: number): Promise<number[]> {
  const statuses: number[] = []
  for (let at = 0; at < times; at += 1) {
    statuses.push((await signInAt(browser, { email, password: 'wrong wrong wrong' })).status)
  }
  return statuses
}

describe('guessing (W17)', () => {
  it('costs nothing five times, then waits, twice as long every time, and says how long', async () => {
    const start = api.clock.now()
    const who = await employ(api, 'support')
    const browser = openBrowser(api)
    expect(await guess(browser, who.email, 6)).toEqual([401, 401, 401, 401, 401, 429])
    const closed = await signInAt(browser, who)
    expect(closed.status).toBe(429)
    expect(closed.headers.get('retry-after')).toBe('1')
    api.clock.advance(1_000)
    expect(await guess(browser, who.email, 2)).toEqual([401, 429])
    api.clock.advance(1_000)
    expect((await signInAt(browser, who)).headers.get('retry-after')).toBe('1')
    api.clock.advance(1_000)
    expect((await signInAt(browser, who)).status).toBe(200)
    // Being right ends the count.
    expect(await guess(openBrowser(api), who.email, 5)).toEqual([401, 401, 401, 401, 401])
    api.clock.set(start)
    await api.db.deleteFrom('guess_counter').execute()
  })

  it('is counted before it is looked at: of thirty at once five are', async () => {
    const who = await employ(api, 'support')
    const browser = openBrowser(api)
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => signInAt(browser, { email: who.email, password: 'wrong wrong' })),
    )
    expect(answers.filter((answer) => answer.status === 401)).toHaveLength(5)
    expect(answers.filter((answer) => answer.status === 429)).toHaveLength(25)
    await api.db.deleteFrom('guess_counter').execute()
  })

  it('by strangers keeps nobody out who has signed in from this browser before', async () => {
    const who = await employ(api, 'support')
    const mine = openBrowser(api)
    await signInAt(mine, who)
    expect(mine.cookies.has(deviceCookie)).toBe(true)
    await mine.delete('/sign-in')
    await guess(openBrowser(api), who.email, 8)
    expect((await signInAt(openBrowser(api), who)).status).toBe(429)
    expect((await signInAt(mine, who)).status).toBe(200)
    // The browser is no licence to guess: it has a count of its own, and none for anybody else.
    expect(await guess(mine, who.email, 6)).toEqual([401, 401, 401, 401, 401, 429])
    const other = await employ(api, 'support')
    await guess(openBrowser(api), other.email, 6)
    expect((await signInAt(mine, other)).status).toBe(429)
    await api.db.deleteFrom('guess_counter').execute()
  })

  it('elsewhere keeps nobody out of an office that the settings name', async () => {
    const who = await employ(api, 'administrator')
    await guess(openBrowser(api), who.email, 7)
    expect((await signInAt(openBrowser(api), who)).status).toBe(429)
    await writeSetting(api.db, { name: 'sign_in_networks', value: ['127.0.0.0/8'] }, api.clock.now())
    expect((await signInAt(openBrowser(api), who)).status).toBe(200)
    await writeSetting(api.db, { name: 'sign_in_networks', value: [] }, api.clock.now())
    await api.db.deleteFrom('guess_counter').execute()
  })

  it('over many accounts from one address is slowed down too', async () => {
    const browser = openBrowser(api)
    const statuses: number[] = []
    for (let at = 0; at < 22; at += 1) statuses.push(...(await guess(browser, `spray-${at}@example.net`, 1)))
    expect(statuses.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => 401))
    expect(statuses.slice(20)).toEqual([429, 429])
    await api.db.deleteFrom('guess_counter').execute()
  })
})

describe('the second factor (W18, W19)', () => {
  it('is owed after the password: until the code is given nothing can be done', async () => {
    const browser = openBrowser(api)
    const who = await employ(api, 'super-administrator')
    await signInAt(browser, who)
    const { secret } = await enrolAt(browser, api.clock.now())
    api.clock.advance(60_000)
    expect((await signInAt(browser, who)).body).toMatchObject({ state: 'password' })
    expect((await browser.get('/operators')).body).toMatchObject({ status: 401, code: 'second-factor-needed' })
    expect((await browser.post('/me/password', { old_password: who.password, new_password: 'x' })).status).toBe(401)
    expect((await browser.post('/sign-in/proof', { password: who.password })).status).toBe(401)
    expect((await browser.delete('/me/second-factor')).status).toBe(401)
    const half = browser.cookies.get(sessionCookie)!
    const given = await browser.post('/sign-in/code', { code: codeAt(secret, api.clock.now()) })
    expect(given.body).toMatchObject({ state: 'full', recovery_code_used: false })
    expect(browser.cookies.get(sessionCookie)).not.toBe(half)
    const old = openBrowser(api)
    old.cookies.set(sessionCookie, half)
    expect((await old.get('/me')).status).toBe(401)
    expect((await browser.get('/operators')).status).toBe(200)
    expect((await browser.post('/sign-in/code', { code: '123456' })).status).toBe(409)
  })

  it('takes a code once, and of the steps before and after only the nearest', async () => {
    const start = api.clock.now()
    const browser = openBrowser(api)
    const who = await employ(api, 'support')
    await signInAt(browser, who)
    const { secret } = await enrolAt(browser, api.clock.now())
    const giveAt = async (offsetMs: number): Promise<number> => {
      await api.db.deleteFrom('guess_counter').execute()
      const fresh = openBrowser(api)
      await signInAt(fresh, who)
      const code = codeAt(secret, new Date(api.clock.now().getTime() + offsetMs))
      return (await fresh.post('/sign-in/code', { code })).status
    }
    // The code that confirmed the enrolment is used up.
    expect(await giveAt(0)).toBe(401)
    api.clock.advance(120_000)
    expect(await giveAt(-60_000)).toBe(401)
    expect(await giveAt(60_000)).toBe(401)
    expect(await giveAt(-30_000)).toBe(200)
    expect(await giveAt(-30_000)).toBe(401)
    expect(await giveAt(30_000)).toBe(200)
    // A clock that steps back brings no used code back.
    api.clock.advance(-60_000)
    expect(await giveAt(0)).toBe(401)
    api.clock.set(start)
    await api.db.deleteFrom('guess_counter').execute()
  })

  it('is used up by one of two requests that bring the same code at once', async () => {
    const browser = openBrowser(api)
    const who = await employ(api, 'support')
    await signInAt(browser, who)
    const { secret } = await enrolAt(browser, api.clock.now())
    api.clock.advance(60_000)
    const two = [openBrowser(api), openBrowser(api)]
    for (const one of two) await signInAt(one, who)
    const code = codeAt(secret, api.clock.now())
    const statuses = await Promise.all(two.map(async (one) => (await one.post('/sign-in/code', { code })).status))
    expect(statuses.toSorted((one, other) => one - other)).toEqual([200, 401])
    await api.db.deleteFrom('guess_counter').execute()
  })

  it('ends the half-open session at the fifth wrong code', async () => {
    const browser = openBrowser(api)
    const who = await employ(api, 'support')
    await signInAt(browser, who)
    await enrolAt(browser, api.clock.now())
    api.clock.advance(60_000)
    await signInAt(browser, who)
    await api.db.deleteFrom('guess_counter').execute()
    const answers = []
    for (let at = 0; at < 6; at += 1) {
      answers.push((await browser.post('/sign-in/code', { code: '000000' })).body['code'])
      await api.db.deleteFrom('guess_counter').execute()
    }
    expect(answers).toEqual([...Array.from({ length: 4 }, () => 'wrong-credentials'), 'not-signed-in', 'not-signed-in'])
  })

  it('can be a recovery code, each once; they are kept as keyed digests only', async () => {
    const browser = openBrowser(api)
    const who = await employ(api, 'support')
    await signInAt(browser, who)
    const { recoveryCodes } = await enrolAt(browser, api.clock.now())
    expect(new Set(recoveryCodes).size).toBe(10)
    const rows = await api.db.selectFrom('recovery_code').select('code_hash').execute()
    expect(rows.map((row) => row.code_hash.toString('latin1')).join()).not.toContain(recoveryCodes[0])
    const use = async (code: string) => {
      await signInAt(browser, who)
      return browser.post('/sign-in/code', { code })
    }
    expect((await use(recoveryCodes[0]!.toUpperCase().replaceAll('-', ' '))).body).toMatchObject({
      state: 'full',
      recovery_code_used: true,
    })
    expect((await browser.get('/me/second-factor')).body).toMatchObject({ recovery_codes_left: 9 })
    expect((await use(recoveryCodes[0]!)).status).toBe(401)
    expect((await use(recoveryCodes[1]!)).status).toBe(200)
    await api.db.deleteFrom('guess_counter').execute()
  })
})

describe('proving once more who one is (W20)', () => {
  it('is asked for by grave deeds after five minutes, and gives the session a new id', async () => {
    const start = api.clock.now()
    const browser = openBrowser(api)
    const who = await employ(api, 'super-administrator')
    await signInAt(browser, who)
    api.clock.advance(6 * 60_000)
    expect((await browser.post('/me/second-factor')).body).toMatchObject({ code: 'recent-proof-needed' })
    expect((await browser.post('/sign-in/proof', { password: 'not it at all' })).status).toBe(401)
    const before = browser.cookies.get(sessionCookie)
    expect((await browser.post('/sign-in/proof', { password: who.password })).body).toMatchObject({ state: 'full' })
    expect(browser.cookies.get(sessionCookie)).not.toBe(before)
    const { secret } = await enrolAt(browser, api.clock.now())
    api.clock.advance(6 * 60_000)
    expect((await browser.delete('/me/second-factor')).status).toBe(403)
    expect((await browser.post('/sign-in/proof', { code: codeAt(secret, api.clock.now()) })).status).toBe(200)
    expect((await browser.post('/sign-in/proof', { code: codeAt(secret, api.clock.now()) })).status).toBe(401)
    expect((await browser.delete('/me/second-factor')).status).toBe(204)
    expect((await browser.post('/sign-in/proof', { password: who.password, code: '123456' })).status).toBe(400)
    api.clock.set(start)
  })

  it('ends a session that is wrong five times', async () => {
    const browser = openBrowser(api)
    await signInAt(browser, await employ(api, 'support'))
    const statuses = []
    for (let at = 0; at < 5; at += 1)
      statuses.push((await browser.post('/sign-in/proof', { password: 'no' })).body.code)
    expect(statuses.at(-1)).toBe('not-signed-in')
    expect((await browser.get('/me')).status).toBe(401)
  })
})
