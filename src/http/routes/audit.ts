// The audit trail: who did what to which row. A reseller reads what concerns its own rows.

import { z } from 'zod'
import { chainHead } from '../../domain/audit/chain.ts'
import { listAudit, showAudit } from '../../domain/audit/read-audit.ts'
import type { AuditShown } from '../../domain/audit/read-audit.ts'
import { idKey, nextCursor, readCursor } from '../cursor.ts'
import { route } from '../route.ts'
import { byId, idOut, idText, instant, instantOut, pageOf, pageQuery } from '../schemas.ts'

const values = z.record(z.string(), z.unknown()).nullable()

const entry = z
  .strictObject({
    id: idOut,
    at: instantOut,
    author_kind: z.string(),
    operator_id: idOut.nullable(),
    author_name: z.string(),
    viewed_by: z.string().nullable().meta({ description: 'Who looked through the eyes of the author' }),
    address: z.string().nullable(),
    request_id: z.string().nullable(),
    action: z.string(),
    noun: z.string(),
    row_id: idOut.nullable(),
    owner_id: idOut.nullable(),
    before: values.meta({ description: 'What changed, before; secrets are masked' }),
    after: values,
    personal: z
      .enum(['none', 'shown', 'removed'])
      .meta({ description: '`removed`: the person was purged, and with it what the entry said of it' }),
  })
  .meta({ id: 'AuditEntry' })

const query = z.strictObject({
  ...pageQuery,
  noun: z.string().max(50).optional(),
  row_id: idText.optional(),
  operator_id: idText.optional(),
  action: z.string().max(100).optional().meta({ description: 'Whole, or its beginning up to a dot: `subscriber.`' }),
  since: instant.optional(),
  until: instant.optional(),
  owner_id: idText.optional(),
  request_id: z.string().max(100).optional(),
  address: z
    .union([z.ipv4(), z.ipv6()])
    .optional()
    .meta({ description: 'Where the author was; of the last 31 days unless `since` says more' }),
  text: z
    .string()
    .min(2)
    .max(100)
    .optional()
    .meta({ description: 'In author and values that are not personal; of the last 31 days unless `since` says more' }),
})

function idOrNull(id: bigint | null): number | null {
  return id === null ? null : Number(id)
}

function present(shown: AuditShown) {
  return {
    id: Number(shown.id),
    at: shown.at.toISOString(),
    author_kind: shown.authorKind,
    operator_id: idOrNull(shown.operatorId),
    author_name: shown.authorName,
    viewed_by: shown.viewedBy,
    address: shown.address,
    request_id: shown.requestId,
    action: shown.action,
    noun: shown.noun,
    row_id: idOrNull(shown.rowId),
    owner_id: idOrNull(shown.ownerId),
    before: shown.before,
    after: shown.after,
    personal: shown.personal,
  }
}

export const auditRoutes = [
  route({
    method: 'get',
    path: '/audit',
    summary: 'Who did what, newest first',
    tag: 'Audit',
    access: 'audit.read',
    query,
    answer: pageOf(entry),
    async run({ db, by, query: { cursor, limit, ...asked }, now }) {
      const filter = {
        noun: asked.noun,
        rowId: asked.row_id,
        operatorId: asked.operator_id,
        action: asked.action,
        since: asked.since,
        until: asked.until,
        ownerId: asked.owner_id,
        requestId: asked.request_id,
        address: asked.address,
        text: asked.text,
      }
      const rows = await listAudit(db, { filter, before: readCursor(cursor, idKey), limit }, by, now)
      return { items: rows.map(present), next_cursor: nextCursor(rows, limit, (row) => [String(row.id)]) }
    },
  }),
  route({
    method: 'get',
    path: '/audit/:id',
    summary: 'One audit entry',
    tag: 'Audit',
    access: 'audit.read',
    params: byId,
    answer: entry,
    run: async ({ db, by, params }) => present(await showAudit(db, params.id, by)),
  }),
  route({
    method: 'get',
    path: '/audit-head',
    summary:
      'The last link of the hash chain: keep it elsewhere, and `gatehouse audit verify` finds what was cut off since',
    tag: 'Audit',
    access: 'audit.read',
    answer: z.strictObject({ sequence: z.int().min(0), hash: z.string().regex(/^[0-9a-f]{64}$/) }),
    async run({ db }) {
      const { sequence, hash } = await chainHead(db)
      return { sequence: Number(sequence), hash: hash.toString('hex') }
    },
  }),
]
