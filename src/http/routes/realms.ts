// Realms and the home servers to which requests of other ISPs' subscribers are forwarded.

import { z } from 'zod'
import type { Db } from '../../db/schema.ts'
import { auditedChange } from '../../domain/audit/audited-change.ts'
import { withoutUndefined } from '../../domain/field.ts'
import { addHomeServer, listHomeServers, removeHomeServer } from '../../domain/home-server.ts'
import type { HomeServerSummary } from '../../domain/home-server.ts'
import { addRealm, listRealms, removeRealm } from '../../domain/realm.ts'
import { route } from '../route.ts'
import { byName, instantOut, isoOrNull, nothing } from '../schemas.ts'

const realmOut = z.strictObject({
  name: z.string(),
  action: z.enum(['strip', 'keep', 'refuse', 'forward']),
  pool: z.string().nullable(),
  created_at: instantOut,
})

async function readRealms(db: Db) {
  const realms = await listRealms(db)
  return realms.map(({ createdAt, ...realm }) => ({ ...realm, created_at: createdAt.toISOString() }))
}

export const realmRoutes = [
  route({
    method: 'get',
    path: '/realms',
    summary: 'All realms by name; the empty one stands for usernames without a realm',
    tag: 'NASes',
    access: 'nas.read',
    answer: z.strictObject({ items: z.array(realmOut) }),
    run: async ({ db }) => ({ items: await readRealms(db) }),
  }),
  route({
    method: 'post',
    path: '/realms',
    summary: 'Add a realm',
    tag: 'NASes',
    access: 'nas.edit',
    body: z.strictObject({
      name: z.string().max(253),
      action: z.string().max(20),
      pool: z.string().max(100).optional(),
    }),
    answer: realmOut,
    status: 201,
    async run({ db, body: { name, action, pool }, by, now }) {
      const change = () => addRealm(db, { name, action, ...(pool === undefined ? {} : { pool }) }, now)
      const canonical = name.trim().toLowerCase()
      const read = async () => (await readRealms(db)).find((realm) => realm.name === canonical)
      const added = await auditedChange(db, { action: 'realm.create', noun: 'realm', read, change }, by, now)
      return (await readRealms(db)).find((realm) => realm.name === added.name)!
    },
  }),
  route({
    method: 'delete',
    path: '/realms/:name',
    summary: 'Remove a realm',
    tag: 'NASes',
    access: 'nas.edit',
    params: byName,
    answer: nothing,
    async run({ db, params: { name }, by, now }) {
      const read = async () => (await readRealms(db)).find((realm) => realm.name === name.toLowerCase())
      const change = () => removeRealm(db, name)
      await auditedChange(db, { action: 'realm.delete', noun: 'realm', read, change }, by, now)
    },
  }),
]

const homeServerOut = z.strictObject({
  name: z.string(),
  pool: z.string(),
  priority: z.int(),
  address: z.string(),
  auth_port: z.int(),
  acct_port: z.int(),
  timeout_ms: z.int(),
  tries: z.int(),
  message_authenticator: z.enum(['require', 'auto', 'off']),
  message_authenticator_seen_at: instantOut.nullable(),
  created_at: instantOut,
})

function presentHomeServer(server: HomeServerSummary) {
  return {
    name: server.name,
    pool: server.pool,
    priority: server.priority,
    address: server.address,
    auth_port: server.authPort,
    acct_port: server.acctPort,
    timeout_ms: server.timeoutMs,
    tries: server.tries,
    message_authenticator: server.messageAuthenticator,
    message_authenticator_seen_at: isoOrNull(server.messageAuthenticatorSeenAt),
    created_at: server.createdAt.toISOString(),
  }
}

async function readHomeServer(db: Db, name: string) {
  const found = (await listHomeServers(db)).find((server) => server.name === name)
  return found && presentHomeServer(found)
}

export const homeServerRoutes = [
  route({
    method: 'get',
    path: '/home-servers',
    summary: 'All home servers in the order in which they are asked',
    tag: 'NASes',
    access: 'nas.read',
    answer: z.strictObject({ items: z.array(homeServerOut) }),
    run: async ({ db }) => ({ items: (await listHomeServers(db)).map(presentHomeServer) }),
  }),
  route({
    method: 'post',
    path: '/home-servers',
    summary: 'Add a home server to a pool',
    tag: 'NASes',
    access: 'nas.edit',
    body: z.strictObject({
      pool: z.string().max(100),
      name: z.string().max(100),
      address: z.string().max(50),
      secret: z.string().max(128),
      allow_weak_secret: z.boolean().optional(),
      auth_port: z.int().optional(),
      acct_port: z.int().optional(),
      priority: z.int().optional(),
      timeout_ms: z.int().optional(),
      tries: z.int().optional(),
      message_authenticator: z.string().max(20).optional(),
    }),
    answer: homeServerOut.extend({ warning: z.string().nullable() }),
    status: 201,
    async run({ db, body, by, now }) {
      const { pool, address, secret } = body
      const name = body.name.trim()
      const given = withoutUndefined({
        allowWeakSecret: body.allow_weak_secret,
        authPort: body.auth_port,
        acctPort: body.acct_port,
        priority: body.priority,
        timeoutMs: body.timeout_ms,
        tries: body.tries,
        messageAuthenticator: body.message_authenticator,
      })
      const change = () => addHomeServer(db, by.keyring, { pool, name, address, secret, ...given }, now)
      const read = () => readHomeServer(db, name)
      const deed = { action: 'home-server.create', noun: 'home-server' }
      const { warning } = await auditedChange(db, { ...deed, read, change }, by, now)
      return { ...(await readHomeServer(db, name))!, warning: warning ?? null }
    },
  }),
  route({
    method: 'delete',
    path: '/home-servers/:name',
    summary: 'Remove a home server',
    tag: 'NASes',
    access: 'nas.edit',
    params: byName,
    answer: nothing,
    async run({ db, params: { name }, by, now }) {
      const read = () => readHomeServer(db, name)
      const change = () => removeHomeServer(db, name)
      const deed = { action: 'home-server.delete', noun: 'home-server' }
      await auditedChange(db, { ...deed, read, change }, by, now)
    },
  }),
]
