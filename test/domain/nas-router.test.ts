import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { findRouterAccess, nasesToReconcile, removeRouter, setRouter, showRouter } from '../../src/domain/nas-router.ts'
import type { NewRouter } from '../../src/domain/nas-router.ts'
import { removeNas } from '../../src/domain/nas-device.ts'
import { changeNasSettings } from '../../src/domain/nas-settings.ts'
import { makeCertificate } from '../support/certificate.ts'
import { hours, noon, rowsOf, useOffice } from '../support/operator.ts'
import { makeNas } from '../support/routers.ts'

const office = useOffice()
const password = 'a pässword = with : signs'
const pin = 'AB:'.repeat(31) + 'cd'
const set = (name: string, changes: Partial<NewRouter> = {}, now = noon) =>
  setRouter(office.db, { name, backend: 'rest', userName: 'gatehouse', password, pin, ...changes }, office.author, now)
const find = (nasId: bigint) => findRouterAccess(office.pool, office.keyring, nasId, noon)
const audits = (nasId: bigint) =>
  rowsOf(
    office,
    `select action, before, after from audit_entry where noun = 'nas-router' and row_id = $1 order by id`,
    [nasId],
  )

describe('access to a router', () => {
  it('is stored with its password sealed, shown without it, and opened for who connects', async () => {
    const nas = await makeNas(office)
    expect(await find(nas.id)).toBeUndefined()
    const shown = await set(nas.name)
    expect(shown).toEqual({
      nasId: nas.id,
      name: nas.name,
      backend: 'rest',
      host: null,
      port: 443,
      tls: true,
      userName: 'gatehouse',
      pin: 'ab'.repeat(31) + 'cd',
      ca: null,
      serverName: null,
      timeoutMs: 10_000,
      createdAt: noon,
      updatedAt: noon,
      warning: null,
    })
    expect(await showRouter(office.db, nas.name)).toEqual(shown)
    const [row] = await rowsOf(office, 'select password from nas_router where nas_id = $1', [nas.id])
    expect((row!.password as Buffer).includes('pässword')).toBe(false)
    expect(await find(nas.id)).toEqual({
      backend: 'rest',
      // Where the NAS is: its client is this one host.
      host: nas.address ?? `10.9.${nas.name.slice(3)}.1`,
      port: 443,
      user: 'gatehouse',
      password,
      timeoutMs: 10_000,
      trust: { sha256: 'ab'.repeat(31) + 'cd' },
    })
    expect(await nasesToReconcile(office.pool)).toContain(nas.id)
    await changeNasSettings(office.db, nas.name, { reconcile: 'off' })
    expect(await nasesToReconcile(office.pool)).not.toContain(nas.id)
  })

  it('has an audit entry for each change, and the password in none', async () => {
    const nas = await makeNas(office)
    await set(nas.name)
    await set(nas.name, { timeoutMs: 500 }, hours(1))
    await removeRouter(office.db, nas.name, office.author, hours(2))
    const entries = await audits(nas.id)
    expect(entries).toMatchObject([
      { action: 'nas-router.set', before: null, after: { backend: 'rest', port: 443, user_name: 'gatehouse' } },
      { action: 'nas-router.set', before: { timeout_ms: 10_000 }, after: { timeout_ms: 500 } },
      { action: 'nas-router.delete', before: { timeout_ms: 500 }, after: null },
    ])
    expect(inspect(entries, { depth: 9 })).not.toContain('sword')
    expect(await find(nas.id)).toBeUndefined()
    await expect(showRouter(office.db, nas.name)).rejects.toThrow('there is no access to the router of NAS')
    await expect(removeRouter(office.db, nas.name, office.author, noon)).rejects.toThrow('there is no access')
  })

  it('knows the usual ports, and warns of a password in the clear', async () => {
    const { name } = await makeNas(office)
    expect(await set(name, { backend: 'api' })).toMatchObject({ port: 8729, tls: true, warning: null })
    const { pin: _, ...plain } = { name, backend: 'api', userName: 'g', password, pin }
    await expect(setRouter(office.db, plain, office.author, noon)).rejects.toThrow(
      'host: is needed without TLS: the password goes in the clear',
    )
    const named = { ...plain, host: '10.0.0.1' }
    expect(await setRouter(office.db, named, office.author, noon)).toMatchObject({
      port: 8728,
      tls: false,
      pin: null,
      warning: expect.stringContaining('without TLS'),
    })
  })

  it('may believe a CA, which names the router', async () => {
    const nas = await makeNas(office)
    const { certificate: ca } = makeCertificate('router.test')
    const { pin: _, ...input } = { name: nas.name, backend: 'rest', userName: 'g', password, pin }
    await setRouter(office.db, { ...input, ca, host: 'R1.example.NET' }, office.author, noon)
    expect(await find(nas.id)).toMatchObject({ host: 'r1.example.net', trust: { ca: ca.trim() } })
    await setRouter(office.db, { ...input, ca, serverName: 'router.test' }, office.author, noon)
    expect((await find(nas.id))?.trust).toEqual({ ca: ca.trim(), serverName: 'router.test' })
  })

  it.each<[string, Partial<NewRouter>, string]>([
    ['an unknown backend', { backend: 'ssh' }, 'backend: "ssh" is none of api, rest'],
    ['REST in the clear', { pin: undefined as never }, 'pin: REST is spoken over TLS alone'],
    ['half a fingerprint', { pin: 'abcd' }, 'pin: is not a SHA-256 fingerprint'],
    ['what is no certificate', { pin: undefined as never, ca: 'PEM' }, 'ca: is no certificate'],
    ['a name beside a pin', { serverName: 'r' }, 'server-name: belongs to a CA'],
    ['no host', { host: 'two words' }, 'host: "two words" is no address and no name'],
    ['what is nearly an address', { host: '192.0.2.300' }, 'host: '],
    ['a network', { host: '192.0.2.0/24' }, 'host: '],
    ['no port', { port: 0 }, 'port: must be'],
    ['no account', { userName: ' ' }, 'user-name: must have'],
    ['an empty password', { password: '' }, 'password: is empty'],
    ['two lines of password', { password: 'a\nb' }, 'password: has a control character'],
    ['a password that is too long', { password: 'ä'.repeat(129) }, 'password: has more than 256 octets'],
    ['no time at all', { timeoutMs: 99 }, 'timeout-ms: must be'],
  ])('refuses %s', async (_what, changes, sentence) => {
    const { name } = await makeNas(office)
    await expect(set(name, changes)).rejects.toThrow(sentence)
  })

  it('refuses a pin beside a CA, and a NAS that is not there', async () => {
    const { name } = await makeNas(office)
    await expect(set(name, { ca: makeCertificate('r').certificate })).rejects.toThrow('exclude each other')
    await expect(set('nobody')).rejects.toThrow('there is no NAS "nobody"')
  })

  it('in the clear without a host is not taken by the table either', async () => {
    const { name, id } = await makeNas(office)
    await set(name, { backend: 'api', host: '10.0.0.1' })
    const change = (what: string) => office.pool.query(`update nas_router set ${what} where nas_id = $1`, [id])
    await change('pin_sha256 = null')
    await expect(change('host = null')).rejects.toThrow('violates check constraint')
  })

  it('goes with its NAS', async () => {
    const nas = await makeNas(office)
    await set(nas.name)
    await removeNas(office.db, nas.name)
    expect(await rowsOf(office, 'select from nas_router where nas_id = $1', [nas.id])).toEqual([])
  })
})

