// Guesses at the portal: what is right costs nothing in the long run, what is wrong slows down here, and little elsewhere.

import { describe, expect, it } from 'vitest'
import { hashPassword } from '../../../src/domain/operator/password-hash.ts'
import { ispId } from '../../../src/domain/organisation.ts'
import { makeOwnPayer } from '../../../src/domain/payer.ts'
import { setPortalPassword, signInToPortal } from '../../../src/domain/portal/portal-login.ts'
import { confirmPortal, enrolPortal } from '../../../src/domain/portal/portal-second-factor.ts'
import { callerOfPortal } from '../../../src/domain/portal/portal-session.ts'
import { base32, codeAt } from '../../support/browser.ts'
import { makePlan, noon, rowsOf, useOffice } from '../../support/operator.ts'
import { system } from '../../support/staff.ts'

const office = useOffice()
const password = 'Kelp7-Lantern-Oar'
const after = (seconds: number): Date => new Date(noon.getTime() + seconds * 1_000)
let made = 0
let planId: bigint | undefined
let hash: string | undefined

async function subscriber(): Promise<{ id: bigint; username: string }> {
  made += 1
  const username = `guessed-${made}`
  planId ??= (await makePlan(office, { name: 'Portal' })).id
  hash ??= await hashPassword(password)
  const ownerId = await ispId(office.db)
  const payerId = await makeOwnPayer(office.db, { ownerId, name: username, currency: 'EUR' }, noon)
  const values = { owner_id: ownerId, payer_id: payerId, plan_id: planId, username }
  const { id } = await office.db.insertInto('subscriber').values(values).returning('id').executeTakeFirstOrThrow()
  await setPortalPassword(office.db, { subscriberId: id, passwordHash: hash }, system(office), noon)
  return { id, username }
}

function enter(
  username: string,
  input: { password?: string; code?: string; from?: string; now?: Date } = {},
): ReturnType<typeof signInToPortal> {
  const peer = { address: input.from ?? '192.0.2.1', userAgent: null }
  const typed = { username, password: input.password ?? password, code: input.code, peer }
  return signInToPortal(office.db, typed, system(office), input.now ?? noon)
}

describe('who knows the password', () => {
  it('is never slowed down, however often they come: every five seconds, from everywhere', async () => {
    const { username } = await subscriber()
    for (let at = 0; at < 55; at += 1) {
      const opened = await enter(username, { from: `203.0.113.${at}`, now: after(at * 5) })
      expect([at, opened.kind]).toEqual([at, 'opened'])
    }
  })

  it('and has an app pays nothing for the step in which the code is asked for', async () => {
    const { username } = await subscriber()
    const first = await enter(username)
    if (first.kind !== 'opened') throw new Error(first.kind)
    const caller = (await callerOfPortal(office.db, first.session.bearer, noon))!
    const { secret } = await enrolPortal(office.db, caller, system(office), noon)
    const code = codeAt(base32(secret), noon)
    await office.db.transaction().execute((trx) => confirmPortal(trx, { caller, code }, system(office), noon))
    for (let at = 1; at <= 27; at += 1) {
      const now = after(at * 60)
      const from = `203.0.113.${at}`
      expect([at, (await enter(username, { from, now })).kind]).toEqual([at, 'code-needed'])
      const opened = await enter(username, { from, now, code: codeAt(base32(secret), now) })
      expect([at, opened.kind]).toEqual([at, 'opened'])
    }
  })
})

describe('who guesses', () => {
  it('waits after five from one place, while the subscriber gets in from another', async () => {
    const { username } = await subscriber()
    const kinds = []
    for (let at = 0; at < 6; at += 1)
      kinds.push((await enter(username, { password: 'a wrong one', from: '198.51.100.1' })).kind)
    expect(kinds).toEqual(['wrong', 'wrong', 'wrong', 'wrong', 'wrong', 'wait'])
    expect((await enter(username, { from: '198.51.100.1' })).kind).toBe('wait')
    expect((await enter(username, { from: '198.51.100.77' })).kind).toBe('opened')
  })

  it('from fifty places at one name slows it down everywhere, for seconds and not for days', async () => {
    const { username } = await subscriber()
    for (let at = 0; at < 50; at += 1) {
      expect((await enter(username, { password: 'a wrong one', from: `198.51.${100 + at}.1` })).kind).toBe('wrong')
    }
    const held = await enter(username, { from: '203.0.113.200' })
    expect(held.kind).toBe('wait')
    if (held.kind === 'wait') expect(held.seconds).toBeLessThanOrEqual(900)
    expect((await enter(username, { from: '203.0.113.200', now: after(901) })).kind).toBe('opened')
  })

  it('of forty at once from one place is looked at five times', async () => {
    const { username } = await subscriber()
    const results = await Promise.all(
      Array.from({ length: 40 }, () => enter(username, { password: 'a wrong one', from: '198.51.200.1' })),
    )
    expect(results.filter((result) => result.kind === 'wrong')).toHaveLength(5)
  })

  it('at names that nobody has is slowed down as well, and kept nowhere by what was typed', async () => {
    for (let at = 0; at < 20; at += 1) await enter(`nobody-${at}`, { from: '198.51.201.1' })
    expect((await enter('nobody-21', { from: '198.51.201.1' })).kind).toBe('wait')
    const kept = await rowsOf(office, `select 1 from audit_entry where (before::text || after::text) like '%nobody-%'`)
    expect(kept).toEqual([])
  })
})
