// Whom we believe: nothing may be sent, least of all a password, to a router whose certificate is not the right one.
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { makeCertificate } from '../../support/certificate.ts'
import { failure, rest, routerWith, tlsApi } from './backends.ts'

const menu = '/ppp/active'

describe.each([tlsApi, rest])('$name', (backend) => {
  it.each([
    ['with colons', (pin: string) => pin],
    ['without', (pin: string) => pin.replaceAll(':', '').toLowerCase()],
  ])('believes the pinned certificate, written %s', async (_, write) => {
    const router = await routerWith({ [menu]: [] })
    expect(await backend.open(router, { trust: { sha256: write(router.fingerprint) } }).print(menu)).toEqual([])
  })

  it('sends nothing to another certificate', async () => {
    const router = await routerWith({ [menu]: [] })
    const error = await failure(backend.open(router, { trust: { sha256: '00'.repeat(32) } }).print(menu))
    expect(error).toMatchObject({ kind: 'certificate' })
    expect(error.message).toContain(router.fingerprint.replaceAll(':', '').toLowerCase())
    expect(router.seen).toEqual([])
    await router.untilAlone()
  })

  it.each(['', 'abc', 'zz'.repeat(32), '00'.repeat(20)])('takes "%s" for no pin at all', async (sha256) => {
    const router = await routerWith({ [menu]: [] })
    const error = await failure(backend.open(router, { trust: { sha256 } }).print(menu))
    expect(error).toMatchObject({ kind: 'certificate' })
    expect(router.connections).toBe(0)
  })

  it('believes what its CA vouches for under the right name', async () => {
    const router = await routerWith({ [menu]: [] })
    const trust = { ca: router.certificate, serverName: 'router.test' }
    expect(await backend.open(router, { trust }).print(menu)).toEqual([])
  })

  it('sends nothing to a certificate for another name', async () => {
    const router = await routerWith({ [menu]: [] })
    for (const serverName of ['other.test', undefined]) {
      const trust = { ca: router.certificate, ...(serverName !== undefined && { serverName }) }
      const error = await failure(backend.open(router, { trust }).print(menu))
      expect(error).toMatchObject({ kind: 'certificate' })
      expect(error.message).toContain('not trusted')
    }
    expect(router.seen).toEqual([])
  })

  it.each(['', 'no PEM', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'])(
    'believes nobody where the CA is "%s"',
    async (ca) => {
      const router = await routerWith({ [menu]: [] })
      const error = await failure(backend.open(router, { trust: { ca, serverName: 'router.test' } }).print(menu))
      expect(error).toMatchObject({ kind: 'certificate', path: expect.stringContaining(menu) })
      expect(router.seen).toEqual([])
    },
  )

  it('says where the port is none', async () => {
    const router = await routerWith()
    expect(await failure(backend.open(router, { port: 70_000 }).print(menu))).toMatchObject({ kind: 'closed' })
  })

  it('sends nothing to what another CA vouches for', async () => {
    const router = await routerWith({ [menu]: [] })
    const trust = { ca: makeCertificate('router.test').certificate, serverName: 'router.test' }
    expect(await failure(backend.open(router, { trust }).print(menu))).toMatchObject({ kind: 'certificate' })
    expect(router.seen).toEqual([])
  })

  it('says where the port does not speak TLS', async () => {
    const router = await routerWith()
    const plain = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.end('220 not what you look for\r\n')
    })
    plain.listen(0, '127.0.0.1')
    await once(plain, 'listening')
    const { port } = plain.address() as AddressInfo
    try {
      const error = await failure(backend.open({ ...router, apiTlsPort: port, restPort: port }).print(menu))
      expect(error).toMatchObject({ kind: 'protocol' })
    } finally {
      plain.close()
    }
  })
})
