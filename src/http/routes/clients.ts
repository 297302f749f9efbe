// RADIUS clients: who may send to us. Secrets are shown once, when they are made.

import { z } from 'zod'
import type { Db } from '../../db/schema.ts'
import { writeAudit } from '../../domain/audit/audit.ts'
import { auditedChange } from '../../domain/audit/audited-change.ts'
import { addClient, listClients, removeClient, rotateSecret, setClient } from '../../domain/client.ts'
import type { ClientSummary } from '../../domain/client.ts'
import { NotFoundError, withoutUndefined } from '../../domain/field.ts'
import { route } from '../route.ts'
import { byName, idOut, instantOut, isoOrNull, nothing } from '../schemas.ts'

const clientOut = z.strictObject({
  id: idOut,
  name: z.string(),
  prefix: z.string(),
  vendor: z.string(),
  new_nas: z.enum(['allow', 'refuse']),
  message_authenticator: z.enum(['require', 'auto', 'off']),
  message_authenticator_seen_at: instantOut.nullable(),
  limit_proxy_state: z.boolean(),
  trusted_proxy: z.boolean(),
  patience_ms: z.int(),
  group: z.string(),
  unknown_pool: z.string().nullable(),
  radsec_fingerprint: z.string().nullable(),
  radsec_name: z.string().nullable(),
  nas_count: z.int(),
  secret_count: z.int(),
  created_at: instantOut,
})
const revealed = {
  /** Shown this once. */
  secret: z.string(),
  warning: z.string().nullable(),
}
const policies = {
  new_nas: z.string().max(20).optional(),
  message_authenticator: z.string().max(20).optional(),
  limit_proxy_state: z.boolean().optional(),
  trusted_proxy: z.boolean().optional(),
  patience_ms: z.int().optional(),
  group: z.string().max(100).optional(),
  unknown_pool: z.string().max(100).optional(),
  radsec_fingerprint: z.string().max(120).optional(),
  radsec_name: z.string().max(253).optional(),
}

function presentClient(client: ClientSummary) {
  return {
    id: Number(client.id),
    name: client.name,
    prefix: client.prefix,
    vendor: client.vendor,
    new_nas: client.newNas,
    message_authenticator: client.messageAuthenticator,
    message_authenticator_seen_at: isoOrNull(client.messageAuthenticatorSeenAt),
    limit_proxy_state: client.limitProxyState,
    trusted_proxy: client.trustedProxy,
    patience_ms: client.patienceMs,
    group: client.group,
    unknown_pool: client.unknownPool,
    radsec_fingerprint: client.radsecFingerprint,
    radsec_name: client.radsecName,
    nas_count: client.nasCount,
    secret_count: client.secretCount,
    created_at: client.createdAt.toISOString(),
  }
}

async function readClient(db: Db, name: string, now: Date) {
  const found = (await listClients(db, now)).find((client) => client.name === name)
  return found && presentClient(found)
}

function policiesOf(body: z.infer<z.ZodObject<typeof policies>>) {
  return withoutUndefined({
    newNas: body.new_nas,
    messageAuthenticator: body.message_authenticator,
    limitProxyState: body.limit_proxy_state,
    trustedProxy: body.trusted_proxy,
    patienceMs: body.patience_ms,
    group: body.group,
    unknownPool: body.unknown_pool,
    radsecFingerprint: body.radsec_fingerprint,
    radsecName: body.radsec_name,
  })
}

async function requireClient(db: Db, name: string, now: Date) {
  const client = await readClient(db, name, now)
  if (client === undefined) throw new NotFoundError('client', name)
  return client
}

