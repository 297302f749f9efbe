// Operators through the API: the list, what is done to them, who may do it to whom, and who is out at once.

import { describe, expect, it } from 'vitest'
import type { Answer } from '../../support/api.ts'
import { useApi } from '../../support/api.ts'
import { codeAt, employ, enrolAt, openBrowser, signInAt } from '../../support/browser.ts'

const api = useApi()

const roleIds = new Map<string, number>()
async function roleId(name: string): Promise<number> {
  if (roleIds.size === 0) {
    for (const role of await api.db.selectFrom('role').select(['id', 'name']).execute()) {
      roleIds.set(role.name, Number(role.id))
    }
  }
  return roleIds.get(name)!
}

const items = (answer: Answer): Record<string, unknown>[] => answer.body['items'] as Record<string, unknown>[]
const emails = (answer: Answer): unknown[] => items(answer).map((operator) => operator['email'])

describe('the list of operators', () => {
  it('is searched, filtered, sorted, cut to columns, and paged without gap or repetition', async () => {
    const boss = await api.as('super-administrator')
    const village = await api.reseller('List Village')
    const hired: string[] = []
    for (let at = 0; at < 7; at += 1) hired.push((await employ(api, at % 2 === 0 ? 'billing' : 'viewer')).email)
    await employ(api, 'reseller', { organisationId: village })
    const billing = await boss.get(`/operators?role=${await roleId('billing')}`)
    expect(items(billing)).toHaveLength(4)
    expect(items(await boss.get(`/operators?organisation=${village}`))).toHaveLength(1)
    const wanted = hired[3]!.toUpperCase().split('@')[0]!
    expect(emails(await boss.get(`/operators?search=${wanted}@`))).toEqual([hired[3]])
    expect(items(await boss.get('/operators?signed_in=true'))).toHaveLength(1)
    expect(items(await boss.get('/operators?archived=true'))).toHaveLength(0)
    expect(items(await boss.get('/operators?enabled=false'))).toHaveLength(0)
    for (const sort of ['name', 'email', 'role', 'team', 'organisation', 'created_at', 'last_login_at']) {
      for (const order of ['asc', 'desc']) {
        const whole = emails(await boss.get(`/operators?sort=${sort}&order=${order}`))
        const paged: unknown[] = []
        let cursor = ''
        do {
          const page = await boss.get(`/operators?sort=${sort}&order=${order}&limit=2${cursor}`)
          expect(page.status).toBe(200)
          paged.push(...emails(page))
          const next = page.body['next_cursor'] as string | null
          cursor = next === null ? '' : `&cursor=${next}`
        } while (cursor !== '')
        expect([sort, order, paged]).toEqual([sort, order, whole])
      }
    }
    const narrow = await boss.get('/operators?columns=email,role&limit=1')
    expect(Object.keys(items(narrow)[0]!).toSorted()).toEqual(['email', 'id', 'role'])
    for (const bad of ['columns=password_hash', 'sort=password_hash', 'cursor=%20', 'role=1;drop', 'limit=0', 'x=1']) {
      expect([bad, (await boss.get(`/operators?${bad}`)).status]).toEqual([bad, 400])
    }
  })

  it('shows no password, hash or secret', async () => {
    const boss = await api.as('super-administrator')
    const who = await employ(api, 'support')
    const one = await boss.get(`/operators/${who.id}`)
    expect(one.text).not.toMatch(/argon2|totp_secret|password_hash/)
    expect(one.body).toMatchObject({ email: who.email, has_password: true, second_factor: false, sessions: 0 })
    expect((await boss.get('/operators/999999')).status).toBe(404)
  })
})

