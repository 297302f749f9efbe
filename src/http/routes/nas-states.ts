// How NASes stand, and the configuration that points one at us.

import { z } from 'zod'
import { listNasStates } from '../../domain/activity/nas-state.ts'
import { readScriptBasis } from '../../domain/nas-script.ts'
import { parseHost } from '../../domain/prefix.ts'
import { nasScript } from '../../nas/vendors/script.ts'
import type { Services } from '../context.ts'
import { route } from '../route.ts'
import { byName, idOut, instantOut, isoOrNull } from '../schemas.ts'

const state = z
  .strictObject({
    nas_id: idOut,
    heard_at: instantOut.nullable().meta({ description: 'Null: never' }),
    source: z.string().nullable().meta({ description: 'Where its packets come from' }),
    heard_on: z.string().nullable().meta({ description: 'At which address of ours' }),
    has_router: z.boolean().meta({ description: 'Its management side can be entered' }),
    open: z.int(),
    online: z.int(),
  })
  .meta({ id: 'NasState' })

const script = z
  .strictObject({
    text: z.string().nullable().meta({ description: 'To paste there; with a placeholder for the secret' }),
    reason: z.string().nullable().meta({ description: 'Why there is none' }),
    servers: z.array(z.string()).meta({ description: 'Our addresses in it' }),
  })
  .meta({ id: 'NasScript' })

/** Several addresses by commas. */
const addresses = z
  .string()
  .max(1_000)
  .transform((text) => text.split(','))

function listeningOf({ listening }: Services) {
  return listening?.() ?? { addresses: [], authPort: 1812, acctPort: 1813, radsecPort: undefined }
}

export const nasStateRoutes = [
  route({
    method: 'get',
    path: '/nas-states',
    summary: 'When each NAS was heard of, and how many of its sessions are open',
    tag: 'NASes',
    access: 'nas.read',
    answer: z.strictObject({ items: z.array(state) }),
    async run({ db, by, now }) {
      const states = await listNasStates(db, by.scope, now)
      const items = states.map(({ nasId, heardAt, heardOn, hasRouter, ...rest }) => ({
        ...rest,
        nas_id: Number(nasId),
        heard_at: isoOrNull(heardAt),
        heard_on: heardOn,
        has_router: hasRouter,
      }))
      return { items }
    },
  }),
  route({
    method: 'get',
    path: '/nases/:name/script',
    summary: 'The configuration that points a NAS at us, to paste there',
    tag: 'NASes',
    access: 'nas.read',
    params: byName,
    query: z.strictObject({
      server: addresses
        .optional()
        .meta({ description: 'Where the NAS reaches us, several by commas; default: where we listen', type: 'string' }),
      source_address: z.string().max(50).optional().meta({ description: 'From which its packets are to leave' }),
    }),
    answer: script,
    async run({ db, services, params, query, now }) {
      const { isRadsec, client: _client, ...basis } = await readScriptBasis(db, params.name, now)
      const { addresses: own, authPort, acctPort, radsecPort } = listeningOf(services)
      const servers = query.server?.map((address) => parseHost('server', address.trim())) ?? own
      const { source_address: source } = query
      const made = nasScript({
        ...basis,
        servers: servers.map((address) => ({ address, authPort, acctPort })),
        sourceAddress: source === undefined ? undefined : parseHost('source_address', source),
        secret: undefined,
        radsecPort: isRadsec ? radsecPort : undefined,
      })
      return made.kind === 'script'
        ? { text: made.text, reason: null, servers: [...servers] }
        : { text: null, reason: made.reason, servers: [...servers] }
    },
  }),
]
