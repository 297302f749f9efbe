// The credential in an edit: a password or NT hash that is named takes the place of the old one; blank keeps it.

import type { Db } from '../../db/schema.ts'
import type { AuditValues } from '../audit/audit.ts'
import type { Author } from '../author.ts'
import { checkCredentialKind, choosePassword, parseNtHash, writeCredential } from '../credential.ts'
import type { NewCredential } from '../credential.ts'
import { FieldError } from '../field.ts'
import { readSettings } from '../setting.ts'
import type { SubscriberPatch } from './edit.ts'

/** Writes what is named; returns what the audit entry says of it, never the secret. Throws FieldError. */
export async function editCredential(
  trx: Db,
  input: { subscriberId: bigint; patch: Pick<SubscriberPatch, 'password' | 'ntHash' | 'credential'> },
  by: Author,
  now: Date,
): Promise<{ after: AuditValues; warning: string | undefined }> {
  const password = input.patch.password ?? ''
  const ntHash = input.patch.ntHash ?? ''
  if (password !== '' && ntHash !== '') throw new FieldError('nt_hash', 'stands in place of a password, not beside it')
  const { auth_methods: methods } = await readSettings(trx)
  const { subscriberId } = input
  if (ntHash !== '') {
    const credential: NewCredential = { kind: 'nt-hash', ntHash: parseNtHash('nt_hash', ntHash) }
    const warning = checkCredentialKind('nt-hash', methods)
    await writeCredential(trx, by.keyring, { subscriberId, credential }, now)
    return { after: { password: true, credential: 'nt-hash' }, warning }
  }
  if (password === '') {
    if (input.patch.credential !== undefined) throw new FieldError('credential', 'goes with a new password')
    return { after: {}, warning: undefined }
  }
  const former = await trx
    .selectFrom('credential')
    .select('kind')
    .where('subscriber_id', '=', subscriberId)
    .executeTakeFirst()
  const kind = input.patch.credential ?? former?.kind ?? 'clear'
  const chosen = choosePassword({ kind, password }, methods)
  await writeCredential(trx, by.keyring, { subscriberId, credential: { kind, password: chosen.password } }, now)
  return { after: { password: true, credential: kind }, warning: chosen.warning }
}