describe('adding an operator', () => {
  it('shows a made-up password once; with it the operator signs in and must change it', async () => {
    const boss = await api.as('administrator')
    const body = {
      name: 'Nora New',
      email: 'Nora@Example.net',
      role_id: await roleId('support'),
      phone: '+49 30 123456',
    }
    const made = await boss.post('/operators', body)
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({ email: 'nora@example.net', phone: '+4930123456', must_change_password: true })
    const password = String(made.body['password'])
    expect((await boss.get(`/operators/${Number(made.body['id'])}`)).text).not.toContain(password)
    const browser = openBrowser(api)
    expect((await signInAt(browser, { email: 'nora@example.net', password })).body).toMatchObject({ state: 'change' })
    expect((await boss.post('/operators', body)).status).toBe(409)
    expect((await boss.post('/operators', { ...body, email: 'no', name: 'N' })).status).toBe(422)
    expect((await boss.post('/operators', { ...body, password: 'chosen by me' })).status).toBe(400)
    expect((await boss.post('/operators', { ...body, email: 'x@example.net', role_id: 99_999 })).status).toBe(404)
  })

  it('can be an invitation: a link by mail lets them choose', async () => {
    const boss = await api.as('administrator')
    const body = { name: 'Ida Invited', email: 'ida@example.net', role_id: await roleId('support'), invite: true }
    // Without knowing where the panel is there is no link to send, and nobody is added.
    expect((await boss.post('/operators', body)).status).toBe(409)
    await api.db
      .insertInto('setting')
      .values({ name: 'panel_url', value: JSON.stringify('https://panel.example.net'), updated_at: api.clock.now() })
      .execute()
    const made = await boss.post('/operators', body)
    expect(made.body).toMatchObject({ password: null, has_password: false, must_change_password: false })
    const mails = await api.db.selectFrom('message').select('kind').where('recipient', '=', 'ida@example.net').execute()
    expect(mails).toEqual([{ kind: 'operator-invitation' }])
  })
})

describe('changing an operator', () => {
  it('keeps what is not named, tells the version, and refuses an older one (If-Match)', async () => {
    const boss = await api.as('super-administrator')
    const who = await employ(api, 'support')
    const read = await boss.get(`/operators/${who.id}`)
    const etag = read.headers.get('etag')!
    const changed = await boss.patch(`/operators/${who.id}`, { phone_extension: '42' }, { 'if-match': etag })
    expect(changed.body).toMatchObject({ ...read.body, phone_extension: '42' })
    expect(changed.headers.get('etag')).not.toBe(etag)
    expect((await boss.patch(`/operators/${who.id}`, { name: 'Late' }, { 'if-match': etag })).status).toBe(412)
    const entry = await api.db
      .selectFrom('audit_entry')
      .select(['action', 'before', 'after', 'author_name'])
      .where('noun', '=', 'operator')
      .where('row_id', '=', who.id)
      .orderBy('id', 'desc')
      .executeTakeFirst()
    expect(entry).toEqual({
      action: 'operator.edit',
      before: { phone_extension: null },
      after: { phone_extension: '42' },
      author_name: boss.email,
    })
  })

  it('puts them out at once when their role, team, login or service changes, and not when their phone does (W14)', async () => {
    const boss = await api.as('super-administrator')
    const team = await boss.post('/teams', { name: 'North', zones: ['north'] })
    const changes: [object, number][] = [
      [{ phone: '+4930123456' }, 200],
      [{ role_id: await roleId('viewer') }, 401],
      [{ team_id: team.body['id'] }, 401],
      [{ email: 'moved@example.net' }, 401],
      [{ enabled: false }, 401],
      [{ must_change_password: true }, 401],
    ]
    for (const [change, status] of changes) {
      const browser = openBrowser(api)
      const who = await employ(api, 'support')
      await signInAt(browser, who)
      expect((await boss.patch(`/operators/${who.id}`, change)).status).toBe(200)
      expect([change, (await browser.get('/me')).status]).toEqual([change, status])
    }
  })

  it('asks for a fresh proof (W20)', async () => {
    const stale = await api.as('super-administrator', { provedAt: new Date(api.clock.now().getTime() - 6 * 60_000) })
    const who = await employ(api, 'support')
    const answer = await stale.patch(`/operators/${who.id}`, { name: 'Other Name' })
    expect(answer.body).toMatchObject({ status: 403, code: 'recent-proof-needed' })
    expect((await stale.post(`/operators/${who.id}/reset-password`)).status).toBe(403)
    expect((await stale.delete(`/operators/${who.id}`)).status).toBe(403)
  })
})

