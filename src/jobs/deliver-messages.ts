// Sends what waits in the outbox: mail through the ISP's server, webhooks to whoever asked. A try that fails is written down
// with its reason and comes again; the message is never lost and, where the other side says it took it, never sent twice.
import { createTransport } from 'nodemailer'
import type { Transporter } from 'nodemailer'
import type { Db } from '../db/schema.ts'
import type { Keyring } from '../domain/data-key.ts'
import { readMailServer } from '../domain/message/mail-server.ts'
import type { MailServer } from '../domain/message/mail-server.ts'
import { announce } from '../domain/message/announce.ts'
import { claimMessages, finishMessage, messageChannel } from '../domain/message/outbox.ts'
import type { Claimed } from '../domain/message/outbox.ts'
import { openWebhook, webhookSignature } from '../domain/message/webhook.ts'
import { readSettings } from '../domain/setting.ts'
import { callWebhook } from './webhook-request.ts'
import type { WorkerDefinition } from './workers.ts'

/** Messages of one turn. */
const turn = 20
const patienceMs = 20_000

/** `patienceMs`: how long another side may be silent. */
type Sending = { db: Db; keyring: Keyring; now: Date; patienceMs?: number }

/** Sends what is due; true: there may be more. */
export async function deliverMessages(sending: Sending): Promise<boolean> {
  const { db, keyring, now } = sending
  const messages = await claimMessages(db, keyring, turn, now)
  if (messages.length === 0) return false
  const server = await readMailServer(db, keyring)
  const transport = server && transportOf(server, sending.patienceMs)
  try {
    await Promise.all(
      messages.map(async (message) => {
        const error = await sendOne(sending, message, server, transport).then(() => undefined, sentenceOf)
        await finishMessage(db, message, error, now)
      }),
    )
  } finally {
    transport?.close()
  }
  return messages.length === turn
}

function sendOne(
  sending: Sending,
  message: Claimed,
  server: MailServer | undefined,
  transport: Transporter | undefined,
): Promise<unknown> {
  if (message.channel === 'webhook') return sendWebhook(sending, message)
  if (server === undefined || transport === undefined) return Promise.reject(new Error('no mail server is named'))
  return transport.sendMail({
    from: server.sender,
    to: message.recipient ?? '',
    subject: message.subject ?? '',
    text: message.body,
    ...(message.attachment === undefined
      ? {}
      : { attachments: [{ filename: message.attachment.name, content: message.attachment.octets }] }),
    // The same message keeps its id when it is sent again: mail servers may recognise it.
    messageId: `<gatehouse-${message.id}@${server.sender.split('@')[1]}>`,
  })
}

async function sendWebhook({ db, keyring, now, patienceMs: patience }: Sending, message: Claimed): Promise<void> {
  const webhook = message.webhookId === null ? undefined : await openWebhook(db, keyring, message.webhookId)
  if (webhook === undefined) throw new Error('the webhook is switched off')
  const { webhook_hosts: allowedHosts } = await readSettings(db)
  const headers = {
    'Gatehouse-Event': message.kind,
    'Gatehouse-Delivery': String(message.id),
    'Gatehouse-Signature': webhookSignature(webhook.secret, message.body, now),
  }
  const patient = patience === undefined ? {} : { patienceMs: patience }
  await callWebhook({ url: webhook.url, body: message.body, headers, allowedHosts, ...patient })
}

/** A connection to the mail server, ended after use. */
export function transportOf(server: MailServer, patience = patienceMs): Transporter {
  return createTransport({
    host: server.host,
    port: server.port,
    secure: server.security === 'tls',
    requireTLS: server.security === 'starttls',
    ignoreTLS: server.security === 'none',
    ...(server.username === null ? {} : { auth: { user: server.username, pass: server.password ?? '' } }),
    pool: true,
    maxConnections: 2,
    connectionTimeout: patience,
    greetingTimeout: patience,
    socketTimeout: patience,
    // A mail is text that we made: nothing in it may read files or fetch addresses.
    disableFileAccess: true,
    disableUrlAccess: true,
  })
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Sends the outbox. */
export const messageWorker: WorkerDefinition = {
  name: 'deliver-messages',
  channel: messageChannel,
  everyMs: 15_000,
  work: ({ db, keyring, clock }) => deliverMessages({ db, keyring, now: clock.now() }),
}

/** Turns audit entries into webhook calls and welcomes. */
export const announceWorker: WorkerDefinition = {
  name: 'announce',
  everyMs: 3_000,
  work: ({ db, keyring, clock }) => announce(db, keyring, clock.now()),
}
