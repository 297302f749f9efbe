// What the routes do not show of an edit: the forms of fields as an edit merges them, and their permissions one by one.
import { describe, expect, it } from 'vitest'
import { ownAuthor } from '../../../src/domain/author.ts'
import type { Keyring } from '../../../src/domain/data-key.ts'
import type { Permission } from '../../../src/domain/operator/permission.ts'
import { defaultSettings } from '../../../src/domain/setting.ts'
import { mergeFields } from '../../../src/domain/subscriber/edit-fields.ts'
import { checkEditPermissions } from '../../../src/domain/subscriber/edit-permission.ts'
import type { SubscriberPatch } from '../../../src/domain/subscriber/edit.ts'
import { optionNames } from '../../../src/domain/subscriber.ts'
import { readSubscriberFields } from '../../../src/domain/subscriber-fields.ts'
import { bodyNames } from '../../../src/http/routes/subscriber-body.ts'

const { fields: before } = readSubscriberFields(
  {
    username: 'anna',
    fullName: 'Ada Lovelace',
    phone: '030 123456',
    mac: 'aa:00:00:00:00:01',
    staticIp: '198.51.100.1',
    port: '1/0/1',
    cVlan: '7',
    latitude: '1',
    longitude: '2',
  },
  optionNames,
  defaultSettings,
)
const patchOf = (texts: SubscriberPatch['texts'], more: Partial<SubscriberPatch> = {}): SubscriberPatch => ({
  texts,
  names: bodyNames,
  ...more,
})
const merge = (texts: SubscriberPatch['texts'], more: Partial<SubscriberPatch> = {}) =>
  mergeFields(before, patchOf(texts, more), { ...defaultSettings, phone_country_code: '+49' })

describe('fields after an edit', () => {
  it('are as before where nothing is named, whatever the settings would make of them now', () => {
    expect(merge({})).toEqual(before)
    expect(merge({ fullName: 'Ada King' })).toEqual({ ...before, fullName: 'Ada King' })
    expect(merge({ phone: '030 123456' }).phone).toBe('+4930123456')
  })

  it('are cleared by null and by blanks', () => {
    expect(merge({ fullName: null, phone: ' ' })).toMatchObject({ fullName: null, phone: null })
    expect(merge({ mac: null, staticIp: '' })).toMatchObject({ macs: [], addresses: [] })
    expect(merge({ latitude: null, longitude: null })).toMatchObject({ latitude: null, longitude: null })
  })

  it('have their parts changed one by one', () => {
    expect(merge({ port: '1/0/2' }).binding).toEqual({ interface: null, port: '1/0/2', sVlan: null, cVlan: 7 })
    expect(merge({ cVlan: null, boundInterface: 'ae0' }).binding).toEqual({
      interface: 'ae0',
      port: '1/0/1',
      sVlan: null,
      cVlan: null,
    })
    expect(merge({ sessionLimit: '2', deviceLimit: '3' })).toMatchObject({ sessionLimit: 2, deviceLimit: 3 })
  })

  it('are judged together as far as the edit touches them', () => {
    expect(() => merge({ latitude: null })).toThrow('latitude: goes with longitude')
    expect(() => merge({ accountType: 'ipoe', mac: null, cVlan: null })).toThrow('devices: an IPoE subscriber is known')
    const bare = { ...before, accountType: 'ipoe' as const, macs: [], binding: { ...before.binding, cVlan: null } }
    expect(mergeFields(bare, patchOf({ fullName: 'Ada King' }), defaultSettings).fullName).toBe('Ada King')
  })

  it('name what is wrong as the request calls it', () => {
    for (const [field, texts] of [
      ['username', { username: null }],
      ['account_type', { accountType: '' }],
      ['account_type', { accountType: 'dsl' }],
      ['devices', { mac: 'x' }],
      ['addresses', { staticIp: '10.0.0.0/8' }],
      ['bound_port', { port: 'x'.repeat(101) }],
      ['expires_at', { expiresAt: 'soon' }],
    ] as const) {
      expect(() => merge(texts)).toThrow(`${field}: `)
    }
  })

  it('take extra attributes line by line, checked by the dictionary', () => {
    const checkAttribute = (lines: readonly string[]) => (lines.includes('bad') ? 'is not known' : undefined)
    expect(merge({}, { attributes: [' a = 1;2 '], checkAttribute }).attributes).toEqual(['a = 1;2'])
    expect(() => merge({}, { attributes: ['bad'], checkAttribute })).toThrow('attributes: is not known')
  })
})

describe('the permission for a field', () => {
  const keyring: Keyring = { currentId: 1, firstId: 1, keys: new Map(), rows: [] }
  const all = ownAuthor('system', 'test', keyring)
  const without = (permission: Permission) => ({
    ...all,
    permissions: new Set([...all.permissions].filter((name) => name !== permission)),
  })

  it.each([
    ['subscriber.network', patchOf({ mac: null })],
    ['subscriber.network', patchOf({ staticIp: 'x' })],
    ['subscriber.network', patchOf({ accountType: 'ipoe' })],
    ['subscriber.network', patchOf({ circuitId: 'x' })],
    ['subscriber.network', patchOf({ remoteId: 'x' })],
    ['subscriber.network', patchOf({ duid: 'x' })],
    ['subscriber.network', patchOf({ boundInterface: 'x' })],
    ['subscriber.network', patchOf({ port: 'x' })],
    ['subscriber.network', patchOf({ sVlan: '1' })],
    ['subscriber.network', patchOf({ cVlan: '1' })],
    ['subscriber.network', patchOf({ sessionLimit: '1' })],
    ['subscriber.network', patchOf({ deviceLimit: '1' })],
    ['subscriber.network', patchOf({}, { nasGroup: null })],
    ['subscriber.network', patchOf({}, { attributes: [] })],
    ['subscriber.network', patchOf({}, { routes: [] })],
    ['subscriber.credential', patchOf({ username: 'x' })],
    ['subscriber.credential', patchOf({}, { password: 'x' })],
    ['subscriber.credential', patchOf({}, { ntHash: 'x' })],
    ['subscriber.credential', patchOf({}, { credential: 'clear' })],
    ['service.free', patchOf({ expiresAt: null })],
    ['service.renew', patchOf({}, { autoRenew: true })],
  ] satisfies [Permission, SubscriberPatch][])('%s', (permission, patch) => {
    expect(() => checkEditPermissions(patch, without(permission))).toThrow(`this needs the permission ${permission}`)
    expect(() => checkEditPermissions(patch, all)).not.toThrow()
  })

  it('of the person is that of the edit itself, and a blank password is none', () => {
    const nobody = { ...all, permissions: new Set<Permission>() }
    const person = { fullName: 'x', phone: null, email: 'x', address: 'x', zone: 'x', language: 'x', latitude: '1' }
    expect(() => checkEditPermissions(patchOf(person, { group: 1, password: '', ntHash: '' }), nobody)).not.toThrow()
  })
})
