// Roles, the matrix of permissions, teams and organisations through the API.

import { describe, expect, it } from 'vitest'
import { permissionNames } from '../../../src/domain/operator/permission.ts'
import { useApi } from '../../support/api.ts'
import type { Answer } from '../../support/api.ts'
import { employ, openBrowser, signInAt } from '../../support/browser.ts'

const api = useApi()
const idOf = (answer: Answer): number => Number(answer.body['id'])
const items = (answer: Answer): Record<string, unknown>[] => answer.body['items'] as Record<string, unknown>[]

describe('roles', () => {
  it('are six that are built in, with a matrix of what each may', async () => {
    const boss = await api.as('administrator')
    const matrix = items(await boss.get('/permissions'))
    expect(matrix.map((row) => row['name'])).toEqual(permissionNames)
    expect(matrix.every((row) => (row['roles'] as string[]).includes('super-administrator'))).toBe(true)
    expect(matrix.find((row) => row['name'] === 'role.edit')).toMatchObject({ roles: ['super-administrator'] })
    const roles = items(await boss.get('/roles'))
    expect(roles.slice(0, 6).map((role) => role['name'])).toEqual([
      'super-administrator',
      'administrator',
      'support',
      'billing',
      'reseller',
      'viewer',
    ])
    expect(roles[0]!['permissions']).toEqual(permissionNames)
  })

  it('can be added, changed and removed; a change counts at the next request (W14)', async () => {
    const boss = await api.as('super-administrator')
    const made = await boss.post('/roles', { name: 'Night desk', permissions: ['nas.read', 'subscriber.read'] })
    expect(made.body).toMatchObject({ built_in: false, permissions: ['subscriber.read', 'nas.read'], operators: 0 })
    const path = `/roles/${idOf(made)}`
    const browser = openBrowser(api)
    await signInAt(browser, await employ(api, 'Night desk'))
    expect((await browser.get('/nases')).status).toBe(200)
    const etag = made.headers.get('etag')!
    const changed = await boss.patch(path, { permissions: ['subscriber.read'] }, { 'if-match': etag })
    expect(changed.body).toMatchObject({ name: 'Night desk', permissions: ['subscriber.read'], operators: 1 })
    expect((await browser.get('/nases')).status).toBe(403)
    expect((await boss.patch(path, { name: 'Late' }, { 'if-match': etag })).status).toBe(412)
    expect((await boss.delete(path)).status).toBe(409)
    expect((await boss.post('/roles', { name: 'Night desk', permissions: [] })).status).toBe(409)
    expect((await boss.post('/roles', { name: 'Odd', permissions: ['everything'] })).status).toBe(422)
    const unused = await boss.post('/roles', { name: 'Unused', permissions: ['plan.read'] })
    expect((await boss.delete(`/roles/${idOf(unused)}`)).status).toBe(204)
    expect((await boss.get(`/roles/${idOf(unused)}`)).status).toBe(404)
  })

  it('that are built in never change', async () => {
    const boss = await api.as('super-administrator')
    const viewer = items(await boss.get('/roles')).find((role) => role['name'] === 'viewer')!
    const path = `/roles/${Number(viewer['id'])}`
    expect((await boss.patch(path, { permissions: [...permissionNames] })).status).toBe(409)
    expect((await boss.delete(path)).status).toBe(409)
  })

  it('never give more than who makes them has', async () => {
    const boss = await api.as('super-administrator')
    const lead = await boss.post('/roles', { name: 'Role lead', permissions: ['role.edit', 'nas.read'] })
    const other = await boss.post('/roles', { name: 'Setting lead', permissions: ['setting.edit'] })
    const client = await api.as('viewer', { roleId: BigInt(idOf(lead)) })
    expect((await client.post('/roles', { name: 'Fine', permissions: ['nas.read'] })).status).toBe(201)
    expect((await client.post('/roles', { name: 'Not so', permissions: ['nas.edit'] })).status).toBe(403)
    expect((await client.patch(`/roles/${idOf(lead)}`, { permissions: [...permissionNames] })).status).toBe(403)
    expect((await client.patch(`/roles/${idOf(other)}`, { permissions: [] })).status).toBe(403)
    expect((await client.delete(`/roles/${idOf(other)}`)).status).toBe(403)
  })
})

