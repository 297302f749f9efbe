// NASes (devices) and the groups in which they back each other up.

import { z } from 'zod'
import { auditedChange } from '../../domain/audit/audited-change.ts'
import { addNas, listNases, removeNas, setNas, showNas } from '../../domain/nas-device.ts'
import type { NasShown, NasSummary } from '../../domain/nas-device.ts'
import { addNasGroup, listNasGroups, removeNasGroup, setNasGroup } from '../../domain/nas-group.ts'
import type { NasGroupSummary } from '../../domain/nas-group.ts'
import { changeNasSettings } from '../../domain/nas-settings.ts'
import type { Db } from '../../db/schema.ts'
import { NotFoundError, withoutUndefined } from '../../domain/field.ts'
import { route } from '../route.ts'
import { byName, idOut, instantOut, isoOrNull, nothing } from '../schemas.ts'

const nasOut = z.strictObject({
  id: idOut,
  name: z.string(),
  client: z.string(),
  vendor: z.string(),
  identifier: z.string().nullable(),
  address: z.string().nullable(),
  group: z.string(),
  coa_address: z.string().nullable(),
  coa_port: z.int(),
  last_reboot_at: instantOut.nullable(),
  observed_interval_s: z.int().nullable(),
  attributes: z.array(z.string()),
  learnt: z
    .strictObject({ cannot_change_since: instantOut, error_cause: z.int(), learnt_at: instantOut })
    .nullable()
    .meta({ description: 'It refuses to change sessions live: changes are made by a Disconnect until a day after' }),
  created_at: instantOut,
})
const settingValues = z.record(z.string().max(50), z.union([z.string().max(200), z.number(), z.boolean(), z.null()]))
const nasShownOut = nasOut.extend({
  settings: z.record(z.string(), z.unknown()),
  /** Those settings that differ from their default because somebody wrote them. */
  written: z.array(z.string()),
})
const nasFields = {
  identifier: z.string().max(253).optional(),
  address: z.string().max(50).optional(),
  coa_address: z.string().max(50).optional(),
  coa_port: z.int().optional(),
  attributes: z.array(z.string().max(500)).max(50).optional(),
  group: z.string().max(100).optional(),
}

function presentNas(nas: NasSummary) {
  return {
    id: Number(nas.id),
    name: nas.name,
    client: nas.client,
    vendor: nas.vendor,
    identifier: nas.identifier,
    address: nas.address,
    group: nas.group,
    coa_address: nas.coaAddress,
    coa_port: nas.coaPort,
    last_reboot_at: isoOrNull(nas.lastRebootAt),
    observed_interval_s: nas.observedIntervalS,
    attributes: nas.attributes,
    learnt: nas.learnt && {
      cannot_change_since: nas.learnt.cannotChangeSince.toISOString(),
      error_cause: nas.learnt.errorCause,
      learnt_at: nas.learnt.learntAt.toISOString(),
    },
    created_at: nas.createdAt.toISOString(),
  }
}

function presentShown(nas: NasShown) {
  // A password for lines without one is a secret all the same.
  const { ipoe_password: password, ...settings } = nas.settings
  return {
    ...presentNas(nas),
    settings: { ...settings, ...(password === undefined ? {} : { ipoe_password: '***' }) },
    written: nas.written,
  }
}

/** For the audit trail; undefined where there is none of the name. */
async function readNas(db: Db, name: string) {
  const shown = await showNas(db, name).catch((error: unknown) => {
    if (error instanceof NotFoundError) return undefined
    throw error
  })
  return shown && presentShown(shown)
}

/** The fields of a body as the domain calls them. */
function fieldsOf({ coa_address: coaAddress, coa_port: coaPort, ...body }: z.infer<z.ZodObject<typeof nasFields>>) {
  return withoutUndefined({ ...body, coaAddress, coaPort })
}

export const nasRoutes = [
  route({
    method: 'get',
    path: '/nases',
    summary: 'All NASes by name',
    tag: 'NASes',
    access: 'nas.read',
    answer: z.strictObject({ items: z.array(nasOut) }),
    run: async ({ db }) => ({ items: (await listNases(db)).map(presentNas) }),
  }),
  route({
    method: 'get',
    path: '/nases/:name',
    summary: 'A NAS with its settings',
    tag: 'NASes',
    access: 'nas.read',
    params: byName,
    answer: nasShownOut,
    run: async ({ db, params }) => presentShown(await showNas(db, params.name)),
  }),
  route({
    method: 'post',
    path: '/nases',
    summary: 'Add a NAS behind a client',
    tag: 'NASes',
    access: 'nas.edit',
    body: z.strictObject({
      client: z.string().max(100),
      name: z.string().max(100),
      vendor: z.string().max(50),
      ...nasFields,
    }),
    answer: nasShownOut,
    status: 201,
    async run({ db, services, body, by, now }) {
      const { client, name, vendor, ...fields } = body
      const add = () => addNas(db, { client, name, vendor, ...fieldsOf(fields) }, services.checkAttribute, now)
      const read = () => readNas(db, name)
      await auditedChange(db, { action: 'nas.create', noun: 'nas', read, change: add }, by, now)
      return presentShown(await showNas(db, name.trim()))
    },
  }),
  route({
    method: 'patch',
    path: '/nases/:name',
    summary: 'Change a NAS or its settings; a setting of null takes its default again',
    tag: 'NASes',
    access: 'nas.edit',
    params: byName,
    body: z.strictObject({ vendor: z.string().max(50).optional(), settings: settingValues.optional(), ...nasFields }),
    answer: nasShownOut,
    async run({ db, services, params: { name }, body, by, now }) {
      const { settings, vendor, ...fields } = body
      const change = async () => {
        const changes = { ...fieldsOf(fields), ...withoutUndefined({ vendor }) }
        if (Object.keys(changes).length > 0) await setNas(db, { name, ...changes }, services.checkAttribute)
        if (settings !== undefined) await changeNasSettings(db, name, settings)
      }
      const read = () => readNas(db, name)
      await auditedChange(db, { action: 'nas.edit', noun: 'nas', read, change }, by, now)
      return presentShown(await showNas(db, name))
    },
  }),
  route({
    method: 'delete',
    path: '/nases/:name',
    summary: 'Remove a NAS that has no live sessions',
    tag: 'NASes',
    access: 'nas.edit',
    params: byName,
    answer: nothing,
    async run({ db, params: { name }, by, now }) {
      const read = () => readNas(db, name)
      const change = () => removeNas(db, name)
      await auditedChange(db, { action: 'nas.delete', noun: 'nas', read, change }, by, now)
    },
  }),
]

