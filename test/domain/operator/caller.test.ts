// Who calls: read anew with every request, by session or token, with what they may at that moment.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Db } from '../../../src/db/schema.ts'
import {
  absoluteMs,
  authorOf,
  bearerHash,
  callerOfSession,
  callerOfToken,
  idleMs,
  makeBearer,
  standingOf,
} from '../../../src/domain/operator/caller.ts'
import { editOperator } from '../../../src/domain/operator/operator.ts'
import { openPanelSession } from '../../../src/domain/operator/panel-session.ts'
import { isPermittedTo, permissionNames } from '../../../src/domain/operator/permission.ts'
import type { Permission } from '../../../src/domain/operator/permission.ts'
import { addReseller } from '../../../src/domain/organisation.ts'
import { everything } from '../../../src/domain/scope.ts'
import { hours, noon, useOffice } from '../../support/operator.ts'
import { hire, system } from '../../support/staff.ts'

const office = useOffice()
const peer = { address: null, userAgent: null }
const inOne = <T>(work: (trx: Db) => Promise<T>): Promise<T> => office.db.transaction().execute(work)
let made = 0

async function role(permissions: readonly string[]): Promise<bigint> {
  made += 1
  const values = { name: `caller ${made}`, permissions: [...permissions], created_at: noon }
  return (await office.db.insertInto('role').values(values).returning('id').executeTakeFirstOrThrow()).id
}

async function signedIn(input: { roleId?: bigint; organisationId?: bigint } = {}) {
  const { id, email } = await hire(office, 'support', input)
  const session = await openPanelSession(office.db, { operatorId: id, state: 'full', peer }, noon)
  return { email, ...session, operatorId: id }
}

async function token(operatorId: bigint, permissions: readonly string[], allowed: string[] = []): Promise<string> {
  const bearer = `gh_${makeBearer()}`
  await office.db
    .insertInto('api_token')
    .values({
      operator_id: operatorId,
      name: 'Test',
      prefix: bearer.slice(0, 9),
      token_hash: bearerHash(bearer),
      permissions: [...permissions],
      allowed,
      created_at: noon,
      expires_at: hours(24),
    })
    .execute()
  return bearer
}

const ms = (count: number): Date => new Date(noon.getTime() + count)
const seenAt = async (operatorId: bigint) =>
  (
    await office.db
      .selectFrom('panel_session')
      .select('last_seen_at')
      .where('operator_id', '=', operatorId)
      .executeTakeFirstOrThrow()
  ).last_seen_at

describe('a session', () => {
  it('is idle after an hour to the millisecond, and over after twelve however busy', async () => {
    const { bearer } = await signedIn()
    expect(await callerOfSession(office.db, bearer, ms(idleMs - 1), { quietly: true })).toBeDefined()
    expect(await callerOfSession(office.db, bearer, ms(idleMs), { quietly: true })).toBeUndefined()
    const busy = await signedIn()
    for (let at = 0; at < absoluteMs; at += idleMs / 2) {
      expect(await callerOfSession(office.db, busy.bearer, ms(at)), `after ${at} ms`).toBeDefined()
    }
    expect(await callerOfSession(office.db, busy.bearer, ms(absoluteMs - 1))).toBeDefined()
    expect(await callerOfSession(office.db, busy.bearer, ms(absoluteMs))).toBeUndefined()
  })

  it('is noted as used at most once a minute, and not at all by a page that only stays open', async () => {
    const { bearer, operatorId } = await signedIn()
    await callerOfSession(office.db, bearer, ms(59_000))
    expect(await seenAt(operatorId)).toEqual(noon)
    await callerOfSession(office.db, bearer, ms(60_000), { quietly: true })
    expect(await seenAt(operatorId)).toEqual(noon)
    await callerOfSession(office.db, bearer, ms(60_000))
    expect(await seenAt(operatorId)).toEqual(ms(60_000))
  })

  it.each(['', ' ', 'x', "' or true --", 'ä'.repeat(50)])('is nobody’s by %j', async (bearer) => {
    expect(await callerOfSession(office.db, bearer, noon)).toBeUndefined()
    expect(await callerOfToken(office.db, bearer, '192.0.2.1', noon)).toBeUndefined()
  })

  it('is not opened by a token, nor the other way round', async () => {
    const { bearer, operatorId } = await signedIn()
    const key = await token(operatorId, ['subscriber.read'])
    expect(await callerOfToken(office.db, bearer, undefined, noon)).toBeUndefined()
    expect(await callerOfSession(office.db, key, noon)).toBeUndefined()
    expect(await callerOfSession(office.db, bearerHash(bearer).toString('base64url'), noon)).toBeUndefined()
  })
})

