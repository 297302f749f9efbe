// Ends one session on its router because somebody asked for it: the run `disconnect`.

import { loadLiveSessions } from '../domain/live-session.ts'
import { endOnRouter } from './end-on-router.ts'
import { CannotRunError, nasOf } from './router-run.ts'
import type { CarryOutRun } from './router-run.ts'

/** Carries out the run `disconnect`. The router's Stop closes the session in our books. */
export const disconnectOnRouter: CarryOutRun = async (context, { nasId, params }) => {
  const nas = await nasOf(context, nasId)
  const id = BigInt(params.session_id ?? 0)
  const session = (await loadLiveSessions(context.pool, [id])).get(id)
  if (session === undefined) throw new CannotRunError('the session is in the archive: it ended long ago')
  const ended = await endOnRouter(context, session, nas, context.now)
  if (ended.kind === 'none') throw new CannotRunError('nobody gives us access to this router any more')
  if (ended.kind === 'failed') throw new CannotRunError(ended.detail)
  const { subscriberId } = session
  return {
    result: { session_id: Number(id), outcome: ended.kind },
    ...(subscriberId === undefined ? {} : { personIds: [subscriberId] }),
  }
}
