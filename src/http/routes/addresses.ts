// Who had an address then. Every question needs a reason and is written into the disclosure log, which others read. A POST,
// though nothing changes but the log: what was asked and why belongs into no URL, and so into no log of a proxy.

import { z } from 'zod'
import type { Holder } from '../../domain/address-search.ts'
import { discloseHolders, listDisclosures } from '../../domain/activity/disclosure.ts'
import type { DisclosureShown } from '../../domain/activity/disclosure.ts'
import { idKey, nextCursor, readCursor } from '../cursor.ts'
import { route } from '../route.ts'
import { idOut, idText, instant, instantOut, isoOrNull, pageOf, pageQuery } from '../schemas.ts'

const kinds = ['address', 'mac', 'circuit-id'] as const

const holder = z
  .strictObject({
    source: z.enum(['static', 'session', 'archive', 'device', 'circuit-id']),
    kind: z.string(),
    held: z.string(),
    exact: z.boolean().meta({ description: 'False: the holder has a prefix around the address' }),
    space: z.string().nullable(),
    username: z.string(),
    subscriber_id: idOut.nullable(),
    nas: z.string().nullable(),
    acct_session_id: z.string().nullable(),
    mac: z.string().nullable(),
    interface: z.string().nullable(),
    started_at: instantOut.nullable(),
    ended_at: instantOut.nullable(),
  })
  .meta({ id: 'AddressHolder' })

const disclosure = z
  .strictObject({
    id: idOut,
    at: instantOut,
    author_kind: z.string(),
    operator_id: idOut.nullable(),
    author_name: z.string(),
    address: z.string().nullable().meta({ description: 'From where it was asked' }),
    request_id: z.string().nullable(),
    reason: z.string(),
    case_number: z.string().nullable(),
    sought: z.string(),
    sought_kind: z.enum(kinds),
    sought_at: instantOut.nullable(),
    space: z.string().nullable(),
    port: z.int().nullable(),
    answers: z.int(),
  })
  .meta({ id: 'Disclosure' })

function presentHolder(found: Holder) {
  return {
    source: found.source,
    kind: found.kind,
    held: found.held,
    exact: found.exact,
    space: found.space,
    username: found.username,
    subscriber_id: found.subscriberId === null ? null : Number(found.subscriberId),
    nas: found.nas,
    acct_session_id: found.acctSessionId,
    mac: found.mac,
    interface: found.interface,
    started_at: isoOrNull(found.startedAt),
    ended_at: isoOrNull(found.endedAt),
  }
}

function presentDisclosure(shown: DisclosureShown) {
  return {
    id: Number(shown.id),
    at: shown.at.toISOString(),
    author_kind: shown.author_kind,
    operator_id: shown.operator_id === null ? null : Number(shown.operator_id),
    author_name: shown.author_name,
    address: shown.address,
    request_id: shown.request_id,
    reason: shown.reason,
    case_number: shown.case_number,
    sought: shown.sought,
    sought_kind: shown.sought_kind,
    sought_at: isoOrNull(shown.sought_at),
    space: shown.space,
    port: shown.port,
    answers: shown.answers,
  }
}

export const addressRoutes = [
  route({
    method: 'post',
    path: '/addresses/holders',
    summary: 'Who has an address, or had it then; the question is recorded',
    tag: 'Addresses',
    access: 'address.search',
    body: z.strictObject({
      address: z
        .string()
        .min(1)
        .max(253)
        .meta({ description: 'IPv4 or IPv6; also a MAC, or a circuit id as text or 0x…' }),
      at: instant.optional().meta({ description: 'Then; default: now, and who had it last' }),
      space: z.string().max(100).optional().meta({ description: 'Name of an address space; default: all' }),
      port: z.int().min(0).max(65_535).optional().meta({ description: 'Of an address that several share' }),
      reason: z.string().max(500),
      case_number: z.string().max(100).optional(),
    }),
    answer: z.strictObject({
      disclosure_id: idOut,
      sought: z.string(),
      kind: z.enum(kinds),
      at: instantOut.nullable(),
      port_known: z
        .boolean()
        .meta({ description: 'False: no port ranges of shared addresses are kept, so all who shared it are answered' }),
      holders: z.array(holder),
    }),
    async run({ services, db, by, body, now }) {
      const asked = {
        text: body.address,
        at: body.at,
        space: body.space,
        port: body.port,
        reason: body.reason,
        caseNumber: body.case_number,
      }
      const found = await discloseHolders({ db, pool: services.pool }, asked, by, now)
      return {
        disclosure_id: Number(found.disclosureId),
        sought: found.sought,
        kind: found.kind,
        at: isoOrNull(body.at ?? null),
        port_known: found.portKnown,
        holders: found.holders.map(presentHolder),
      }
    },
  }),
  route({
    method: 'get',
    path: '/disclosures',
    summary: 'Who asked who had an address, and why; newest first',
    tag: 'Addresses',
    access: 'audit.read',
    query: z.strictObject({
      ...pageQuery,
      operator_id: idText.optional(),
      sought: z.string().max(253).optional(),
      case_number: z.string().max(100).optional(),
      since: instant.optional(),
      until: instant.optional(),
    }),
    answer: pageOf(disclosure),
    async run({ db, by, query: { cursor, limit, ...asked } }) {
      const filter = {
        operatorId: asked.operator_id,
        sought: asked.sought,
        caseNumber: asked.case_number,
        since: asked.since,
        until: asked.until,
      }
      const rows = await listDisclosures(db, { filter, before: readCursor(cursor, idKey), limit }, by.scope)
      return { items: rows.map(presentDisclosure), next_cursor: nextCursor(rows, limit, (row) => [String(row.id)]) }
    },
  }),
]