describe('what a caller may', () => {
  const some = fc.subarray([...permissionNames])

  it('is what role, token and organisation all allow, for any of them', async () => {
    const { id: reseller } = await addReseller(office.db, { name: 'Caller Net' }, noon)
    await fc.assert(
      fc.asyncProperty(some, some, fc.boolean(), async (ofRole, ofToken, isReseller) => {
        const organisation = isReseller ? { organisationId: reseller } : {}
        const { bearer, operatorId } = await signedIn({ roleId: await role(ofRole), ...organisation })
        const kind = isReseller ? 'reseller' : 'isp'
        const may = ofRole.filter((name) => isPermittedTo(kind, name))
        const person = (await callerOfSession(office.db, bearer, noon))!
        expect([...person.permissions].toSorted()).toEqual(may.toSorted())
        expect(person.scope.ownerId).toBe(isReseller ? reseller : undefined)
        const program = (await callerOfToken(office.db, await token(operatorId, ofToken), undefined, noon))!
        expect([...program.permissions].toSorted()).toEqual(may.filter((name) => ofToken.includes(name)).toSorted())
        expect(program.provedAt).toBeUndefined()
      }),
      { numRuns: 12 },
    )
  })

  it('has nothing that this release does not know', async () => {
    const { bearer, operatorId } = await signedIn({ roleId: await role(['nas.read', 'rocket.launch']) })
    expect([...(await callerOfSession(office.db, bearer, noon))!.permissions]).toEqual(['nas.read'])
    const key = await token(operatorId, ['nas.read', 'rocket.launch'])
    expect([...(await callerOfToken(office.db, key, undefined, noon))!.permissions]).toEqual(['nas.read'])
  })

  it('is another at once when the operator is moved to a reseller', async () => {
    const { id: reseller } = await addReseller(office.db, { name: 'Moved Net' }, noon)
    const { operatorId, bearer } = await signedIn({ roleId: await role(['nas.read', 'subscriber.read']) })
    const key = await token(operatorId, ['nas.read', 'subscriber.read'])
    const changes = { id: operatorId, changes: { organisationId: reseller }, ifMatch: undefined }
    await inOne((trx) => editOperator(trx, changes, system(office), noon))
    expect(await callerOfSession(office.db, bearer, noon)).toBeUndefined()
    const program = (await callerOfToken(office.db, key, undefined, noon))!
    expect([[...program.permissions], program.scope.ownerId]).toEqual([['subscriber.read'], reseller])
  })
})

describe('a token', () => {
  it('is good until its date to the millisecond, and not a moment longer', async () => {
    const { operatorId } = await signedIn()
    const key = await token(operatorId, ['subscriber.read'])
    expect(await callerOfToken(office.db, key, undefined, new Date(hours(24).getTime() - 1))).toBeDefined()
    expect(await callerOfToken(office.db, key, undefined, hours(24))).toBeUndefined()
  })

  it('bound to networks is refused where the address is not known', async () => {
    const { operatorId } = await signedIn()
    const key = await token(operatorId, ['subscriber.read'], ['192.0.2.0/24', '2001:db8::/64'])
    for (const address of ['192.0.2.255', '2001:db8::5']) {
      expect(await callerOfToken(office.db, key, address, noon), `of ${address}`).toBeDefined()
    }
    for (const address of [undefined, '192.0.3.0', '2001:db8:0:1::', '::ffff:192.0.2.1']) {
      expect(await callerOfToken(office.db, key, address, noon), `of ${String(address)}`).toBeUndefined()
    }
  })

  it('says when and from where it was last used, once a minute', async () => {
    const { operatorId } = await signedIn()
    const key = await token(operatorId, ['subscriber.read'])
    const used = () =>
      office.db
        .selectFrom('api_token')
        .select(['last_used_at', 'last_used_address'])
        .where('token_hash', '=', bearerHash(key))
        .executeTakeFirstOrThrow()
    await callerOfToken(office.db, key, '192.0.2.1', noon)
    await callerOfToken(office.db, key, '192.0.2.9', ms(30_000))
    expect(await used()).toEqual({ last_used_at: noon, last_used_address: '192.0.2.1' })
    await callerOfToken(office.db, key, '2001:db8::9', ms(61_000))
    expect(await used()).toEqual({ last_used_at: ms(61_000), last_used_address: '2001:db8::9' })
  })
})

describe('work begun in somebody’s name', () => {
  it('has what they may at the moment it is done, and nothing once they are gone', async () => {
    const roleId = await role(['subscriber.read', 'subscriber.block'])
    const { operatorId, email } = await signedIn({ roleId })
    const standing = async () => standingOf(office.db, operatorId)
    expect(await standing()).toEqual({
      email,
      permissions: new Set<Permission>(['subscriber.read', 'subscriber.block']),
      scope: everything,
    })
    await office.db
      .updateTable('role')
      .set({ permissions: ['subscriber.read'] })
      .where('id', '=', roleId)
      .execute()
    expect([...(await standing())!.permissions]).toEqual(['subscriber.read'])
    await office.db.updateTable('operator').set({ enabled: false }).where('id', '=', operatorId).execute()
    expect(await standing()).toBeUndefined()
    expect(await standingOf(office.db, 999_999n)).toBeUndefined()
  })

  it('is written under the token’s operator, marked as a token’s', async () => {
    const { operatorId, email } = await signedIn()
    const caller = (await callerOfToken(office.db, await token(operatorId, []), undefined, noon))!
    const author = authorOf(caller, { address: undefined, requestId: 'r-1' }, office.keyring)
    expect(author).toMatchObject({ kind: 'token', operatorId, name: email, address: null, requestId: 'r-1' })
  })
})
