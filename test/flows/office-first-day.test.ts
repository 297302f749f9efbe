// A new ISP's first day: the token of the console makes the first administrator, who takes a second factor, invites colleagues,
// and puts one of them out who leaves; told over the HTTP API, with what the audit trail says of it in the end.

import { afterAll, describe, expect, it } from 'vitest'
import { bearerHash, makeBearer } from '../../src/domain/operator/caller.ts'
import { makeSetupToken } from '../../src/domain/operator/setup.ts'
import { writeSetting } from '../../src/domain/setting.ts'
import { useApi } from '../support/api.ts'
import type { Answer } from '../support/api.ts'
import { codeAt, enrolAt, openBrowser, signInAt } from '../support/browser.ts'
import type { Browser } from '../support/browser.ts'
import { findBreaches, insist } from '../support/invariants.ts'

const api = useApi()
// Before the database goes: what must hold after every story.
afterAll(async () => insist(await findBreaches(api.pool, api.clock.now())))
const owner = { email: 'olga@isp.example', name: 'Olga Owner', password: 'Kelp7-Lantern-Oar' }
const boss = openBrowser(api)
let secret: Buffer
let codes: string[]

const items = (answer: Answer): Record<string, unknown>[] => answer.body['items'] as Record<string, unknown>[]
const minutes = (count: number): void => api.clock.advance(count * 60_000)
async function roleId(name: string): Promise<number> {
  return Number(items(await boss.get('/roles')).find((role) => role['name'] === name)!['id'])
}

/** The token of the link in a mail cannot be read from the database; the test puts one of its own in place. */
async function linkOf(operatorId: number): Promise<string> {
  const token = makeBearer()
  const last = api.db.selectFrom('password_reset').select('id').where('operator_id', '=', BigInt(operatorId))
  await api.db
    .updateTable('password_reset')
    .set({ token_hash: bearerHash(token) })
    .where('id', '=', last.where('used_at', 'is', null))
    .execute()
  return token
}

async function proveBy(browser: Browser, key: Buffer): Promise<void> {
  const proved = await browser.post('/sign-in/proof', { code: codeAt(key, api.clock.now()) })
  expect(proved.status, `of ${proved.text}`).toBe(200)
}

