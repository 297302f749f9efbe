// A new password, made up here and shown once: nobody chooses it, and nothing keeps it in the clear.

import { sql } from 'kysely'
import { z } from 'zod'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import { checkCredentialKind, storedSecret } from '../credential.ts'
import type { CredentialKind } from '../credential.ts'
import type { Keyring } from '../data-key.ts'
import { FieldError } from '../field.ts'
import { makePassword } from '../secret.ts'
import { readSettings } from '../setting.ts'
import type { AuthMethod } from '../setting.ts'
import { subscriberAction } from './action.ts'
import { always, conclude, doneOf, idsOf, judgeEach, lockSubjects, orderEach, refused } from './take.ts'
import type { Done } from './take.ts'

/** Makes up a password of the kind that it has. `must_change`: the portal, where it has one, asks for a new one too. */
export const resetPassword = subscriberAction({
  name: 'reset-password',
  summary: 'Make up a new password and show it once',
  permission: 'subscriber.credential',
  params: z.strictObject({ disconnect: z.boolean().default(false), must_change: z.boolean().default(false) }),
  reveals: true,
  chunk: 500,
  run: (db, { subscriberIds, params }, by, now) =>
    inTransaction(db, async (trx) => {
      const subjects = await lockSubjects(trx, subscriberIds)
      const kinds = await kindsOf(trx, subscriberIds)
      const { auth_methods: methods } = await readSettings(trx)
      const judged = judgeEach(subjects, (subject) => {
        const kind = kinds.get(subject.id)
        if (kind === undefined && subject.account_type === 'ipoe') return refused('it is told by its line and has none')
        const problem = problemOf(kind ?? 'clear', methods)
        if (problem !== undefined) return refused(`it cannot have one: ${problem}`)
        return { kind: 'done', after: { password: true }, revealed: { password: makePassword() } }
      })
      const done = doneOf(judged)
      await writePasswords(trx, by.keyring, done, kinds, now)
      if (params.must_change) {
        await trx
          .updateTable('portal_login')
          .set({ must_change_password: true })
          .where('subscriber_id', '=', sql<bigint>`any(${idsOf(done)}::bigint[])`)
          .execute()
      }
      if (params.disconnect) await orderEach(trx, done, { wish: always('disconnect'), reason: 'password reset' }, now)
      return conclude(trx, { action: 'reset-password', subscriberIds, judged }, by, now)
    }),
})

async function kindsOf(trx: Db, ids: readonly bigint[]): Promise<Map<bigint, CredentialKind>> {
  const rows = await trx
    .selectFrom('credential')
    .select(['subscriber_id', 'kind'])
    .where('subscriber_id', '=', sql<bigint>`any(${ids}::bigint[])`)
    .execute()
  return new Map(rows.map((row) => [row.subscriber_id, row.kind]))
}

function problemOf(kind: CredentialKind, methods: readonly AuthMethod[]): string | undefined {
  try {
    checkCredentialKind(kind, methods)
    return undefined
  } catch (error) {
    if (error instanceof FieldError) return error.reason
    throw error
  }
}

async function writePasswords(
  trx: Db,
  keyring: Keyring,
  done: readonly Done[],
  kinds: ReadonlyMap<bigint, CredentialKind>,
  now: Date,
): Promise<void> {
  if (done.length === 0) return
  const rows = done.map(({ subject, verdict }) => {
    const kind = kinds.get(subject.id) ?? 'clear'
    return {
      id: subject.id,
      kind,
      secret: storedSecret(keyring, subject.id, { kind, password: verdict.revealed!.password! }),
    }
  })
  await sql`
    insert into credential (subscriber_id, kind, secret, updated_at)
    select t.*, ${now}::timestamptz from unnest(
      ${rows.map((row) => row.id)}::bigint[], ${rows.map((row) => row.kind)}::text[],
      ${rows.map((row) => row.secret)}::bytea[]
    ) as t (subscriber_id, kind, secret)
    on conflict (subscriber_id) do update set kind = excluded.kind, secret = excluded.secret,
      updated_at = excluded.updated_at`.execute(trx)
  await trx.updateTable('subscriber').set({ updated_at: now }).where('id', 'in', idsOf(done)).execute()
}
