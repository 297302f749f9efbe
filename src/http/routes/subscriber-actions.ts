// The actions on one subscriber: a route for each, made from the list that bulk runs use too.

import { NotFoundError } from '../../domain/field.ts'
import { reachableSubscribers } from '../../domain/scope.ts'
import { subscriberActions } from '../../domain/subscriber-action/list.ts'
import { Problem } from '../errors.ts'
import { route } from '../route.ts'
import { byId } from '../schemas.ts'
import { outcomeOut, presentOutcome } from './subscriber-present.ts'

export const subscriberActionRoutes = subscriberActions.map((action) =>
  route({
    method: 'post',
    path: `/subscribers/:id/${action.name}`,
    summary: action.summary,
    tag: 'Actions on subscribers',
    access: action.permission,
    params: byId,
    // What is told nothing may come without a body.
    body: action.params.prefault({}),
    answer: outcomeOut,
    ...(action.grave === true ? { grave: true } : {}),
    ...(action.reveals === true ? { reveals: true } : {}),
    run: async ({ db, params, body, by, now }) => {
      const subscriberIds = await reachableSubscribers(db, by.scope, [params.id])
      if (subscriberIds.length === 0) throw new NotFoundError('subscriber', String(params.id))
      const [outcome] = await action.run(db, { subscriberIds, params: body }, by, now)
      if (outcome === undefined || outcome.kind === 'refused') throw new Problem('conflict', outcome?.reason)
      return presentOutcome({ ...outcome, kind: outcome.kind })
    },
  }),
)