describe('the first day', () => {
  it('begins at a door that only who runs the server can open', async () => {
    expect((await boss.get('/setup')).body).toEqual({ open: true, me: null })
    expect((await signInAt(boss, { email: 'admin@example.net', password: 'admin' })).status).toBe(401)
    const first = (await makeSetupToken(api.db, api.clock.now()))!
    const token = (await makeSetupToken(api.db, api.clock.now()))!
    // The service was started twice: the token printed last counts.
    expect((await boss.post('/setup', { ...owner, token: first })).status).toBe(401)
    expect((await boss.post('/setup', { ...owner, token, password: 'isp.example1' })).status).toBe(422)
    const [one, two] = await Promise.all([
      boss.post('/setup', { ...owner, token }),
      openBrowser(api).post('/setup', { ...owner, token, email: 'eve@evil.example' }),
    ])
    expect([one.status, two.status].toSorted((a, b) => a - b)).toEqual([201, 401])
    expect((await boss.get('/setup')).body).toEqual({ open: false, me: null })
    expect(await makeSetupToken(api.db, api.clock.now())).toBeUndefined()
    if (one.status !== 201) owner.email = 'eve@evil.example'
  })

  it('goes on with signing in and a second factor, which is owed from then on', async () => {
    expect((await signInAt(boss, owner)).body).toMatchObject({ state: 'full' })
    ;({ secret, recoveryCodes: codes } = await enrolAt(boss, api.clock.now()))
    expect(codes).toHaveLength(10)
    const other = openBrowser(api)
    expect((await signInAt(other, owner)).body).toMatchObject({ state: 'password' })
    for (const path of ['/me/second-factor', '/operators', '/subscribers']) {
      expect([path, (await other.get(path)).status]).toEqual([path, 401])
    }
    // The code that confirmed the app is used up.
    expect((await other.post('/sign-in/code', { code: codeAt(secret, api.clock.now()) })).status).toBe(401)
    minutes(1)
    expect((await other.post('/sign-in/code', { code: codeAt(secret, api.clock.now()) })).body).toMatchObject({
      state: 'full',
      recovery_code_used: false,
    })
    expect((await boss.get('/me')).status).toBe(200)
  })

  it('invites nobody before it is known where the panel is', async () => {
    const sam = { name: 'Sam Support', email: 'sam@isp.example', role_id: await roleId('support'), invite: true }
    const refused = await boss.post('/operators', sam)
    expect([refused.status, refused.body['errors']]).toEqual([409, [expect.objectContaining({ field: 'invite' })]])
    // Nobody was half added: the same address is still free.
    expect(items(await boss.get('/operators'))).toHaveLength(1)
    await writeSetting(api.db, { name: 'panel_url', value: 'https://panel.isp.example' }, api.clock.now())
    const invited = await boss.post('/operators', sam)
    expect([invited.status, invited.body['password'], invited.body['has_password']]).toEqual([201, null, false])
    const browser = openBrowser(api)
    expect((await signInAt(browser, { email: sam.email, password: 'anything at all' })).status).toBe(401)
    const token = await linkOf(Number(invited.body['id']))
    expect((await browser.post('/sign-in/reset', { token, password: 'sam@isp.example' })).status).toBe(422)
    expect((await browser.post('/sign-in/reset', { token, password: 'Birch2-Compass-Tern' })).status).toBe(204)
    expect((await browser.post('/sign-in/reset', { token, password: 'Fern4-Granite-Owl' })).status).toBe(401)
    expect((await signInAt(browser, { email: sam.email, password: 'Birch2-Compass-Tern' })).body).toMatchObject({
      state: 'full',
    })
    expect((await browser.get('/subscribers')).status).toBe(200)
    expect((await browser.get('/operators')).status).toBe(403)
  })

  it('asks the administrator who they are before a colleague gets a role', async () => {
    minutes(10)
    const body = { name: 'Ada Admin', email: 'ada@isp.example', role_id: await roleId('administrator') }
    const asked = await boss.post('/operators', body)
    expect([asked.status, asked.body['code']]).toEqual([403, 'recent-proof-needed'])
    await proveBy(boss, secret)
    const added = await boss.post('/operators', body)
    expect(added.status).toBe(201)
    const password = String(added.body['password'])
    const ada = openBrowser(api)
    expect((await signInAt(ada, { email: body.email, password })).body).toMatchObject({ state: 'change' })
    expect((await ada.get('/operators')).status).toBe(403)
    const chosen = { old_password: password, new_password: 'Heron5-Sextant-Elm' }
    expect((await ada.post('/me/password', chosen)).body).toEqual({ state: 'full' })
    const list = items(await ada.get('/operators?sort=email&columns=email,role'))
    expect(new Set(list.map((row) => row['role']))).toEqual(
      new Set(['administrator', 'super-administrator', 'support']),
    )
    // Ada may much, but not raise anybody above herself, herself included.
    const raised = { name: 'Eve', email: 'e@isp.example', role_id: await roleId('super-administrator') }
    expect((await ada.post('/operators', { ...raised, name: 'Eve Evil' })).status).toBe(403)
    const me = list.find((row) => row['role'] === 'administrator')!['id'] as number
    expect((await ada.patch(`/operators/${me}`, { role_id: raised.role_id })).status).toBe(409)
  })
})

