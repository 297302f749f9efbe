// Grace: some hours of service beyond its end.

import { z } from 'zod'
import { giveGrace, mostGraceHours } from '../money/grace.ts'
import { subscriberAction } from './action.ts'

/** From now, or from the end of a service that has not ended. */
export const grace = subscriberAction({
  name: 'grace',
  summary: 'Let the service run on for some hours beyond its end',
  permission: 'service.renew',
  params: z.strictObject({ hours: z.int().min(1).max(mostGraceHours) }),
  chunk: 500,
  run: (db, { subscriberIds, params }, by, now) => giveGrace(db, { subscriberIds, hours: params.hours }, by, now),
})
