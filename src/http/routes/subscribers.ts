// One subscriber: making it, showing it, changing it, and what is kept of the person. The list has its own file.

import { z } from 'zod'
import { FieldError } from '../../domain/field.ts'
import { createSubscriber } from '../../domain/subscriber/create.ts'
import { editSubscriber } from '../../domain/subscriber/edit.ts'
import { tellPersonalData } from '../../domain/subscriber/person.ts'
import { presetFields } from '../../domain/subscriber/preset.ts'
import { showSubscriberPage } from '../../domain/subscriber/show.ts'
import { route } from '../route.ts'
import { byId, idOut } from '../schemas.ts'
import { createBody, newSubscriberOf, patchBody, patchOf } from './subscriber-body.ts'
import { presentSubscriber, subscriberOut } from './subscriber-present.ts'

const tag = 'Subscribers'

const made = z.strictObject({
  id: idOut,
  username: z.string(),
  /** Made up, and shown only now; null: one was brought, or it has none. */
  password: z.string().nullable(),
  /** What the credential cannot do. */
  warning: z.string().nullable(),
})

export const subscriberRoutes = [
  route({
    method: 'post',
    path: '/subscribers',
    summary: 'Add a subscriber',
    tag,
    access: 'subscriber.create',
    body: createBody,
    answer: made,
    status: 201,
    reveals: true,
    run: async ({ db, body, by, now, services }) => {
      const preset = body.preset === undefined ? {} : await presetFields(db, body.preset, by.scope)
      // What is named goes before what the preset says.
      const whole = createBody.parse({ ...preset, ...body })
      const { plan } = whole
      if (plan === undefined) throw new FieldError('plan', 'is needed, here or in the preset')
      const input = { ...newSubscriberOf({ ...whole, plan }), checkAttribute: services.checkAttribute }
      const added = await createSubscriber(db, input, by, now)
      return {
        id: Number(added.id),
        username: added.username,
        password: added.password?.made === true ? added.password.password : null,
        warning: added.warning ?? null,
      }
    },
  }),
  route({
    method: 'get',
    path: '/subscribers/:id',
    summary: 'All about one subscriber',
    tag,
    access: 'subscriber.read',
    params: byId,
    answer: subscriberOut,
    run: async ({ db, params, by, now, setVersion }) => {
      const page = await showSubscriberPage(db, params.id, by.scope)
      setVersion(page.row.version)
      return presentSubscriber(page, by, now)
    },
  }),
  route({
    method: 'patch',
    path: '/subscribers/:id',
    summary: 'Change fields: absent ones stay, null clears, a blank password keeps the old one',
    tag,
    access: 'subscriber.edit',
    params: byId,
    body: patchBody,
    answer: subscriberOut,
    run: async ({ db, params, body, by, now, ifMatch, setVersion, services }) => {
      const patch = { ...patchOf(body), ifMatch, checkAttribute: services.checkAttribute }
      await editSubscriber(db, { id: params.id, patch }, by, now)
      const page = await showSubscriberPage(db, params.id, by.scope)
      setVersion(page.row.version)
      return presentSubscriber(page, by, now)
    },
  }),
  route({
    method: 'get',
    path: '/subscribers/:id/personal-data',
    summary: 'All that is kept of the person, to be handed out to it',
    tag,
    access: 'subscriber.purge',
    params: byId,
    grave: true,
    answer: z.record(z.string(), z.array(z.unknown())),
    run: async ({ db, params, by, now }) => {
      const data = await tellPersonalData(db, params.id, by, now)
      return Object.fromEntries(Object.entries(data).map(([table, rows]) => [table, [...rows]]))
    },
  }),
]
