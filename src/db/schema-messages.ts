// The columns of migrations/0014: messages out and webhooks.

import type { Generated } from 'kysely'

/** The tables of 0014 by name. */
export type MessageTables = {
  mail_server: MailServerTable
  message_template: MessageTemplateTable
  webhook: WebhookTable
  message: MessageTable
  announced: AnnouncedTable
}

/** Where mail goes through; at most one row. */
export type MailServerTable = {
  id: Generated<number>
  host: string
  port: number
  security: 'none' | 'starttls' | 'tls'
  sender: string
  username: string | null
  password: Buffer | null
  updated_at: Date
}

/** A text in place of ours. */
export type MessageTemplateTable = {
  kind: string
  language: string
  subject: string
  text: string
  updated_at: Date
}

/** Who is told what happens. */
export type WebhookTable = {
  id: Generated<bigint>
  owner_id: bigint | null
  name: string
  url: string
  events: string[]
  secret: Buffer
  enabled: Generated<boolean>
  created_at: Date
}

/** One message, once it is to go out. */
export type MessageTable = {
  id: Generated<bigint>
  channel: 'mail' | 'webhook'
  kind: string
  recipient: string | null
  webhook_id: bigint | null
  subscriber_id: bigint | null
  operator_id: bigint | null
  owner_id: bigint | null
  subject: string | null
  body: Buffer | null
  holds_secret: Generated<boolean>
  attachment: Buffer | null
  attachment_name: string | null
  once_key: string | null
  state: Generated<'waiting' | 'sending' | 'sent' | 'failed'>
  attempts: Generated<number>
  next_at: Date
  last_error: string | null
  created_at: Date
  sent_at: Date | null
}

/** How far webhooks have heard; at most one row. */
export type AnnouncedTable = {
  id: Generated<number>
  until: bigint
}
