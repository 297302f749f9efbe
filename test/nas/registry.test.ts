// Which client a source address belongs to, and which device a request names.
import { describe, expect, it } from 'vitest'
import type { ClientRow } from '../../src/domain/nas-registry.ts'
import type { Nas } from '../../src/domain/nas.ts'
import { createRegistry } from '../../src/nas/registry.ts'
import { identityKinds } from '../../src/domain/line.ts'
import { defaultNasSettings } from '../../src/domain/nas-settings.ts'

function client(id: bigint, prefix: string): ClientRow {
  return {
    id,
    name: `client-${id}`,
    prefix,
    defaultVendor: 'standard',
    newNas: 'allow',
    messageAuthenticator: 'auto',
    messageAuthenticatorSeen: false,
    limitProxyState: true,
    trustedProxy: false,
    patienceMs: 900,
    nasGroupId: 1n,
    unknownPoolId: undefined,
    radsecFingerprint: undefined,
    radsecName: undefined,
    secrets: [Buffer.from('a secret of sixteen')],
  }
}

function nas(id: bigint, clientId: bigint, identity: { identifier?: string; address?: string } = {}): Nas {
  return {
    id,
    clientId,
    name: `nas-${id}`,
    vendor: 'standard',
    identifier: identity.identifier,
    address: identity.address,
    nasGroupId: 1n,
    addressSpaceId: 1n,
    identityOrder: identityKinds,
    settings: defaultNasSettings,
    patienceMs: 900,
    attributes: [],
  }
}

const nobody = { identifier: undefined, address: undefined }

describe('findClient', () => {
  const clients = [
    client(1n, '10.0.0.0/8'),
    client(2n, '10.1.0.0/16'),
    client(3n, '10.1.2.3/32'),
    client(4n, '2001:db8::/32'),
  ]
  const registry = createRegistry({ clients, nases: [] })

  it.each([
    ['10.9.9.9', 1n],
    ['10.1.9.9', 2n],
    ['10.1.2.3', 3n],
    ['2001:db8:ffff::1', 4n],
  ])('takes the longest prefix: %s', (address, id) => {
    expect(registry.findClient(address)?.id).toBe(id)
    // Asked again it answers from memory, the same.
    expect(registry.findClient(address)?.id).toBe(id)
  })

  it.each(['192.0.2.1', '11.0.0.0', '2001:db9::1', 'no address', '::ffff:11.0.0.1'])(
    'knows nobody at %s',
    (address) => {
      expect(registry.findClient(address)).toBeUndefined()
      expect(registry.findClient(address)).toBeUndefined()
    },
  )

  it('finds a client by its IPv4 address mapped into IPv6', () => {
    expect(registry.findClient('::ffff:10.1.2.3')?.id).toBe(3n)
  })

  it('R34: stays right when a flood of strangers comes from ever new addresses', () => {
    for (let at = 0; at < 30_000; at += 1) registry.findClient(`172.16.${at >> 8}.${at & 255}`)
    expect(registry.findClient('172.16.0.1')).toBeUndefined()
    expect(registry.findClient('10.1.2.3')?.id).toBe(3n)
  })
})