export const clientRoutes = [
  route({
    method: 'get',
    path: '/clients',
    summary: 'All RADIUS clients by name',
    tag: 'NASes',
    access: 'nas.read',
    answer: z.strictObject({ items: z.array(clientOut) }),
    run: async ({ db, now }) => ({ items: (await listClients(db, now)).map(presentClient) }),
  }),
  route({
    method: 'get',
    path: '/clients/:name',
    summary: 'A RADIUS client',
    tag: 'NASes',
    access: 'nas.read',
    params: byName,
    answer: clientOut,
    run: ({ db, params, now }) => requireClient(db, params.name, now),
  }),
  route({
    method: 'post',
    path: '/clients',
    summary: 'Add a RADIUS client; with a vendor also its only NAS',
    tag: 'NASes',
    access: 'nas.edit',
    body: z.strictObject({
      name: z.string().max(100),
      address: z.string().max(50),
      vendor: z.string().max(50).optional(),
      secret: z.string().max(128).optional(),
      allow_weak_secret: z.boolean().optional(),
      ...policies,
    }),
    answer: clientOut.extend(revealed),
    status: 201,
    reveals: true,
    async run({ db, body, by, now }) {
      const { name, address, vendor, secret, allow_weak_secret: allowWeakSecret, ...rest } = body
      const given = {
        ...(vendor && { vendor }),
        ...(secret && { secret }),
        ...(allowWeakSecret && { allowWeakSecret }),
      }
      const added = await addClient(db, by.keyring, { name, address, ...given, ...policiesOf(rest) }, now)
      const client = await requireClient(db, name.trim(), now)
      await writeAudit(db, { action: 'client.create', noun: 'client', rowId: added.id, after: client }, by, now)
      return { ...client, secret: added.secret, warning: added.warning ?? null }
    },
  }),
  route({
    method: 'patch',
    path: '/clients/:name',
    summary: 'Change the policies of a RADIUS client',
    tag: 'NASes',
    access: 'nas.edit',
    params: byName,
    body: z.strictObject(policies),
    answer: clientOut,
    async run({ db, params: { name }, body, by, now }) {
      const deed = { action: 'client.edit', noun: 'client' }
      const change = () => setClient(db, { name, ...policiesOf(body) })
      await auditedChange(db, { ...deed, read: () => readClient(db, name, now), change }, by, now)
      return requireClient(db, name, now)
    },
  }),
  route({
    method: 'post',
    path: '/clients/:name/secret',
    summary: 'Give a RADIUS client a new secret; the old one stays valid for some days',
    tag: 'NASes',
    access: 'nas.edit',
    grave: true,
    params: byName,
    body: z.strictObject({
      secret: z.string().max(128).optional(),
      allow_weak_secret: z.boolean().optional(),
      keep_days: z.int().optional(),
    }),
    answer: z.strictObject({ ...revealed, old_valid_until: instantOut }),
    reveals: true,
    async run({ db, params: { name }, body, by, now }) {
      const { id } = await requireClient(db, name, now)
      const { secret, allow_weak_secret: allowWeakSecret, keep_days: keepDays } = body
      const given = {
        ...(secret && { secret }),
        ...(allowWeakSecret && { allowWeakSecret }),
        ...(keepDays !== undefined && { keepDays }),
      }
      const rotated = await rotateSecret(db, by.keyring, { name, ...given }, now)
      const after = { old_valid_until: rotated.oldValidUntil.toISOString() }
      await writeAudit(db, { action: 'client.rotate-secret', noun: 'client', rowId: BigInt(id), after }, by, now)
      return { secret: rotated.secret, warning: rotated.warning ?? null, ...after }
    },
  }),
  route({
    method: 'delete',
    path: '/clients/:name',
    summary: 'Remove a RADIUS client without NASes',
    tag: 'NASes',
    access: 'nas.edit',
    params: byName,
    answer: nothing,
    async run({ db, params: { name }, by, now }) {
      const deed = { action: 'client.delete', noun: 'client' }
      await auditedChange(
        db,
        { ...deed, read: () => readClient(db, name, now), change: () => removeClient(db, name) },
        by,
        now,
      )
    },
  }),
]