describe('rank', () => {
  it('nobody touches who may more than themselves, or makes one', async () => {
    const administrator = await api.as('administrator')
    const above = await employ(api, 'super-administrator')
    const deeds: (() => Promise<Answer>)[] = [
      () => administrator.patch(`/operators/${above.id}`, { name: 'Taken Over' }),
      () => administrator.post(`/operators/${above.id}/reset-password`),
      () => administrator.delete(`/operators/${above.id}/second-factor`),
      () => administrator.delete(`/operators/${above.id}/panel-sessions`),
      () => administrator.delete(`/operators/${above.id}`),
    ]
    for (const deed of deeds) expect((await deed()).status).toBe(403)
    const role = await roleId('super-administrator')
    const fresh = { name: 'Me Again', email: 'me-again@example.net', role_id: role }
    expect((await administrator.post('/operators', fresh)).status).toBe(403)
    const who = await employ(api, 'support')
    expect((await administrator.patch(`/operators/${who.id}`, { role_id: role })).status).toBe(403)
    expect((await administrator.patch(`/operators/${administrator.operatorId}`, { role_id: role })).status).not.toBe(
      200,
    )
  })

  it('nobody changes their own rights or deletes themselves', async () => {
    const boss = await api.as('super-administrator')
    await employ(api, 'super-administrator')
    expect((await boss.patch(`/operators/${boss.operatorId}`, { enabled: false })).status).toBe(409)
    expect((await boss.delete(`/operators/${boss.operatorId}`)).status).toBe(409)
    expect((await boss.patch(`/operators/${boss.operatorId}`, { name: 'Just a name' })).status).toBe(200)
  })

  it('the last super-administrator stays, also when two take each other away at once', async () => {
    await api.db.updateTable('operator').set({ enabled: false }).execute()
    const one = await api.as('super-administrator')
    const two = await api.as('super-administrator')
    const answers = await Promise.all([
      one.patch(`/operators/${two.operatorId}`, { enabled: false }),
      two.delete(`/operators/${one.operatorId}`),
    ])
    expect(answers.map((answer) => answer.status < 300).filter(Boolean)).toHaveLength(1)
    const left = await api.db
      .selectFrom('operator')
      .innerJoin('role', 'role.id', 'operator.role_id')
      .select('operator.id')
      .where('role.name', '=', 'super-administrator')
      .where('operator.enabled', '=', true)
      .execute()
    expect(left).toHaveLength(1)
  })

  it('a reseller’s operators are all that a reseller’s operator sees, and none gets more than it may', async () => {
    const [one, other] = [await api.reseller('Rank One'), await api.reseller('Rank Two')]
    const boss = await api.as('super-administrator')
    const made = await boss.post('/roles', {
      name: 'reseller lead',
      permissions: ['operator.read', 'operator.edit', 'token.edit', 'subscriber.read'],
    })
    const lead = await api.as('reseller', { organisationId: one, roleId: BigInt(Number(made.body['id'])) })
    const mine = await employ(api, 'reseller lead', { organisationId: one })
    const theirs = await employ(api, 'reseller', { organisationId: other })
    const ours = await employ(api, 'support')
    expect(new Set(emails(await lead.get('/operators')))).toEqual(new Set([lead.email, mine.email]))
    expect(items(await lead.get(`/operators?organisation=${other}`))).toEqual([])
    for (const id of [theirs.id, ours.id]) {
      expect((await lead.get(`/operators/${id}`)).status).toBe(404)
      expect((await lead.get(`/operators/${id}/panel-sessions`)).status).toBe(404)
      expect((await lead.patch(`/operators/${id}`, { name: 'Stolen' })).status).toBe(404)
      expect((await lead.delete(`/operators/${id}`)).status).toBe(404)
      expect((await lead.post(`/operators/${id}/reset-password`)).status).toBe(404)
      const bulk = await lead.post('/operators/bulk', { action: 'disable', target: { ids: [Number(id)] } })
      expect(bulk.body).toMatchObject({ done: 0, refused: 1, results: [{ email: null, kind: 'refused' }] })
    }
    expect((await lead.patch(`/operators/${mine.id}`, { organisation_id: Number(other) })).status).toBe(404)
    // Its own organisation without being asked; a role that may more than it does is refused.
    const fresh = { name: 'Under Me', email: 'under-me@example.net', role_id: Number(made.body['id']) }
    expect((await lead.post('/operators', fresh)).body).toMatchObject({ organisation_id: Number(one) })
    const reseller = { ...fresh, email: 'x2@example.net', role_id: await roleId('reseller') }
    expect((await lead.post('/operators', reseller)).status).toBe(403)
  })

  it('who sees some zones makes nobody who sees others', async () => {
    const boss = await api.as('super-administrator')
    const north = await boss.post('/teams', { name: 'Rank North', zones: ['north', 'coast'] })
    const coast = await boss.post('/teams', { name: 'Rank Coast', zones: ['coast'] })
    const south = await boss.post('/teams', { name: 'Rank South', zones: ['south'] })
    const support = await roleId('support')
    const lead = await api.as('administrator', { teamId: BigInt(Number(north.body['id'])) })
    const fresh = (email: string, team: unknown) => ({
      name: 'Team Mate',
      email,
      role_id: support,
      team_id: team,
    })
    expect((await lead.post('/operators', fresh('t1@example.net', coast.body['id']))).status).toBe(201)
    expect((await lead.post('/operators', fresh('t2@example.net', south.body['id']))).status).toBe(403)
    expect((await lead.post('/operators', fresh('t3@example.net', null))).status).toBe(403)
    expect((await lead.patch(`/teams/${Number(north.body['id'])}`, { zones: null })).status).toBe(403)
  })
})

