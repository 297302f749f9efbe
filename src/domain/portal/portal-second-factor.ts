// A subscriber enrols an app as second factor of its portal: the secret waits in place until a first code confirms it. Whoever
// loses the app asks support, who resets it (portal-login.ts).

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { writeAudit } from '../audit/audit.ts'
import type { Author } from '../author.ts'
import { openField, sealField } from '../data-key.ts'
import { ConflictError, FieldError } from '../field.ts'
import { makeTotpSecret, totpStep, totpUri } from '../operator/totp.ts'
import { totpPlace } from './portal-login.ts'
import { endPortalSessions } from './portal-session.ts'
import type { PortalCaller } from './portal-session.ts'

/** Makes a secret that waits to be confirmed. Throws ConflictError where one is in force, or there is no password of the portal. */
export async function enrolPortal(
  db: Db,
  caller: PortalCaller,
  by: Author,
  now: Date,
): Promise<{ uri: string; secret: string }> {
  const secret = makeTotpSecret()
  const sealed = sealField(by.keyring, totpPlace(caller.subscriberId), secret)
  const { rows } = await sql`
    update portal_login set totp_secret = ${sealed}
    where portal_login.subscriber_id = ${caller.subscriberId} and portal_login.totp_enabled_at is null
    returning 1`.execute(db)
  if (rows.length === 0) throw new ConflictError('second_factor', 'is in force already')
  await audit(db, caller, 'portal.enrol-second-factor', by, now)
  return totpUri(secret, caller.username)
}

/** Puts it in force by its first code; other sessions end. Throws FieldError for a wrong one, ConflictError where none waits. */
export async function confirmPortal(
  db: Db,
  input: { caller: PortalCaller; code: string },
  by: Author,
  now: Date,
): Promise<void> {
  const { caller, code } = input
  const row = await db
    .selectFrom('portal_login')
    .select('totp_secret')
    .where('subscriber_id', '=', caller.subscriberId)
    .where('totp_enabled_at', 'is', null)
    .forUpdate()
    .executeTakeFirst()
  if (row?.totp_secret === undefined || row.totp_secret === null) {
    throw new ConflictError('code', 'nothing waits to be confirmed: enrol again')
  }
  const secret = openField(by.keyring, totpPlace(caller.subscriberId), row.totp_secret)
  const step = totpStep(secret, code, now, null)
  if (step === undefined) throw new FieldError('code', 'is not the code of this moment')
  await sql`update portal_login set totp_enabled_at = ${now}, totp_last_step = ${step}
    where portal_login.subscriber_id = ${caller.subscriberId}`.execute(db)
  await endPortalSessions(db, { subscriberIds: [caller.subscriberId], exceptId: caller.id }, now)
  await audit(db, caller, 'portal.confirm-second-factor', by, now)
}

/** Whether the sign-in asks for a code. */
export async function hasPortalSecondFactor(db: Db, subscriberId: bigint): Promise<boolean> {
  const row = await db
    .selectFrom('portal_login')
    .select('totp_enabled_at')
    .where('subscriber_id', '=', subscriberId)
    .executeTakeFirst()
  return row?.totp_enabled_at != null
}

function audit(db: Db, caller: PortalCaller, action: string, by: Author, now: Date): Promise<void> {
  return writeAudit(db, { action, noun: 'subscriber', rowId: caller.subscriberId, ownerId: caller.ownerId }, by, now)
}
