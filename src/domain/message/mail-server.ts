// The server that mail goes through. Its password is sealed and never shown.

import type { Db } from '../../db/schema.ts'
import { openField, sealField } from '../data-key.ts'
import type { Keyring, Place } from '../data-key.ts'
import { checkChoice, checkEmail, checkInteger, checkText, FieldError } from '../field.ts'

export const mailSecurities = ['none', 'starttls', 'tls'] as const

export type MailServer = {
  host: string
  port: number
  /** `tls` from the first octet (port 465), `starttls` demanded, `none`: in the clear, for a server on this machine. */
  security: (typeof mailSecurities)[number]
  sender: string
  username: string | null
  password: string | null
}

const place: Place = { table: 'mail_server', row: 1, column: 'password' }

/** The server, opened for who sends; undefined where none was named. */
export async function readMailServer(db: Db, keyring: Keyring): Promise<MailServer | undefined> {
  const row = await db.selectFrom('mail_server').selectAll().executeTakeFirst()
  if (row === undefined) return undefined
  const { host, port, security, sender, username } = row
  const password = row.password === null ? null : openField(keyring, place, row.password).toString()
  return { host, port, security, sender, username, password }
}

/** The same for people: whether there is a password, and not which. */
export async function showMailServer(
  db: Db,
): Promise<(Omit<MailServer, 'password'> & { hasPassword: boolean }) | undefined> {
  const row = await db.selectFrom('mail_server').selectAll().executeTakeFirst()
  if (row === undefined) return undefined
  const { host, port, security, sender, username } = row
  return { host, port, security, sender, username, hasPassword: row.password !== null }
}

export type MailServerInput = {
  host: string
  port: number
  security: string
  sender: string
  username?: string | null | undefined
  /** Undefined: the one there is stays. */
  password?: string | null | undefined
}

/** Names the server. Throws FieldError. */
export async function writeMailServer(db: Db, keyring: Keyring, input: MailServerInput, now: Date): Promise<void> {
  const host = checkText('host', input.host, 1, 253)
  if (!/^[A-Za-z0-9.:-]+$/.test(host)) throw new FieldError('host', 'is not the name or address of a host')
  const security = checkChoice('security', input.security, mailSecurities)
  const { password } = input
  if (security === 'none' && (typeof password === 'string' || (password === undefined && (await hasPassword(db))))) {
    throw new FieldError('security', 'none would send the password in the clear')
  }
  const values = {
    host,
    port: checkInteger('port', input.port, 1, 65_535),
    security,
    sender: checkEmail('sender', input.sender),
    username: input.username == null ? null : checkText('username', input.username, 1, 253),
    ...(password === undefined
      ? {}
      : { password: password === null ? null : sealField(keyring, place, Buffer.from(password)) }),
    updated_at: now,
  }
  await db
    .insertInto('mail_server')
    .values(values)
    .onConflict((conflict) => conflict.column('id').doUpdateSet(values))
    .execute()
}

/** One that was named before goes on being sent, unless it is taken away. */
async function hasPassword(db: Db): Promise<boolean> {
  return (await showMailServer(db))?.hasPassword === true
}
