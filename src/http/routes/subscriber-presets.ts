// Presets: fields of a new subscriber under a name.

import { z } from 'zod'
import { addPreset, editPreset, listPresets, removePreset, showPreset } from '../../domain/subscriber/preset.ts'
import type { Preset } from '../../domain/subscriber/preset.ts'
import { route } from '../route.ts'
import { byId, idOut, instantOut, nothing } from '../schemas.ts'
import { presetBody } from './subscriber-body.ts'

const tag = 'Presets'

const presetOut = z.strictObject({
  id: idOut,
  name: z.string(),
  /** Null: for every organisation. */
  owner_id: idOut.nullable(),
  fields: z.record(z.string(), z.unknown()),
  created_at: instantOut,
  updated_at: instantOut,
})

function present(preset: Preset): z.input<typeof presetOut> {
  return {
    id: Number(preset.id),
    name: preset.name,
    owner_id: preset.owner_id === null ? null : Number(preset.owner_id),
    fields: { ...preset.fields },
    created_at: preset.created_at.toISOString(),
    updated_at: preset.updated_at.toISOString(),
  }
}

export const subscriberPresetRoutes = [
  route({
    method: 'get',
    path: '/subscriber-presets',
    summary: 'The presets by name',
    tag,
    access: 'subscriber.read',
    answer: z.strictObject({ items: z.array(presetOut) }),
    run: async ({ db, by }) => ({ items: (await listPresets(db, by.scope)).map(present) }),
  }),
  route({
    method: 'post',
    path: '/subscriber-presets',
    summary: 'Add a preset',
    tag,
    access: 'group.edit',
    body: z.strictObject({ name: z.string().max(400), fields: presetBody }),
    answer: presetOut,
    status: 201,
    run: async ({ db, body, by, now }) => present(await showPreset(db, await addPreset(db, body, by, now), by.scope)),
  }),
  route({
    method: 'get',
    path: '/subscriber-presets/:id',
    summary: 'One preset',
    tag,
    access: 'subscriber.read',
    params: byId,
    answer: presetOut,
    run: async ({ db, params, by }) => present(await showPreset(db, params.id, by.scope)),
  }),
  route({
    method: 'patch',
    path: '/subscriber-presets/:id',
    summary: 'Change a preset: its fields are replaced as a whole',
    tag,
    access: 'group.edit',
    params: byId,
    body: z.strictObject({ name: z.string().max(400).optional(), fields: presetBody.optional() }),
    answer: presetOut,
    run: async ({ db, params, body, by, now }) => {
      await editPreset(db, { id: params.id, ...body }, by, now)
      return present(await showPreset(db, params.id, by.scope))
    },
  }),
  route({
    method: 'delete',
    path: '/subscriber-presets/:id',
    summary: 'Remove a preset',
    tag,
    access: 'group.edit',
    params: byId,
    answer: nothing,
    run: async ({ db, params, by, now }) => removePreset(db, params.id, by, now),
  }),
]
