// Operators, their sessions and their API tokens as the API shows them. No password, hash or secret is among it.

import { z } from 'zod'
import type { ApiToken } from '../../domain/operator/api-token.ts'
import type { OperatorListed } from '../../domain/operator/operator-list.ts'
import type { PanelSession } from '../../domain/operator/panel-session.ts'
import { idOut, instant, instantOut, isoOrNull, text } from '../schemas.ts'

export const operatorOut = z.strictObject({
  id: idOut,
  name: z.string(),
  email: z.string(),
  phone: z.string().nullable(),
  phone_extension: z.string().nullable(),
  language: z.string().nullable(),
  organisation_id: idOut,
  organisation: z.string(),
  role_id: idOut,
  role: z.string(),
  team_id: idOut.nullable(),
  team: z.string().nullable(),
  enabled: z.boolean(),
  must_change_password: z.boolean(),
  /** False: invited, and has not chosen one yet. */
  has_password: z.boolean(),
  second_factor: z.boolean(),
  /** Panel sessions that are open. */
  sessions: z.int(),
  /** API tokens in force. */
  api_tokens: z.int(),
  created_at: instantOut,
  created_by: z.string().nullable(),
  last_login_at: instantOut.nullable(),
  archived_at: instantOut.nullable(),
})

export type OperatorColumn = keyof z.infer<typeof operatorOut>

/** What a list can show, by name. */
export const operatorColumns = Object.keys(operatorOut.shape) as OperatorColumn[]

/** One operator. */
export function presentOperator(row: OperatorListed): z.infer<typeof operatorOut> {
  return {
    id: Number(row.id),
    name: row.name,
    email: row.email,
    phone: row.phone,
    phone_extension: row.phoneExtension,
    language: row.language,
    organisation_id: Number(row.organisationId),
    organisation: row.organisation,
    role_id: Number(row.roleId),
    role: row.role,
    team_id: row.teamId === null ? null : Number(row.teamId),
    team: row.team,
    enabled: row.enabled,
    must_change_password: row.mustChangePassword,
    has_password: row.hasPassword,
    second_factor: row.secondFactor,
    sessions: row.sessions,
    api_tokens: row.tokens,
    created_at: row.createdAt.toISOString(),
    created_by: row.createdBy,
    last_login_at: isoOrNull(row.lastLoginAt),
    archived_at: isoOrNull(row.archivedAt),
  }
}

export const panelSessionOut = z.strictObject({
  id: idOut,
  state: z.enum(['password', 'change', 'full']),
  /** The super-administrator who looks through this operator's eyes. */
  viewed_by: z.string().nullable(),
  address: z.string().nullable(),
  user_agent: z.string().nullable(),
  created_at: instantOut,
  last_seen_at: instantOut,
  ends_at: instantOut,
})

/** One panel session. */
export function presentPanelSession(session: PanelSession): z.infer<typeof panelSessionOut> {
  return {
    id: Number(session.id),
    state: session.state,
    viewed_by: session.viewedBy,
    address: session.address,
    user_agent: session.userAgent,
    created_at: session.createdAt.toISOString(),
    last_seen_at: session.lastSeenAt.toISOString(),
    ends_at: session.endsAt.toISOString(),
  }
}

export const apiTokenOut = z.strictObject({
  id: idOut,
  operator_id: idOut,
  operator: z.string(),
  name: z.string(),
  /** How the token begins. */
  prefix: z.string(),
  permissions: z.array(z.string()),
  /** Networks from which it may be used; empty: from anywhere. */
  allowed: z.array(z.string()),
  state: z.enum(['valid', 'expired', 'revoked']),
  created_at: instantOut,
  expires_at: instantOut,
  last_used_at: instantOut.nullable(),
  last_used_address: z.string().nullable(),
  revoked_at: instantOut.nullable(),
})

/** One API token, as it stands at this instant. */
export function presentApiToken(token: ApiToken, now: Date): z.infer<typeof apiTokenOut> {
  return {
    id: Number(token.id),
    operator_id: Number(token.operatorId),
    operator: token.operator,
    name: token.name,
    prefix: token.prefix,
    permissions: token.permissions,
    allowed: token.allowed,
    state: token.revokedAt !== null ? 'revoked' : token.expiresAt <= now ? 'expired' : 'valid',
    created_at: token.createdAt.toISOString(),
    expires_at: token.expiresAt.toISOString(),
    last_used_at: isoOrNull(token.lastUsedAt),
    last_used_address: token.lastUsedAddress,
    revoked_at: isoOrNull(token.revokedAt),
  }
}

export const newApiToken = z.strictObject({
  name: text(100),
  permissions: z.array(text(60)).min(1).max(100),
  expires_at: instant,
  allowed: z.array(text(60)).max(50).default([]),
})