describe('a colleague who leaves', () => {
  it('is out within the same request: every browser, every token, every link', async () => {
    minutes(10)
    await proveBy(boss, secret)
    const added = await boss.post('/operators', {
      name: 'Leo Leaver',
      email: 'leo@isp.example',
      role_id: await roleId('support'),
    })
    const id = Number(added.body['id'])
    const password = String(added.body['password'])
    const [desk, home] = [openBrowser(api), openBrowser(api)]
    await signInAt(desk, { email: 'leo@isp.example', password })
    const mine = 'Otter3-Beacon-Ash'
    await desk.post('/me/password', { old_password: password, new_password: mine })
    await signInAt(home, { email: 'leo@isp.example', password: mine })
    const expiresAt = new Date(api.clock.now().getTime() + 86_400_000).toISOString()
    const made = await desk.post('/me/api-tokens', {
      name: 'Script',
      permissions: ['subscriber.read'],
      expires_at: expiresAt,
    })
    const program = openBrowser(api, { authorization: `bearer ${String(made.body['token'])}` })
    const asked = await openBrowser(api).post('/sign-in/forgotten', { email: 'leo@isp.example' })
    expect(asked.status).toBe(202)
    const token = await linkOf(id)
    for (const one of [desk, home, program]) expect((await one.get('/subscribers')).status).toBe(200)

    expect((await boss.patch(`/operators/${id}`, { enabled: false })).body).toMatchObject({
      enabled: false,
      sessions: 0,
    })
    for (const one of [desk, home, program]) expect((await one.get('/subscribers')).status).toBe(401)
    expect((await signInAt(home, { email: 'leo@isp.example', password: mine })).status).toBe(401)
    expect((await home.post('/sign-in/reset', { token, password: 'Fern4-Granite-Owl' })).status).toBe(401)
    expect((await openBrowser(api).post('/sign-in/forgotten', { email: 'leo@isp.example' })).status).toBe(202)

    // Back from a long leave: signing in works again, what was revoked stays revoked.
    await boss.patch(`/operators/${id}`, { enabled: true })
    expect((await program.get('/subscribers')).status).toBe(401)
    expect((await desk.get('/subscribers')).status).toBe(401)
    expect((await signInAt(home, { email: 'leo@isp.example', password: mine })).status).toBe(200)
    expect((await boss.delete(`/operators/${id}`)).status).toBe(204)
    expect((await home.get('/subscribers')).status).toBe(401)
    expect((await signInAt(home, { email: 'leo@isp.example', password: mine })).status).toBe(401)
  })

  it('is in the trail with every step, under the name of who took it', async () => {
    const trail = items(await boss.get('/audit?noun=operator&limit=200'))
    const actions = trail.map((entry) => entry['action'])
    for (const action of ['create', 'change-password', 'disable', 'enable', 'delete', 'sign-in-failed', 'proof']) {
      expect(actions, `of ${action}`).toContain(`operator.${action}`)
    }
    const text = JSON.stringify(trail)
    for (const never of ['Otter3', 'Kelp7', 'Birch2', 'argon2', 'totp_secret', ...codes])
      expect(text).not.toContain(never)
  })
})

describe('a phone that is lost', () => {
  it('is replaced by a recovery code, once, and by a new app', async () => {
    const lost = openBrowser(api)
    minutes(10)
    expect((await signInAt(lost, owner)).body).toMatchObject({ state: 'password' })
    const used = await lost.post('/sign-in/code', { code: codes[0]!.toUpperCase() })
    expect(used.body).toMatchObject({ state: 'full', recovery_code_used: true })
    expect((await lost.get('/me/second-factor')).body).toMatchObject({ recovery_codes_left: 9 })
    const fresh = await enrolAt(lost, api.clock.now())
    // Whoever found the phone is out: the old app, the old codes and the other browsers.
    expect((await boss.get('/me')).status).toBe(401)
    minutes(2)
    const finder = openBrowser(api)
    await signInAt(finder, owner)
    expect((await finder.post('/sign-in/code', { code: codeAt(secret, api.clock.now()) })).status).toBe(401)
    expect((await finder.post('/sign-in/code', { code: codes[1]! })).status).toBe(401)
    expect((await finder.post('/sign-in/code', { code: codeAt(fresh.secret, api.clock.now()) })).status).toBe(200)
  })
})
