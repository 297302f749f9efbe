// Runs on routers: asked for here, carried out by the jobs process, watched until they are over.

import { z } from 'zod'
import { requirePermission } from '../../domain/author.ts'
import type { Author } from '../../domain/author.ts'
import { askRun, listRuns, readRun, routerRunKinds, routerRunStates } from '../../domain/router-run.ts'
import type { RouterRun } from '../../domain/router-run.ts'
import { idKey, nextCursor, readCursor } from '../cursor.ts'
import { route } from '../route.ts'
import { byId, byName, id, idOut, instantOut, isoOrNull, pageOf, pageQuery } from '../schemas.ts'

const kinds = z
  .enum(routerRunKinds)
  .meta({ description: 'doctor: what is wrong; sessions: who is online there; reconcile; disconnect: one session' })

const listed = z.strictObject({
  id: idOut,
  nas_id: idOut,
  nas: z.string(),
  kind: z.string(),
  params: z.record(z.string(), z.unknown()),
  author: z.string(),
  state: z.enum(routerRunStates),
  error: z.string().nullable().meta({ description: 'Why it failed, in a sentence' }),
  created_at: instantOut,
  due_at: instantOut,
  started_at: instantOut.nullable(),
  finished_at: instantOut.nullable(),
})
const shown = listed
  .extend({
    result: z.unknown().meta({
      description:
        'By kind; null until it is done, after a purge, and of all but doctor for who may not see subscribers',
    }),
  })
  .meta({ id: 'RouterRun' })

function presentListed(run: Omit<RouterRun, 'result'>) {
  return {
    id: Number(run.id),
    nas_id: Number(run.nas_id),
    nas: run.nas,
    kind: run.kind,
    params: run.params as Record<string, unknown>,
    author: run.author_name,
    state: run.state,
    error: run.error,
    created_at: run.created_at.toISOString(),
    due_at: run.due_at.toISOString(),
    started_at: isoOrNull(run.started_at),
    finished_at: isoOrNull(run.finished_at),
  }
}

/** What the doctor says is of the NAS; the others tell of persons. */
function present(run: RouterRun, by: Author) {
  const isShown = run.kind === 'doctor' || by.permissions.has('subscriber.read')
  return { ...presentListed(run), result: isShown ? run.result : null }
}

export const routerRunRoutes = [
  route({
    method: 'post',
    path: '/nases/:name/runs',
    summary: 'Ask for something to be read or ended on the router of a NAS, or for the doctor',
    tag: 'NASes',
    access: 'nas.edit',
    params: byName,
    body: z.strictObject({
      kind: kinds,
      session_id: id.optional().meta({ description: 'Of disconnect, and of nothing else', type: 'integer' }),
    }),
    answer: shown,
    status: 202,
    async run({ db, params: { name }, body, by, now }) {
      if (body.kind === 'disconnect') requirePermission(by, 'subscriber.disconnect')
      return present(await askRun(db, { nas: name, kind: body.kind, sessionId: body.session_id }, by, now), by)
    },
  }),
  route({
    method: 'get',
    path: '/nases/:name/runs',
    summary: 'The runs of a NAS, newest first, without their results',
    tag: 'NASes',
    access: 'nas.read',
    params: byName,
    query: z.strictObject({ ...pageQuery, kind: kinds.optional() }),
    answer: pageOf(listed),
    async run({ db, by, params: { name }, query: { cursor, limit, kind } }) {
      const rows = await listRuns(db, { nas: name, kind, before: readCursor(cursor, idKey), limit }, by.scope)
      return { items: rows.map(presentListed), next_cursor: nextCursor(rows, limit, (row) => [String(row.id)]) }
    },
  }),
  route({
    method: 'get',
    path: '/router-runs/:id',
    summary: 'A run on a router with its result',
    tag: 'NASes',
    access: 'nas.read',
    params: byId,
    answer: shown,
    run: async ({ db, by, params }) => present(await readRun(db, params.id, by.scope), by),
  }),
]
