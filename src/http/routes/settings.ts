// Settings (policy that operators change at run time) and alarms (what a person has to look at).

import { z } from 'zod'
import { clearAlarm, listAlarms } from '../../domain/alarm.ts'
import { writeAudit } from '../../domain/audit/audit.ts'
import { auditedChange } from '../../domain/audit/audited-change.ts'
import { NotFoundError } from '../../domain/field.ts'
import { defaultSettings, readSettings, settingShape, writeSetting, writtenSettings } from '../../domain/setting.ts'
import { route } from '../route.ts'
import { byName, flag, instantOut, nothing } from '../schemas.ts'

const settingOut = z.strictObject({
  name: z.string(),
  value: z.unknown(),
  default: z.unknown(),
  /** Whether somebody wrote it; else it is the default. */
  written: z.boolean(),
  /** What a value must look like, as JSON Schema. */
  shape: z.record(z.string(), z.unknown()),
})

export const settingRoutes = [
  route({
    method: 'get',
    path: '/settings',
    summary: 'All settings with their defaults',
    tag: 'Settings',
    access: 'setting.read',
    answer: z.strictObject({ items: z.array(settingOut) }),
    async run({ db }) {
      const [settings, written] = await Promise.all([readSettings(db), writtenSettings(db)])
      const items = Object.entries(settings).map(([name, value]) => ({
        name,
        value,
        default: Object.entries(defaultSettings).find(([other]) => other === name)?.[1],
        written: written.has(name),
        shape: settingShape(name),
      }))
      return { items }
    },
  }),
  route({
    method: 'put',
    path: '/settings/:name',
    summary: 'Write a setting; in force within a second',
    tag: 'Settings',
    access: 'setting.edit',
    grave: true,
    params: byName,
    body: z.strictObject({
      value: z.union([
        z.string(),
        z.number(),
        z.boolean(),
        z.array(z.union([z.string().max(100), z.number()])).max(50),
      ]),
    }),
    answer: settingOut,
    async run({ db, params: { name }, body: { value }, by, now }) {
      if (!Object.hasOwn(defaultSettings, name)) throw new NotFoundError('setting', name)
      const valueNow = async () => Object.entries(await readSettings(db)).find(([other]) => other === name)?.[1]
      const read = async () => ({ [name]: await valueNow() })
      const change = () => writeSetting(db, { name, value }, now)
      await auditedChange(db, { action: 'setting.edit', noun: 'setting', read, change }, by, now)
      const [, fallback] = Object.entries(defaultSettings).find(([other]) => other === name)!
      return { name, value: await valueNow(), default: fallback, written: true, shape: settingShape(name) }
    },
  }),
]

const alarmOut = z.strictObject({
  kind: z.string(),
  subject: z.string(),
  text: z.string(),
  count: z.int(),
  first_at: instantOut,
  last_at: instantOut,
  cleared_at: instantOut.nullable(),
})

export const alarmRoutes = [
  route({
    method: 'get',
    path: '/alarms',
    summary: 'Alarms that stand; with all=true the cleared ones too',
    tag: 'Settings',
    access: 'nas.read',
    query: z.strictObject({ all: flag.optional() }),
    answer: z.strictObject({ items: z.array(alarmOut) }),
    async run({ services, query }) {
      const alarms = await listAlarms(services.pool, { all: query.all ?? false })
      const items = alarms.map(({ firstAt, lastAt, clearedAt, count, ...alarm }) => ({
        ...alarm,
        count: Number(count),
        first_at: firstAt.toISOString(),
        last_at: lastAt.toISOString(),
        cleared_at: clearedAt?.toISOString() ?? null,
      }))
      return { items }
    },
  }),
  route({
    method: 'post',
    path: '/alarms/clear',
    summary: 'Clear an alarm; it comes back if its trouble does',
    tag: 'Settings',
    access: 'nas.edit',
    body: z.strictObject({ kind: z.string().max(100), subject: z.string().max(500) }),
    answer: nothing,
    async run({ db, body, by, now }) {
      if (!(await clearAlarm(db, body, now))) throw new NotFoundError('alarm', `${body.kind} ${body.subject}`)
      await writeAudit(db, { action: 'alarm.clear', noun: 'alarm', rowId: null, after: body }, by, now)
    },
  }),
]
