import { beforeAll, describe, expect, it } from 'vitest'
import { openCredential } from '../../../src/domain/credential.ts'
import { writeSetting } from '../../../src/domain/setting.ts'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { noon } from '../../support/operator.ts'
import {
  addTestPlan,
  addTestSubscriber,
  auditOf,
  openTestSession,
  queryRows,
  takeNamed,
  waitingOrders,
} from '../../support/subscribers.ts'

const api = useApi()
let admin: Client

beforeAll(async () => {
  admin = await api.as('super-administrator')
  await addTestPlan(api, 'Home')
})

const reset = (ids: number[], params: Record<string, unknown> = {}) =>
  takeNamed(api.db, { action: 'reset-password', ids, params }, api.author)
const stored = async (id: number) =>
  (await queryRows(api, 'select kind, secret from credential where subscriber_id = $1', [id]))[0]!

describe('a new password', () => {
  it('is made up for each, shown once and kept sealed', async () => {
    const ids = [await addTestSubscriber(admin), await addTestSubscriber(admin)]
    const outcomes = await reset(ids)
    const passwords = outcomes.map(({ revealed }) => revealed!['password']!)
    expect(new Set(passwords).size).toBe(2)
    for (const [at, id] of ids.entries()) {
      const { secret } = await stored(id)
      expect(openCredential(api.keyring, BigInt(id), 'clear', secret as Buffer).toString()).toBe(passwords[at])
      expect((await auditOf(api, id)).at(-1)).toMatchObject({
        action: 'subscriber.reset-password',
        after: { password: true },
      })
    }
    const dump = await queryRows(api, 'select before, after, personal from audit_entry')
    expect(dump.map((row) => `${JSON.stringify(row['after'])}${String(row['personal'])}`).join()).not.toContain(
      passwords[0],
    )
  })

  it('keeps the kind, and ends sessions only where asked', async () => {
    const id = await addTestSubscriber(admin, { credential: 'verifier' })
    await openTestSession(api, id)
    const before = await stored(id)
    await reset([id])
    expect(await waitingOrders(api, id)).toEqual([])
    expect(await stored(id)).toMatchObject({ kind: 'verifier' })
    expect((await stored(id))['secret']).not.toEqual(before['secret'])
    await reset([id], { disconnect: true })
    expect(await waitingOrders(api, id)).toEqual(['disconnect password reset'])
  })

  it('must be changed in the portal, where asked and where there is one', async () => {
    const ids = [await addTestSubscriber(admin), await addTestSubscriber(admin)]
    await queryRows(
      api,
      `insert into portal_login (subscriber_id, password_hash, password_changed_at) values ($1, 'x', $2)`,
      [ids[0], noon],
    )
    await reset(ids, { must_change: true })
    expect(await queryRows(api, 'select subscriber_id, must_change_password from portal_login')).toEqual([
      { subscriber_id: BigInt(ids[0]!), must_change_password: true },
    ])
  })

  it('is none for a line without one, or for a kind that can prove nothing', async () => {
    const ipoe = await addTestSubscriber(admin, { account_type: 'ipoe', circuit_id: 'a' })
    expect(await reset([ipoe])).toMatchObject([{ kind: 'refused', reason: 'it is told by its line and has none' }])
    const id = await addTestSubscriber(admin, { credential: 'verifier' })
    await writeSetting(api.db, { name: 'auth_methods', value: ['chap'] }, noon)
    expect(await reset([id])).toMatchObject([
      { kind: 'refused', reason: expect.stringContaining('verifier can prove none of chap') as string },
    ])
    await queryRows(api, 'delete from setting')
  })

  it('comes back once over the API, and not for the same Idempotency-Key', async () => {
    const id = await addTestSubscriber(admin)
    const path = `/subscribers/${id}/reset-password`
    const first = await admin.post(path, { disconnect: true }, { 'idempotency-key': 'reset-1' })
    expect((first.body['revealed'] as { password: string }).password).toMatch(/^\w{12}$/)
    const kept = await stored(id)
    const again = await admin.post(path, { disconnect: true }, { 'idempotency-key': 'reset-1' })
    expect([again.status, again.text, await stored(id)]).toEqual([204, '', kept])
  })
})
