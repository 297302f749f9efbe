// The first start: one token, one operator, however many ask at once.

import { describe, expect, it } from 'vitest'
import { ownAuthor } from '../../../src/domain/author.ts'
import type { Author } from '../../../src/domain/author.ts'
import { isSetupOpen, makeSetupToken, setUp } from '../../../src/domain/operator/setup.ts'
import { everything } from '../../../src/domain/scope.ts'
import { noon, useOffice } from '../../support/operator.ts'

const office = useOffice()
const nobody = (): Author => ({
  ...ownAuthor('system', 'nobody', office.keyring),
  kind: 'anonymous',
  permissions: new Set(),
  scope: everything,
})
const who = (at: number) => ({ email: `owner-${at}@example.net`, name: `Owner ${at}`, password: 'Kelp7-Lantern-Oar' })

describe('the first operator', () => {
  it('is made by one of eight who have the token and ask at once', async () => {
    expect(await isSetupOpen(office.db)).toBe(true)
    const token = (await makeSetupToken(office.db, noon))!
    expect(Buffer.from(token, 'base64url')).toHaveLength(32)
    const stored = await office.db.selectFrom('setup_token').select('token_hash').execute()
    expect(stored.map((row) => row.token_hash.length)).toEqual([32])
    const made = await Promise.all(
      Array.from({ length: 8 }, (_, at) => setUp(office.db, { token, ...who(at) }, nobody(), noon)),
    )
    expect(made.filter((one) => one.kind === 'made')).toHaveLength(1)
    expect(made.filter((one) => one.kind === 'closed')).toHaveLength(7)
    const operators = await office.db
      .selectFrom('operator')
      .innerJoin('role', 'role.id', 'operator.role_id')
      .innerJoin('organisation', 'organisation.id', 'operator.organisation_id')
      .select(['role.name as role', 'organisation.kind', 'operator.must_change_password', 'operator.password_hash'])
      .execute()
    expect(operators).toEqual([
      {
        role: 'super-administrator',
        kind: 'isp',
        must_change_password: false,
        password_hash: expect.stringContaining('$argon2id$'),
      },
    ])
  })

  it('closes the door behind it for good, even when it has been deleted', async () => {
    await office.db.updateTable('operator').set({ archived_at: noon, enabled: false }).execute()
    expect(await isSetupOpen(office.db)).toBe(false)
    expect(await makeSetupToken(office.db, noon)).toBeUndefined()
    expect(await office.db.selectFrom('setup_token').selectAll().execute()).toEqual([])
    expect(await setUp(office.db, { token: '', ...who(9) }, nobody(), noon)).toEqual({ kind: 'closed' })
  })
})
