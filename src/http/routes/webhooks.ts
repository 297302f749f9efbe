// Webhooks: other systems that are told what happens. Their secret is shown once, when they are made.

import { z } from 'zod'
import type { Db } from '../../db/schema.ts'
import { writeAudit } from '../../domain/audit/audit.ts'
import { auditedChange } from '../../domain/audit/audited-change.ts'
import { queueWebhook } from '../../domain/message/outbox.ts'
import { addWebhook, listWebhooks, removeWebhook, setWebhook, showWebhook } from '../../domain/message/webhook.ts'
import type { WebhookSummary } from '../../domain/message/webhook.ts'
import type { Scope } from '../../domain/scope.ts'
import { route } from '../route.ts'
import { byId, idOut, instantOut, nothing } from '../schemas.ts'

const webhookOut = z.strictObject({
  id: idOut,
  name: z.string(),
  url: z.string(),
  events: z.array(z.string()),
  enabled: z.boolean(),
  created_at: instantOut,
})
const webhookIn = z.strictObject({
  name: z.string().max(200),
  url: z.string().max(600),
  events: z.array(z.string().max(100)).max(50),
  enabled: z.boolean().optional(),
})

function present({ id, createdAt, ...webhook }: WebhookSummary) {
  return { id: Number(id), ...webhook, created_at: createdAt.toISOString() }
}

/** For the audit trail; undefined where it is not there. */
async function read(db: Db, id: bigint, scope: Scope) {
  const found = (await listWebhooks(db, scope)).find((webhook) => webhook.id === id)
  return found && present(found)
}

export const webhookRoutes = [
  route({
    method: 'get',
    path: '/webhooks',
    summary: 'All webhooks by name',
    tag: 'Messages',
    access: 'message.read',
    answer: z.strictObject({ items: z.array(webhookOut) }),
    run: async ({ db, by }) => ({ items: (await listWebhooks(db, by.scope)).map(present) }),
  }),
  route({
    method: 'post',
    path: '/webhooks',
    summary: 'Add a webhook; its secret is in this answer only',
    tag: 'Messages',
    access: 'message.edit',
    grave: true,
    reveals: true,
    body: webhookIn,
    answer: webhookOut.extend({ secret: z.string() }),
    status: 201,
    async run({ db, by, body, now }) {
      const ownerId = by.scope.ownerId ?? null
      const { id, secret } = await addWebhook(db, by.keyring, { ...body, ownerId }, now)
      const webhook = present(await showWebhook(db, id, by.scope))
      await writeAudit(db, { action: 'webhook.create', noun: 'webhook', rowId: id, ownerId, after: webhook }, by, now)
      return { ...webhook, secret }
    },
  }),
  route({
    method: 'put',
    path: '/webhooks/:id',
    summary: 'Change a webhook; its secret stays',
    tag: 'Messages',
    access: 'message.edit',
    grave: true,
    params: byId,
    body: webhookIn,
    answer: webhookOut,
    async run({ db, by, params: { id }, body, now }) {
      const change = () => setWebhook(db, id, body, by.scope)
      const deed = { action: 'webhook.edit', noun: 'webhook' }
      await auditedChange(db, { ...deed, read: () => read(db, id, by.scope), change }, by, now)
      return present(await showWebhook(db, id, by.scope))
    },
  }),
  route({
    method: 'delete',
    path: '/webhooks/:id',
    summary: 'Remove a webhook with what waits for it',
    tag: 'Messages',
    access: 'message.edit',
    params: byId,
    answer: nothing,
    async run({ db, by, params: { id }, now }) {
      const change = () => removeWebhook(db, id, by.scope)
      const deed = { action: 'webhook.delete', noun: 'webhook' }
      await auditedChange(db, { ...deed, read: () => read(db, id, by.scope), change }, by, now)
    },
  }),
  route({
    method: 'post',
    path: '/webhooks/:id/test',
    summary: 'Call a webhook with a test event; what became of it is among the messages',
    tag: 'Messages',
    access: 'message.edit',
    params: byId,
    answer: nothing,
    async run({ db, by, params: { id }, now }) {
      await showWebhook(db, id, by.scope)
      const body = JSON.stringify({ event: 'webhook.test', at: now.toISOString(), author: by.name })
      const call = { webhookId: id, kind: 'webhook.test', body, ownerId: by.scope.ownerId ?? null }
      await queueWebhook(db, by.keyring, { ...call, onceKey: `test ${id} ${by.requestId}` }, now)
      await writeAudit(db, { action: 'webhook.test', noun: 'webhook', rowId: id }, by, now)
    },
  }),
]
