// The texts of mails: ours by kind, or what an operator wrote in their place for a language. Without logic: `{{name}}` is
// replaced by a value and nothing else happens, so that no value can become a template (W37).

import type { Db } from '../../db/schema.ts'
import { checkText, FieldError, NotFoundError, quote } from '../field.ts'

type Template = { subject: string; text: string; values: readonly string[] }

/** Our own texts, and the values each can use. */
export const templates = {
  welcome: {
    subject: 'Welcome, {{full_name}}',
    text: 'Hello {{full_name}},\n\nyour line {{username}} is ready. Your plan is {{plan}}.\n',
    values: ['full_name', 'username', 'plan'],
  },
  'expiry-reminder': {
    subject: 'Your subscription ends on {{expires_on}}',
    text: 'Hello {{full_name}},\n\nyour plan {{plan}} of the line {{username}} ends on {{expires_on}}, in {{days}} days.\n',
    values: ['full_name', 'username', 'plan', 'expires_on', 'days'],
  },
  'password-reset': {
    subject: 'A new password for the panel',
    text: 'Somebody asked for a new password for {{email}}.\n\nTo set one, within the hour:\n{{link}}\n\nIf it was not you, do nothing.\n',
    values: ['email', 'link'],
  },
  'operator-invitation': {
    subject: 'Your access to the panel',
    text: 'Hello {{name}},\n\nyou can sign in to the panel as {{email}}. Set a password first:\n{{link}}\n',
    values: ['name', 'email', 'link'],
  },
  report: {
    subject: 'Report: {{title}}',
    text: 'The report {{title}} of {{day}}.\n\n{{summary}}\n',
    values: ['title', 'day', 'summary'],
  },
  note: {
    subject: '{{subject}}',
    text: '{{text}}\n',
    values: ['subject', 'text', 'full_name', 'username'],
  },
} as const satisfies Record<string, Template>

export type MessageKind = keyof typeof templates

/** Every kind. */
export const messageKinds = Object.keys(templates) as MessageKind[]

/** The kinds whose text holds a link that opens an account: forgotten once they were sent. */
export const secretKinds: readonly MessageKind[] = ['password-reset', 'operator-invitation']

export type MessageText = { subject: string; text: string }

/** The text of a kind: what was written for the language, else for `en`, else ours. */
export async function findTemplate(db: Db, kind: MessageKind, language: string | null): Promise<MessageText> {
  const rows = await db
    .selectFrom('message_template')
    .select(['language', 'subject', 'text'])
    .where('kind', '=', kind)
    .where('language', 'in', [language ?? 'en', 'en'])
    .execute()
  return rows.find((row) => row.language === language) ?? rows[0] ?? templates[kind]
}

/** Puts values in place of `{{name}}`; what is unknown becomes empty. A subject stays one line whatever the values hold. */
export function renderMessage(template: MessageText, values: Readonly<Record<string, string>>): MessageText {
  const fill = (text: string): string =>
    text.replaceAll(/\{\{(\w+)\}\}/g, (_match, name: string) => (Object.hasOwn(values, name) ? values[name]! : ''))
  return {
    subject: fill(template.subject)
      .replaceAll(/[\p{Cc}\s]+/gu, ' ')
      .trim()
      .slice(0, 200),
    text: fill(template.text),
  }
}

export type WrittenTemplate = { kind: string; language: string; subject: string; text: string; updatedAt: Date | null }

/** All kinds with our text, and what was written in their place. */
export async function listTemplates(db: Db): Promise<(WrittenTemplate & { values: readonly string[] })[]> {
  const written = await db
    .selectFrom('message_template')
    .select(['kind', 'language', 'subject', 'text', 'updated_at as updatedAt'])
    .orderBy('kind')
    .orderBy('language')
    .execute()
  return messageKinds.flatMap((kind) => {
    const { subject, text, values } = templates[kind]
    const ours = { kind, language: '', subject, text, updatedAt: null, values }
    return [ours, ...written.filter((row) => row.kind === kind).map((row) => ({ ...row, values }))]
  })
}

/** Writes a text for a kind and language. Throws FieldError naming a value that the kind does not have. */
export async function writeTemplate(
  db: Db,
  input: { kind: string; language: string; subject: string; text: string },
  now: Date,
): Promise<void> {
  const kind = messageKinds.find((known) => known === input.kind)
  if (kind === undefined) throw new NotFoundError('kind of message', input.kind)
  if (!/^[a-z]{2}(-[A-Z]{2})?$/.test(input.language)) throw new FieldError('language', 'is not a language such as de')
  const subject = checkText('subject', input.subject, 1, 200)
  const text = input.text.replaceAll('\r\n', '\n')
  if (text.trim() === '' || text.length > 10_000) throw new FieldError('text', 'must have 1 to 10000 characters')
  const known: readonly string[] = templates[kind].values
  for (const [field, part] of [
    ['subject', subject],
    ['text', text],
  ] as const) {
    const wrong = [...part.matchAll(/\{\{([^}]*)\}\}/g)].find((match) => !known.includes(match[1]!))
    if (wrong !== undefined) throw new FieldError(field, `${quote(wrong[0])} is none of ${known.join(', ')}`)
  }
  const row = { kind, language: input.language, subject, text, updated_at: now }
  await db
    .insertInto('message_template')
    .values(row)
    .onConflict((conflict) => conflict.columns(['kind', 'language']).doUpdateSet({ subject, text, updated_at: now }))
    .execute()
}

/** Takes a written text away: ours is used again. Throws NotFoundError. */
export async function removeTemplate(db: Db, key: { kind: string; language: string }): Promise<void> {
  const result = await db
    .deleteFrom('message_template')
    .where('kind', '=', key.kind)
    .where('language', '=', key.language)
    .executeTakeFirst()
  if (result.numDeletedRows === 0n) throw new NotFoundError('text', `${key.kind} ${key.language}`)
}
