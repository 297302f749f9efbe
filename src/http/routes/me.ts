// Who is signed in, and what they may do.

import { z } from 'zod'
import { dateFormats, readSettings } from '../../domain/setting.ts'
import type { Context } from '../context.ts'
import { route } from '../route.ts'
import { idOut } from '../schemas.ts'

export const me = z.strictObject({
  operator_id: idOut,
  email: z.string(),
  name: z.string(),
  role: z.string(),
  organisation_id: idOut,
  organisation_kind: z.enum(['isp', 'reseller']),
  state: z.enum(['password', 'change', 'full']),
  permissions: z.array(z.string()),
  viewed_by: z.string().nullable(),
  /** The ISP's, for whoever may not read its settings. */
  zone: z.string(),
  currency: z.string(),
  date_format: z.enum(dateFormats),
})

/** Of somebody who is signed in, or half of the way. */
export async function presentMe({ caller, db }: Pick<Context, 'caller' | 'db'>): Promise<z.input<typeof me>> {
  const { zone, currency, date_format } = await readSettings(db)
  return {
    operator_id: Number(caller!.operatorId),
    email: caller!.email,
    name: caller!.name,
    role: caller!.role,
    organisation_id: Number(caller!.organisationId),
    organisation_kind: caller!.organisationKind,
    state: caller!.state,
    permissions: caller!.state === 'full' ? [...caller!.permissions] : [],
    viewed_by: caller!.viewedBy ?? null,
    zone,
    currency,
    date_format,
  }
}

export const meRoutes = [
  route({
    method: 'get',
    path: '/me',
    summary: 'Who is signed in',
    tag: 'Signing in',
    access: 'half-signed-in',
    answer: me,
    run: presentMe,
  }),
]
