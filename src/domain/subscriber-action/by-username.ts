// An action upon one subscriber that is named by its username: for the command line.

import type { Db } from '../../db/schema.ts'
import type { Author } from '../author.ts'
import { ConflictError, NotFoundError } from '../field.ts'
import { canonicalUsername } from '../username.ts'
import type { ActionOutcome, SubscriberAction } from './action.ts'

/** What became of it, with the username in its canonical form. */
export type NamedOutcome = ActionOutcome & { kind: 'done' | 'unchanged'; username: string }

/** Takes the action. Throws NotFoundError, ConflictError where it is refused, or what the action throws. */
export async function takeByUsername<Params>(
  db: Db,
  action: SubscriberAction<Params>,
  input: { username: string; params: Params },
  by: Author,
  now: Date,
): Promise<NamedOutcome> {
  const username = canonicalUsername(input.username)
  const row = await db
    .selectFrom('subscriber')
    .select('id')
    .where('username', '=', username)
    .where('username_reserved', '=', true)
    .executeTakeFirst()
  if (row === undefined) throw new NotFoundError('subscriber', input.username)
  const [outcome] = await action.run(db, { subscriberIds: [row.id], params: input.params }, by, now)
  if (outcome === undefined || outcome.kind === 'refused') {
    throw new ConflictError('username', outcome?.reason ?? 'it is not there')
  }
  return { ...outcome, kind: outcome.kind, username }
}
