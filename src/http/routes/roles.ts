// Roles with their permissions, the matrix of both, and teams.

import { z } from 'zod'
import { builtInRoles, permissionNames, permissions, rolePermissions } from '../../domain/operator/permission.ts'
import { addRole, editRole, listRoles, readRole, removeRole, roleVersion } from '../../domain/operator/role.ts'
import type { Role } from '../../domain/operator/role.ts'
import { addTeam, editTeam, listTeams, readTeam, removeTeam, teamVersion } from '../../domain/operator/team.ts'
import type { Team } from '../../domain/operator/team.ts'
import { ispId } from '../../domain/organisation.ts'
import type { Context } from '../context.ts'
import { route } from '../route.ts'
import { byId, id, idOut, nothing, text } from '../schemas.ts'

const roleOut = z.strictObject({
  id: idOut,
  name: z.string(),
  built_in: z.boolean(),
  permissions: z.array(z.string()),
  operators: z.int(),
})

const presentRole = (role: Role) => ({
  id: Number(role.id),
  name: role.name,
  built_in: role.builtIn,
  permissions: role.permissions,
  operators: role.operators,
})

async function answerRole({ db, setVersion }: Context, roleId: bigint) {
  const role = await readRole(db, roleId)
  setVersion(roleVersion(role))
  return presentRole(role)
}

const permissionList = z.array(text(60)).max(100)

export const roleRoutes = [
  route({
    method: 'get',
    path: '/permissions',
    summary: 'Every permission, what it lets one do, and which built-in roles have it',
    tag: 'Roles',
    access: 'operator.read',
    answer: z.strictObject({
      items: z.array(z.strictObject({ name: z.string(), meaning: z.string(), roles: z.array(z.string()) })),
    }),
    run: () =>
      Promise.resolve({
        items: permissionNames.map((name) => ({
          name,
          meaning: permissions[name],
          roles: builtInRoles.filter((role) => rolePermissions[role].includes(name)),
        })),
      }),
  }),
  route({
    method: 'get',
    path: '/roles',
    summary: 'All roles',
    tag: 'Roles',
    access: 'operator.read',
    answer: z.strictObject({ items: z.array(roleOut) }),
    run: async ({ db }) => ({ items: (await listRoles(db)).map(presentRole) }),
  }),
  route({
    method: 'get',
    path: '/roles/:id',
    summary: 'One role',
    tag: 'Roles',
    access: 'operator.read',
    params: byId,
    answer: roleOut,
    run: (context) => answerRole(context, context.params.id),
  }),
  route({
    method: 'post',
    path: '/roles',
    summary: 'Add a role of permissions that one has oneself',
    tag: 'Roles',
    access: 'role.edit',
    grave: true,
    body: z.strictObject({ name: text(50), permissions: permissionList }),
    answer: roleOut,
    status: 201,
    run: async (context) => answerRole(context, (await addRole(context.db, context.body, context.by, context.now)).id),
  }),
  route({
    method: 'patch',
    path: '/roles/:id',
    summary: 'Change a custom role; it counts from the next request of whoever has it',
    tag: 'Roles',
    access: 'role.edit',
    grave: true,
    params: byId,
    body: z.strictObject({ name: text(50).optional(), permissions: permissionList.optional() }),
    answer: roleOut,
    run: async (context) => {
      const { db, by, body, params, ifMatch, now } = context
      await editRole(db, { ...body, id: params.id, ifMatch }, by, now)
      return answerRole(context, params.id)
    },
  }),
  route({
    method: 'delete',
    path: '/roles/:id',
    summary: 'Remove a custom role that nobody has',
    tag: 'Roles',
    access: 'role.edit',
    grave: true,
    params: byId,
    answer: nothing,
    run: async ({ db, by, params, now }) => {
      await removeRole(db, params.id, by, now)
      return undefined
    },
  }),
]

const teamOut = z.strictObject({
  id: idOut,
  name: z.string(),
  organisation_id: idOut,
  organisation: z.string(),
  /** Null: all. */
  zones: z.array(z.string()).nullable(),
  nas_group_ids: z.array(idOut).nullable(),
  operators: z.int(),
})

const presentTeam = (team: Team) => ({
  id: Number(team.id),
  name: team.name,
  organisation_id: Number(team.organisationId),
  organisation: team.organisation,
  zones: team.zones,
  nas_group_ids: team.nasGroupIds?.map(Number) ?? null,
  operators: team.operators,
})

async function answerTeam({ db, by, setVersion }: Context, teamId: bigint) {
  const team = await readTeam(db, teamId, by.scope)
  setVersion(teamVersion(team))
  return presentTeam(team)
}

const zones = z.array(text(100)).max(500).nullable()
const nasGroupIds = z.array(id).max(500).nullable()

export const teamRoutes = [
  route({
    method: 'get',
    path: '/teams',
    summary: 'Teams: what their operators see',
    tag: 'Teams',
    access: 'operator.read',
    answer: z.strictObject({ items: z.array(teamOut) }),
    run: async ({ db, by }) => ({ items: (await listTeams(db, by.scope)).map(presentTeam) }),
  }),
  route({
    method: 'get',
    path: '/teams/:id',
    summary: 'One team',
    tag: 'Teams',
    access: 'operator.read',
    params: byId,
    answer: teamOut,
    run: (context) => answerTeam(context, context.params.id),
  }),
  route({
    method: 'post',
    path: '/teams',
    summary: 'Add a team',
    tag: 'Teams',
    access: 'operator.edit',
    body: z.strictObject({
      name: text(50),
      organisation_id: id.optional(),
      zones: zones.default(null),
      nas_group_ids: nasGroupIds.default(null),
    }),
    answer: teamOut,
    status: 201,
    run: async (context) => {
      const { db, by, body, now } = context
      const organisationId = body.organisation_id ?? by.scope.ownerId ?? (await ispId(db))
      const fields = { name: body.name, zones: body.zones, nasGroupIds: body.nas_group_ids, organisationId }
      return answerTeam(context, (await addTeam(db, fields, by, now)).id)
    },
  }),
  route({
    method: 'patch',
    path: '/teams/:id',
    summary: 'Change a team; its operators see the difference with their next request',
    tag: 'Teams',
    access: 'operator.edit',
    params: byId,
    body: z.strictObject({
      name: text(50).optional(),
      zones: zones.optional(),
      nas_group_ids: nasGroupIds.optional(),
    }),
    answer: teamOut,
    run: async (context) => {
      const { db, by, body, params, ifMatch, now } = context
      const changes = {
        ...(body.name !== undefined && { name: body.name }),
        ...(body.zones !== undefined && { zones: body.zones }),
        ...(body.nas_group_ids !== undefined && { nasGroupIds: body.nas_group_ids }),
      }
      await editTeam(db, { id: params.id, changes, ifMatch }, by, now)
      return answerTeam(context, params.id)
    },
  }),
  route({
    method: 'delete',
    path: '/teams/:id',
    summary: 'Remove a team that nobody is in',
    tag: 'Teams',
    access: 'operator.edit',
    params: byId,
    answer: nothing,
    run: async ({ db, by, params, now }) => {
      await removeTeam(db, params.id, by, now)
      return undefined
    },
  }),
]