describe('findNas', () => {
  const one = client(1n, '10.0.0.0/8')
  const other = client(2n, '192.0.2.0/24')

  it('R39: goes by NAS-Identifier before NAS-IP-Address, and only behind its own client', () => {
    const nases = [
      nas(1n, 1n, { identifier: 'bras-1' }),
      nas(2n, 1n, { address: '10.0.0.2' }),
      nas(3n, 2n, { identifier: 'bras-1' }),
    ]
    const registry = createRegistry({ clients: [one, other], nases })
    const [first, second] = registry.clients
    expect(registry.findNas(first!, { identifier: 'bras-1', address: '10.0.0.2' })?.id).toBe(1n)
    expect(registry.findNas(first!, { identifier: 'unheard', address: '10.0.0.2' })?.id).toBe(2n)
    expect(registry.findNas(second!, { identifier: 'bras-1', address: undefined })?.id).toBe(3n)
    expect(registry.findNas(second!, { identifier: undefined, address: '10.0.0.2' })).toBeUndefined()
  })

  it('takes every request of a client whose only device was entered without an identity', () => {
    const registry = createRegistry({ clients: [one], nases: [nas(1n, 1n)] })
    const [first] = registry.clients
    expect(registry.findNas(first!, { identifier: 'whatever', address: '10.9.9.9' })?.id).toBe(1n)
    expect(registry.findNas(first!, nobody)?.id).toBe(1n)
  })

  it('gives a request that names no device to the only one there is, and to none of several', () => {
    const single = createRegistry({ clients: [one], nases: [nas(1n, 1n, { identifier: 'bras-1' })] })
    expect(single.findNas(single.clients[0]!, nobody)?.id).toBe(1n)
    const several = createRegistry({
      clients: [one],
      nases: [nas(1n, 1n, { identifier: 'bras-1' }), nas(2n, 1n, { identifier: 'bras-2' })],
    })
    expect(several.findNas(several.clients[0]!, nobody)).toBeUndefined()
  })
})

describe('namesOne', () => {
  const site = client(1n, '10.0.0.1/32')
  const namesOne = (nases: readonly Nas[], identity: { identifier?: string; address?: string }) => {
    const registry = createRegistry({ clients: [site], nases: [...nases] })
    return registry.namesOne(registry.clients[0]!, { ...nobody, ...identity })
  }
  const named = [nas(1n, 1n, { identifier: 'bng-1' }), nas(2n, 1n, { address: '192.0.2.2' })]
  const withUnnamed = [...named, nas(3n, 1n)]

  it.each([
    ['a known NAS-Identifier', named, { identifier: 'bng-1' }, true],
    ['a known NAS-IP-Address', withUnnamed, { address: '192.0.2.2' }, true],
    ['a new one', named, { identifier: 'bng-9' }, true],
    ['a new one beside a device that takes all that is new', withUnnamed, { identifier: 'bng-9' }, false],
    ['none behind a shared client', named, {}, false],
    ['none, beside a device without a name', withUnnamed, {}, false],
    ['none behind a client of one device', named.slice(0, 1), {}, true],
    ['another than the only device, which has no name', [nas(3n, 1n)], { identifier: 'bng-9' }, true],
    ['none before any device is known', [], {}, true],
  ])('%s', (_case, nases, identity, expected) => {
    expect(namesOne(nases, identity)).toBe(expected)
  })
})

describe('a certificate', () => {
  const fingerprint = 'ab'.repeat(32)
  const rows = [
    { ...client(1n, '192.0.2.1/32'), radsecFingerprint: fingerprint },
    { ...client(2n, '192.0.2.2/32'), radsecName: 'two.example.net' },
    client(3n, '192.0.2.3/32'),
  ]
  const registry = createRegistry({ clients: rows, nases: [] })
  const idOf = (given: string, ...names: string[]) => registry.findRadsecClient({ fingerprint: given, names })?.id

  it('is a client by its fingerprint before its names, and nobody otherwise', () => {
    expect(idOf(fingerprint)).toBe(1n)
    expect(idOf(fingerprint, 'two.example.net')).toBe(1n)
    expect(idOf('cd'.repeat(32), 'other.example.net', 'two.example.net')).toBe(2n)
    expect(idOf('cd'.repeat(32), 'three.example.net')).toBeUndefined()
  })

  it('brings the secret radsec and needs no signature, which changes nothing over UDP', () => {
    const overTls = registry.findRadsecClient({ fingerprint, names: [] })!
    expect(overTls.secrets.map(({ octets }) => octets.toString())).toEqual(['radsec'])
    expect(overTls).toMatchObject({ messageAuthenticator: 'off', limitProxyState: false })
    const overUdp = registry.findClient('192.0.2.1')!
    expect(overUdp.secrets.map(({ octets }) => octets.toString())).toEqual(['a secret of sixteen'])
    expect(overUdp).toMatchObject({ messageAuthenticator: 'auto', limitProxyState: true })
  })
})