describe('what is done to an operator', () => {
  it('a password is reset: shown once, everybody signed in with the old one is out', async () => {
    const boss = await api.as('super-administrator')
    const browser = openBrowser(api)
    const who = await employ(api, 'support')
    await signInAt(browser, who)
    const reset = await boss.post(`/operators/${who.id}/reset-password`)
    expect((await browser.get('/me')).status).toBe(401)
    expect((await signInAt(browser, who)).status).toBe(401)
    const fresh = { email: who.email, password: String(reset.body['password']) }
    expect((await signInAt(browser, fresh)).body).toMatchObject({ state: 'change' })
    const audit = await api.db.selectFrom('audit_entry').select(['before', 'after']).execute()
    expect(JSON.stringify(audit)).not.toContain(fresh.password)
  })

  it('a lost second factor is reset, where there is one', async () => {
    const boss = await api.as('super-administrator')
    const browser = openBrowser(api)
    const who = await employ(api, 'support')
    await signInAt(browser, who)
    expect((await boss.delete(`/operators/${who.id}/second-factor`)).status).toBe(409)
    const { secret } = await enrolAt(browser, api.clock.now())
    expect((await boss.delete(`/operators/${who.id}/second-factor`)).status).toBe(204)
    expect((await browser.get('/me')).status).toBe(401)
    expect((await signInAt(browser, who)).body).toMatchObject({ state: 'full' })
    expect((await browser.post('/sign-in/code', { code: codeAt(secret, api.clock.now()) })).status).toBe(409)
  })

  it('sessions are listed and ended by who watches over them', async () => {
    const boss = await api.as('super-administrator')
    const who = await employ(api, 'support')
    const browsers = [openBrowser(api), openBrowser(api), openBrowser(api)]
    for (const browser of browsers) await signInAt(browser, who)
    const path = `/operators/${who.id}/panel-sessions`
    const listed = items(await boss.get(path))
    expect(listed).toHaveLength(3)
    expect((await boss.delete(`${path}/${Number(listed[0]!['id'])}`)).status).toBe(204)
    expect((await boss.delete(`${path}/${Number(listed[0]!['id'])}`)).status).toBe(404)
    expect((await boss.delete(`/operators/${boss.operatorId}/panel-sessions/${Number(listed[1]!['id'])}`)).status).toBe(
      404,
    )
    expect((await boss.delete(path)).body).toEqual({ ended: 2 })
    for (const browser of browsers) expect((await browser.get('/me')).status).toBe(401)
  })

  it('deleted means gone from the list and out at once, with the name free again and the deeds kept', async () => {
    const boss = await api.as('super-administrator')
    const browser = openBrowser(api)
    const who = await employ(api, 'super-administrator')
    await signInAt(browser, who)
    expect((await boss.delete(`/operators/${who.id}`)).status).toBe(204)
    expect((await browser.get('/me')).status).toBe(401)
    expect(emails(await boss.get(`/operators?search=${who.email}`))).toEqual([])
    expect(emails(await boss.get(`/operators?archived=true&search=${who.email}`))).toEqual([who.email])
    expect((await boss.get(`/operators/${who.id}`)).body).toMatchObject({ enabled: false, has_password: false })
    expect((await boss.patch(`/operators/${who.id}`, { enabled: true })).status).toBe(404)
    const again = { name: 'Back Again', email: who.email, role_id: await roleId('support') }
    expect((await boss.post('/operators', again)).status).toBe(201)
  })
})
