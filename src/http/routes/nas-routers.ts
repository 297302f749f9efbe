// Access to the routers behind NASes: set, shown without its password, and removed.

import { z } from 'zod'
import { removeRouter, setRouter, showRouter } from '../../domain/nas-router.ts'
import type { RouterShown } from '../../domain/nas-router.ts'
import { withoutUndefined } from '../../domain/field.ts'
import { route } from '../route.ts'
import { byName, instantOut, nothing } from '../schemas.ts'

const routerOut = z
  .strictObject({
    nas: z.string(),
    backend: z.enum(['api', 'rest']),
    host: z.string().nullable().meta({ description: 'Null: where the NAS is' }),
    port: z.int(),
    tls: z.boolean(),
    user_name: z.string(),
    pin: z.string().nullable().meta({ description: 'SHA-256 of the certificate, in hex' }),
    ca: z.string().nullable().meta({ description: 'PEM' }),
    server_name: z.string().nullable(),
    timeout_ms: z.int(),
    created_at: instantOut,
    updated_at: instantOut,
    warning: z.string().nullable(),
  })
  .meta({ id: 'RouterAccess' })

function present(shown: RouterShown) {
  return {
    nas: shown.name,
    backend: shown.backend,
    host: shown.host,
    port: shown.port,
    tls: shown.tls,
    user_name: shown.userName,
    pin: shown.pin,
    ca: shown.ca,
    server_name: shown.serverName,
    timeout_ms: shown.timeoutMs,
    created_at: shown.createdAt.toISOString(),
    updated_at: shown.updatedAt.toISOString(),
    warning: shown.warning,
  }
}

export const nasRouterRoutes = [
  route({
    method: 'get',
    path: '/nases/:name/router',
    summary: 'How the router of a NAS is reached; never its password',
    tag: 'NASes',
    access: 'nas.read',
    params: byName,
    answer: routerOut,
    run: async ({ db, params }) => present(await showRouter(db, params.name)),
  }),
  route({
    method: 'put',
    path: '/nases/:name/router',
    summary:
      'Set how the router of a NAS is reached; without a password the stored one stays, if it goes to the same place',
    tag: 'NASes',
    access: 'nas.edit',
    params: byName,
    body: z.strictObject({
      backend: z.string().max(10),
      host: z.string().max(253).optional(),
      port: z.int().optional(),
      user_name: z.string().max(100),
      password: z.string().max(256).optional(),
      pin: z.string().max(200).optional(),
      ca: z.string().max(65_536).optional(),
      server_name: z.string().max(253).optional(),
      timeout_ms: z.int().optional(),
    }),
    answer: routerOut,
    async run({ db, params: { name }, body, by, now }) {
      const { backend, user_name: userName, server_name: serverName, timeout_ms: timeoutMs, ...more } = body
      const given = withoutUndefined({ ...more, serverName, timeoutMs })
      return present(await setRouter(db, { name, backend, userName, ...given }, by, now))
    },
  }),
  route({
    method: 'delete',
    path: '/nases/:name/router',
    summary: 'Forget how the router of a NAS is reached',
    tag: 'NASes',
    access: 'nas.edit',
    params: byName,
    answer: nothing,
    run: ({ db, params: { name }, by, now }) => removeRouter(db, name, by, now),
  }),
]
