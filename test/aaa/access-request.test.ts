import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readClass } from '../../src/domain/session-class.ts'
import { lastDecisions } from '../../src/domain/access-log.ts'
import { defaultSettings } from '../../src/domain/setting.ts'
import { createSecret } from '../../src/radius/authenticator.ts'
import { valueOf } from '../support/radius.ts'
import { after, insertPlan, insertRow, insertSession, insertSubscriber, macB } from '../support/access.ts'
import { chap, decidedBy, pap, requestOf, startAccess } from '../support/access-handler.ts'
import type { AccessUnderTest } from '../support/access-handler.ts'
import { testNas } from '../support/access.ts'
import { useDatabase } from '../support/database.ts'

describe.each(decidedBy)('decided by %s:', (by) => {
  // Where the two differ: what is not known is silence, the log says by what it was decided, and nothing is claimed or written.
  const isLastKnown = by === 'what is last known'
  const ofTheBooks = isLastKnown ? [] : [by]
  const database = useDatabase()
  let access: AccessUnderTest
  let planId: bigint
  let limitedId: bigint

  beforeAll(async () => {
    access = await startAccess(database, { by })
    planId = await insertPlan(database.pool, { name: 'Home50', pool: 'home' })
    limitedId = await insertPlan(database.pool, { name: 'One', session_limit: 1 })
  })
  afterAll(() => access.close())
  afterEach(() => {
    Object.assign(access.settings, defaultSettings)
  })

  const subscriber = (username: string, row: Record<string, unknown> = {}, password = 'secret of anna') =>
    insertSubscriber(database.pool, { username, plan_id: planId, ...row }, { keyring: access.keyring, password })

  describe('an Access-Request', () => {
    beforeAll(async () => {
      await subscriber('anna')
    })

    it('with the right password is accepted with everything that the subscriber is entitled to', async () => {
      const answer = await access.ask(pap('anna', 'secret of anna'))
      expect(answer).toMatchObject({ code: 2, delayMs: 0 })
      expect(answer?.list.map((attribute) => attribute.name)).toEqual([
        'Mikrotik-Rate-Limit',
        'Framed-Pool',
        'Acct-Interim-Interval',
        'Class',
      ])
      expect(answer?.attributes).toMatchObject({ 'Mikrotik-Rate-Limit': '20M/50M', 'Framed-Pool': 'home' })
    })

    it('is answered with a Class of ours that names subscriber and login', async () => {
      const id = await subscriber('class')
      const classes = []
      for (let i = 0; i < 2; i++) {
        const answer = await access.ask(pap('class', 'secret of anna'))
        classes.push(readClass(access.keyring, answer?.attributes['Class'] as Buffer))
      }
      expect(classes.map((sent) => sent?.subscriberId)).toEqual([id, id])
      expect(classes[0]!.classId).not.toBe(classes[1]!.classId)
    })

    it('R28: finds the subscriber however the name is written', async () => {
      for (const name of ['Anna', ' anna', 'ＡＮＮＡ', 'anna\0'])
        expect(await access.ask(pap(name, 'secret of anna'))).toMatchObject({ code: 2 })
    })

    it('by CHAP is proved by the challenge in the attribute, else by the Request Authenticator', async () => {
      for (const challenge of [undefined, Buffer.alloc(16, 3), Buffer.alloc(7, 9)]) {
        expect(await access.ask(chap('anna', 'secret of anna', challenge))).toMatchObject({ code: 2 })
        expect(await access.ask(chap('anna', 'another', challenge))).toMatchObject({ code: 3 })
      }
    })

    it('gets MS-CHAP and NAS extras, the vendor’s way, from the NAS that asks', async () => {
      const answer = await access.ask(pap('anna', 'secret of anna'), {
        nas: { vendor: 'accel-ppp', attributes: ['Framed-MTU = 1492'] },
      })
      expect(answer?.attributes).toMatchObject({ 'Filter-Id': '50000/20000', 'Framed-MTU': 1492 })
    })

    it('RFC 4372 §2.1: gets a CUI where it asks for one', async () => {
      const cui = (octets: number[]) => [{ name: 'Chargeable-User-Identity', value: Buffer.from(octets) }]
      const asked = await access.ask(pap('anna', 'secret of anna', cui([0])))
      const again = await access.ask(pap('anna', 'secret of anna', cui([0])))
      const notAsked = await access.ask(pap('anna', 'secret of anna', cui([65])))
      expect(asked?.attributes['Chargeable-User-Identity']).toBeDefined()
      expect(again?.attributes['Chargeable-User-Identity']).toEqual(asked?.attributes['Chargeable-User-Identity'])
      expect(notAsked?.attributes['Chargeable-User-Identity']).toBeUndefined()
    })

    it('R33: for an unknown name and a wrong password gets the same answer after the same delay', async () => {
      const answers = [
        await access.ask(pap('nobody', 'wrong')),
        await access.ask(pap('\0', 'wrong')),
        await access.ask(chap('nobody', 'wrong')),
      ].filter((answer) => answer !== undefined || !isLastKnown)
      expect(answers).toHaveLength(isLastKnown ? 0 : 3)
      answers.push(await access.ask(pap('anna', 'wrong')))
      for (const answer of answers) {
        expect(answer).toMatchObject({ code: 3, list: [{ name: 'Reply-Message', value: 'Login failed' }] })
        expect(answer?.delayMs).toBeGreaterThanOrEqual(486)
        expect(answer?.delayMs).toBeLessThanOrEqual(540)
      }
    })

    it('for a business reason is refused at once and in words', async () => {
      await subscriber('late', { expires_at: after(-1) })
      await subscriber('blocked', { blocked_at: after(-1), block_reason: 'unpaid' })
      expect(await access.ask(pap('late', 'secret of anna'))).toMatchObject({
        code: 3,
        delayMs: 0,
        attributes: { 'Reply-Message': 'Your subscription has ended' },
      })
      expect(await access.ask(pap('blocked', 'secret of anna'))).toMatchObject({
        attributes: { 'Reply-Message': 'Your service is blocked' },
      })
      // Who has no password learns nothing of it.
      expect(await access.ask(pap('late', 'wrong'))).toMatchObject({ attributes: { 'Reply-Message': 'Login failed' } })
    })

    it('RFC 2865 §5.44: gets no session attributes in a reject, and no Reply-Message where the text is empty', async () => {
      access.settings.reject_text = ''
      expect((await access.ask(pap('anna', 'wrong')))?.list).toEqual([])
    })

    it('RFC 2865 §5.33: has room for its Proxy-States in the reply', async () => {
      const states = Array.from({ length: 14 }, () => ({ name: 'Proxy-State', value: Buffer.alloc(253, 7) }))
      const id = await subscriber('proxied')
      for (let i = 0; i < 4; i++)
        await insertRow(database.pool, 'subscriber_route', { subscriber_id: id, route: `${'x'.repeat(240)}${i}` })
      const answer = await access.ask(pap('proxied', 'secret of anna', states))
      expect(answer?.packet.octets.length).toBeLessThanOrEqual(4096)
      expect(answer?.list.filter((attribute) => attribute.name === 'Proxy-State')).toHaveLength(14)
      // Routes go first, from the last to the first.
      expect(answer?.attributes['Class']).toBeDefined()
      expect(answer?.list.filter((attribute) => attribute.name === 'Framed-Route').length).toBeLessThan(4)
    })

    it('while a secret is changed: the one under which the password comes out right signs the answer', async () => {
      const old = createSecret('the old secret')
      const fresh = createSecret('the new secret')
      const client = { secrets: [fresh, old] }
      for (const hiddenBy of [old, fresh]) {
        const request = requestOf(pap('anna', 'secret of anna'), client, hiddenBy)
        const response = await access.handler.handle(request, testNas())
        expect(response).toMatchObject({ code: 2, secret: hiddenBy })
      }
      const stranger = createSecret('a third secret')
      const request = requestOf(pap('anna', 'secret of anna'), client, stranger)
      expect(await access.handler.handle(request, testNas())).toMatchObject({ code: 3 })
      // A signed request has told its secret already: no other is tried.
      const signed = {
        ...requestOf(pap('anna', 'secret of anna'), client, old),
        messageAuthenticator: true,
        secret: fresh,
      }
      expect(await access.handler.handle(signed, testNas())).toMatchObject({ code: 3 })
    })
  })

  describe.each(ofTheBooks)('session limit', () => {
    const login = (username: string, mac?: string) =>
      access.ask([
        ...pap(username, 'secret of anna').filter((attribute) => attribute.name !== 'Calling-Station-Id'),
        ...(mac === undefined ? [] : [{ name: 'Calling-Station-Id', value: mac }]),
      ])

    it('lets in one line, its redial, and no other', async () => {
      await subscriber('single', { plan_id: limitedId })
      expect(await login('single', 'D4-CA-6D-00-00-0A')).toMatchObject({ code: 2 })
      expect(await login('single', 'd4ca.6d00.000a')).toMatchObject({ code: 2 })
      expect(await login('single', macB)).toMatchObject({
        code: 3,
        delayMs: 0,
        attributes: { 'Reply-Message': 'You are logged in too often' },
      })
    })

    it('F57: lets in exactly one of two lines that dial at the same instant', async () => {
      for (let round = 0; round < 10; round++) {
        await subscriber(`twins${round}`, { plan_id: limitedId })
        const answers = await Promise.all([login(`twins${round}`, 'd4:ca:6d:00:00:01'), login(`twins${round}`, macB)])
        expect(new Set(answers.map((answer) => answer?.code))).toEqual(new Set([2, 3]))
      }
    })

    it('lets in as many as it says of a crowd that dials at once', async () => {
      await subscriber('crowd', { plan_id: limitedId, session_limit: 3 })
      const answers = await Promise.all(Array.from({ length: 9 }, (_, n) => login('crowd', `d4:ca:6d:00:01:0${n}`)))
      expect(answers.filter((answer) => answer?.code === 2)).toHaveLength(3)
    })

    it('counts a live session of another line, and forgets one without a sign of life', async () => {
      const id = await subscriber('elsewhere', { plan_id: limitedId })
      const session = await insertSession(database.pool, { subscriber_id: id, line: `mac:${macB}` })
      expect(await login('elsewhere', 'd4:ca:6d:00:00:01')).toMatchObject({ code: 3 })
      await database.pool.query('update session set updated_at = $2 where id = $1', [session, after(-901)])
      expect(await login('elsewhere', 'd4:ca:6d:00:00:01')).toMatchObject({ code: 2 })
    })
  })

  describe.each(ofTheBooks)('the first login', () => {
    it('activates a new subscriber and tells the NAS the end of the period', async () => {
      const id = await subscriber('fresh', { activated_at: null })
      const answer = await access.ask(pap('fresh', 'secret of anna'))
      expect(answer?.attributes['Session-Timeout']).toBe(30 * 86_400)
      const { rows } = await database.pool.query('select activated_at, expires_at from subscriber where id = $1', [id])
      expect(rows[0]).toEqual({ activated_at: access.clock.now(), expires_at: after(30 * 86_400) })
    })

    it('learns the device up to the limit', async () => {
      await subscriber('modem', { device_limit: 1 })
      expect(await access.ask(pap('modem', 'secret of anna'))).toMatchObject({ code: 2 })
      const other = pap('modem', 'secret of anna').with(2, { name: 'Calling-Station-Id', value: macB })
      expect(await access.ask(other)).toMatchObject({ code: 3 })
      expect(await access.ask(pap('modem', 'secret of anna'))).toMatchObject({ code: 2 })
    })
  })

  describe('the walled garden', () => {
    it('takes who has not paid, where the plan says so', async () => {
      const plan = await insertPlan(database.pool, { on_expiry: 'garden', pool: 'home', garden_pool: 'garden' })
      await subscriber('unpaid', { plan_id: plan, expires_at: after(-1), attributes: ['Mikrotik-Mark-Id = fast'] })
      const answer = await access.ask(pap('unpaid', 'secret of anna'))
      expect(answer).toMatchObject({
        code: 2,
        attributes: {
          'Mikrotik-Rate-Limit': '1M/1M',
          'Mikrotik-Address-List': 'garden',
          'Framed-Pool': 'garden',
          'Session-Timeout': 900,
        },
      })
      expect(answer?.attributes['Mikrotik-Mark-Id']).toBeUndefined()
    })
  })

  describe('a fault of ours (I8)', () => {
    it.each(ofTheBooks)('is silence, counted: the database is away', async () => {
      const away = await startAccess(database, {
        loadUrl: 'postgres://nobody@127.0.0.1:1/nothing',
        keyring: access.keyring,
      })
      try {
        expect(await away.ask(pap('anna', 'secret of anna'))).toBeUndefined()
        expect(await away.ask(pap('nobody', 'wrong'))).toBeUndefined()
        const dropped = await away.metrics.dropped.get()
        expect(dropped.values).toMatchObject([{ labels: { reason: 'access-fault', client: 'bng-1' }, value: 2 }])
        // What needs no database is still refused.
        const eap = { name: 'EAP-Message', value: Buffer.from('0263000901616e6e61', 'hex') }
        expect(await away.ask([{ name: 'User-Name', value: 'anna' }, eap])).toMatchObject({ code: 3 })
      } finally {
        await away.close()
      }
    })

    it('is silence for one subscriber only: a stored secret that does not open', async () => {
      const id = await subscriber('damaged')
      await database.pool.query('update credential set secret = $2 where subscriber_id = $1', [id, Buffer.alloc(60, 1)])
      const answers = await Promise.all([
        access.ask(pap('damaged', 'secret of anna')),
        access.ask(pap('anna', 'secret of anna')),
      ])
      expect(answers.map((answer) => answer?.code)).toEqual([undefined, 2])
    })
  })

  describe('the access log', () => {
    beforeEach(async () => {
      await access.handler.flush()
      await database.pool.query('delete from access_log')
    })

    it('holds every decision with its reason, equal ones as one row', async () => {
      const id = await subscriber('logged', {
        attributes: ['Framed-Route = "192.0.2.0/29 0.0.0.0 1"', 'Framed-Route = "x"'],
      })
      for (let i = 0; i < 3; i++)
        await access.ask(pap('Logged', 'secret of anna', [{ name: 'NAS-Port-Id', value: 'vlan12' }]))
      access.clock.advance(5_000)
      await access.ask(pap('logged', 'wrong'))
      await access.handler.flush()
      const decisions = await lastDecisions(database.pool, 'logged', 10)
      expect(decisions).toMatchObject([
        { accepted: false, reason: 'wrong-password', count: 1n, reply: null },
        {
          accepted: true,
          reason: isLastKnown ? 'last-known' : 'accepted',
          count: 3n,
          method: 'pap',
          line: 'mac:d4:ca:6d:00:00:0a',
          interface: 'vlan12',
          reply: {
            'Mikrotik-Rate-Limit': '20M/50M',
            'Framed-Pool': 'home',
            'Framed-Route': ['192.0.2.0/29 0.0.0.0 1', 'x'],
          },
        },
      ])
      const { rows } = await database.pool.query('select distinct subscriber_id from access_log')
      expect(rows).toEqual([{ subscriber_id: id }])
    })

    it('shows octets that are no text escaped, and no password, key or Class', async () => {
      await access.ask([
        { name: 'User-Name', value: Buffer.from('61ff', 'hex') },
        ...pap('x', 'hunter2 hunter2').slice(1),
      ])
      await access.ask(pap('anna', 'secret of anna'))
      await access.handler.flush()
      const { rows } = await database.pool.query('select access_log::text as line from access_log order by username')
      if (!isLastKnown) expect(rows[0].line).toContain('a\\\\xff')
      const all = JSON.stringify(rows)
      for (const secret of ['hunter2', 'secret of anna', 'Class']) expect(all).not.toContain(secret)
    })
  })

  describe('RFC 3579 §3.2 Message-Authenticator', () => {
    it('stands first in every answer', async () => {
      for (const password of ['secret of anna', 'wrong']) {
        const answer = await access.ask(pap('anna', password))
        expect(answer?.packet.octets[20]).toBe(80)
        expect(valueOf(answer!.packet, 80)).toHaveLength(16)
      }
    })
  })
})