const groupOut = z.strictObject({
  id: idOut,
  name: z.string(),
  address_space: z.string(),
  identity_order: z.array(z.string()),
  unknown_garden: z
    .strictObject({
      address_list: z.string().nullable(),
      pool: z.string().nullable(),
      down_bps: z.int(),
      up_bps: z.int(),
      session_timeout_s: z.int().nullable(),
    })
    .nullable()
    .meta({ description: 'Where whom nobody knows is let in (PAP, CHAP, IPoE); null: refused' }),
  nas_count: z.int(),
  client_count: z.int(),
  created_at: instantOut,
})

function presentGroup(group: NasGroupSummary) {
  return {
    id: Number(group.id),
    name: group.name,
    address_space: group.addressSpace,
    identity_order: group.identityOrder,
    unknown_garden: group.unknownGarden,
    nas_count: group.nasCount,
    client_count: group.clientCount,
    created_at: group.createdAt.toISOString(),
  }
}

async function readGroup(db: Db, name: string) {
  const found = (await listNasGroups(db)).find((group) => group.name === name)
  return found && presentGroup(found)
}

const rate = z.union([z.int().min(1), z.string().max(20)]).meta({ description: 'Bit/s, or text such as 50M' })
const groupFields = {
  address_space: z.string().max(100).optional(),
  identity_order: z.array(z.string().max(30)).max(10).optional(),
  unknown_garden: z
    .strictObject({
      address_list: z.string().max(100).nullish(),
      pool: z.string().max(100).nullish(),
      down_bps: rate.nullish(),
      up_bps: rate.nullish(),
      session_timeout_s: z.int().nullish(),
    })
    .nullish()
    .meta({ description: 'Lets whom nobody knows (PAP, CHAP, IPoE) into a walled garden; null: refuses them' }),
}

function groupInput(name: string, body: z.infer<z.ZodObject<typeof groupFields>>) {
  const { address_space: addressSpace, identity_order: order, unknown_garden: unknownGarden } = body
  return { name, ...withoutUndefined({ addressSpace, identityOrder: order?.join(','), unknownGarden }) }
}

export const nasGroupRoutes = [
  route({
    method: 'get',
    path: '/nas-groups',
    summary: 'All NAS groups by name',
    tag: 'NASes',
    access: 'nas.read',
    answer: z.strictObject({ items: z.array(groupOut) }),
    run: async ({ db }) => ({ items: (await listNasGroups(db)).map(presentGroup) }),
  }),
  route({
    method: 'post',
    path: '/nas-groups',
    summary: 'Add a NAS group',
    tag: 'NASes',
    access: 'nas.edit',
    body: z.strictObject({ name: z.string().max(100), ...groupFields }),
    answer: groupOut,
    status: 201,
    async run({ db, body: { name: text, ...fields }, by, now }) {
      const name = text.trim()
      const read = () => readGroup(db, name)
      const change = () => addNasGroup(db, groupInput(name, fields), now)
      await auditedChange(db, { action: 'nas-group.create', noun: 'nas-group', read, change }, by, now)
      return (await readGroup(db, name))!
    },
  }),
  route({
    method: 'patch',
    path: '/nas-groups/:name',
    summary: 'Change a NAS group',
    tag: 'NASes',
    access: 'nas.edit',
    params: byName,
    body: z.strictObject(groupFields),
    answer: groupOut,
    async run({ db, params: { name }, body, by, now }) {
      const read = () => readGroup(db, name)
      const change = () => setNasGroup(db, groupInput(name, body))
      await auditedChange(db, { action: 'nas-group.edit', noun: 'nas-group', read, change }, by, now)
      return (await readGroup(db, name))!
    },
  }),
  route({
    method: 'delete',
    path: '/nas-groups/:name',
    summary: 'Remove a NAS group that nothing names',
    tag: 'NASes',
    access: 'nas.edit',
    params: byName,
    answer: nothing,
    async run({ db, params: { name }, by, now }) {
      const read = () => readGroup(db, name)
      const change = () => removeNasGroup(db, name)
      await auditedChange(db, { action: 'nas-group.delete', noun: 'nas-group', read, change }, by, now)
    },
  }),
]