describe('a password that is left out', () => {
  const without = (name: string, changes: Partial<NewRouter> = {}) =>
    setRouter(office.db, { name, backend: 'rest', userName: 'gatehouse', pin, ...changes }, office.author, noon)

  it('is the stored one where it goes to the same place', async () => {
    const nas = await makeNas(office)
    await set(nas.name)
    await without(nas.name, { userName: 'other', timeoutMs: 300, pin: pin.toLowerCase().replaceAll(':', '') })
    expect(await find(nas.id)).toMatchObject({ user: 'other', password, timeoutMs: 300 })
  })

  it.each<[string, Partial<NewRouter>]>([
    ['host', { host: '192.0.2.66' }],
    ['port', { port: 8443 }],
    ['backend', { backend: 'api', port: 443 }],
    ['certificate', { pin: 'ff'.repeat(32) }],
  ])('is not sent to another %s', async (_what, changes) => {
    const { name, id } = await makeNas(office)
    await set(name)
    await expect(without(name, changes)).rejects.toThrow('password: is needed anew')
    expect(await find(id)).toMatchObject({ port: 443, trust: { sha256: 'ab'.repeat(31) + 'cd' } })
  })

  it('is needed where there is none', async () => {
    const { name } = await makeNas(office)
    await expect(without(name)).rejects.toThrow('password: is needed')
  })
})

describe('access that cannot be used', () => {
  it('says that the password was moved from another row', async () => {
    const [one, other] = [await makeNas(office), await makeNas(office)]
    await set(one.name)
    await set(other.name)
    await office.pool.query(
      'update nas_router set password = (select password from nas_router where nas_id = $1) where nas_id = $2',
      [one.id, other.id],
    )
    await expect(find(other.id)).rejects.toThrow('the password of the router cannot be opened: give it anew')
  })

  it('says that nobody knows where the router is', async () => {
    const nas = await makeNas(office)
    await set(nas.name)
    await office.pool.query(`update radius_client set prefix = '10.250.0.0/16' where id = $1`, [nas.clientId])
    await expect(find(nas.id)).rejects.toThrow('nobody knows where the router is: give it a host')
  })
})

it('a request of a reseller sees no access, whatever it asks', async () => {
  await set((await makeNas(office)).name)
  const client = await office.pool.connect()
  try {
    await client.query('begin; set local role gatehouse_reseller')
    expect((await client.query('select from nas_router')).rowCount).toBe(0)
  } finally {
    await client.query('rollback')
    client.release()
  }
})