describe('teams', () => {
  it('narrow zones and NAS groups, and are changed at once', async () => {
    const boss = await api.as('administrator')
    const { id: group } = await api.db.selectFrom('nas_group').select('id').executeTakeFirstOrThrow()
    const made = await boss.post('/teams', { name: 'North', zones: ['north'], nas_group_ids: [Number(group)] })
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({ zones: ['north'], nas_group_ids: [Number(group)], operators: 0 })
    const path = `/teams/${idOf(made)}`
    const wider = await boss.patch(path, { zones: null }, { 'if-match': made.headers.get('etag')! })
    expect(wider.body).toMatchObject({ zones: null, nas_group_ids: [Number(group)] })
    expect((await boss.patch(path, { zones: [] }, { 'if-match': made.headers.get('etag')! })).status).toBe(412)
    expect((await boss.post('/teams', { name: 'North' })).status).toBe(409)
    expect((await boss.post('/teams', { name: 'Lost', nas_group_ids: [999_999] })).status).toBe(404)
    expect((await boss.post('/teams', { name: 'Lost', organisation_id: 999_999 })).status).toBe(404)
    expect((await boss.get(path)).body).toEqual(wider.body)
    expect((await boss.delete(path)).status).toBe(204)
    expect((await boss.get(path)).status).toBe(404)
  })

  it('of a reseller are seen by the reseller and changed by the ISP', async () => {
    const [one, other] = [await api.reseller('Team One'), await api.reseller('Team Two')]
    const boss = await api.as('super-administrator')
    const role = await boss.post('/roles', { name: 'Team lead', permissions: ['operator.read', 'operator.edit'] })
    const lead = await api.as('reseller', { organisationId: one, roleId: BigInt(idOf(role)) })
    const theirs = await boss.post('/teams', { name: 'Theirs', organisation_id: Number(other) })
    const ours = await boss.post('/teams', { name: 'Ours' })
    const mine = await boss.post('/teams', { name: 'Mine', zones: ['a'], organisation_id: Number(one) })
    expect(items(await lead.get('/teams')).map((team) => team['name'])).toEqual(['Mine'])
    for (const foreign of [theirs, ours]) {
      expect((await lead.get(`/teams/${idOf(foreign)}`)).status).toBe(404)
      expect((await lead.patch(`/teams/${idOf(foreign)}`, { zones: ['b'] })).status).toBe(404)
      expect((await lead.delete(`/teams/${idOf(foreign)}`)).status).toBe(404)
    }
    expect((await lead.post('/teams', { name: 'Slip' })).status).toBe(403)
    expect((await lead.patch(`/teams/${idOf(mine)}`, { zones: null })).status).toBe(403)
    expect((await lead.delete(`/teams/${idOf(mine)}`)).status).toBe(403)
    const fresh = { name: 'Odd Team', email: 'odd@example.net', role_id: idOf(role) }
    const odd = await boss.post('/operators', { ...fresh, organisation_id: Number(one), team_id: idOf(theirs) })
    expect(odd.status).toBe(422)
  })
})

describe('organisations', () => {
  it('are listed with what they have, added, renamed and limited', async () => {
    const boss = await api.as('administrator')
    const made = await boss.post('/organisations', { name: 'Hill Net', subscriber_limit: 2, credit_limit: '150.50' })
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({
      kind: 'reseller',
      subscriber_limit: 2,
      credit_limit: '150.50',
      currency: 'EUR',
      subscribers: 0,
      operators: 0,
    })
    const path = `/organisations/${idOf(made)}`
    await employ(api, 'reseller', { organisationId: BigInt(idOf(made)) })
    expect((await boss.get(path)).body).toMatchObject({ operators: 1 })
    const etag = made.headers.get('etag')!
    const changed = await boss.patch(path, { name: 'Hill Net 2', subscriber_limit: null }, { 'if-match': etag })
    expect(changed.body).toMatchObject({ name: 'Hill Net 2', subscriber_limit: null, credit_limit: '150.50' })
    expect((await boss.patch(path, { name: 'Late' }, { 'if-match': etag })).status).toBe(412)
    expect((await boss.post('/organisations', { name: 'Hill Net 2' })).status).toBe(409)
    expect((await boss.post('/organisations', { name: 'X Net', credit_limit: '-1' })).status).toBe(422)
    expect((await boss.post('/organisations', { name: 'X Net', subscriber_limit: -1 })).status).toBe(400)
    const [isp] = items(await boss.get('/organisations'))
    expect(isp).toMatchObject({ kind: 'isp', subscriber_limit: null })
    expect((await boss.patch(`/organisations/${Number(isp!['id'])}`, { subscriber_limit: 5 })).status).toBe(409)
    expect((await boss.patch(`/organisations/${Number(isp!['id'])}`, { name: 'Our Net' })).status).toBe(200)
    expect((await boss.get('/organisations/999999')).status).toBe(404)
    expect((await (await api.as('support')).get('/organisations')).status).toBe(403)
  })
})
