// Every case of the reference's table of what a router client dies or hangs of, for every way to a router.
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { RouterErrorKind } from '../../../src/nas/routeros/router-error.ts'
import type { Behaviour } from '../../support/fake-router.ts'
import { backends, failure, routerWith } from './backends.ts'

const menu = '/ppp/active'
const rowsOf = (count: number) => Array.from({ length: count }, (_, at) => ({ '.id': `*${at}`, name: `user${at}` }))

describe.each(backends)('$name', (backend) => {
  const isRest = backend.name === 'REST'

  it('prints rows, all or those asked for', async () => {
    const router = await routerWith({ [menu]: rowsOf(3) })
    const transport = backend.open(router)
    expect(await transport.print(menu)).toEqual(rowsOf(3))
    expect(await transport.print(menu, { name: 'user1' })).toEqual([{ '.id': '*1', name: 'user1' }])
    expect(await transport.print(menu, { name: 'user1', '.id': '*2' })).toEqual([])
  })

  it('keeps text as it is: UTF-8, equal signs, line ends, empty values', async () => {
    const comment = 'Straße № 5 = "東京"\r\n&?#%+ .tag=1'
    const router = await routerWith({ [menu]: [{ '.id': '*1', name: comment, comment: '' }] })
    expect(await backend.open(router).print(menu, { name: comment })).toEqual([
      { '.id': '*1', name: comment, comment: '' },
    ])
  })

  it('takes a print without a row, whether the router says !empty (7.18) or nothing', async () => {
    const router = await routerWith({ [menu]: [] })
    const transport = backend.open(router)
    expect(await transport.print(menu, { name: 'x' })).toEqual([])
    router.saysEmpty = false
    expect(await transport.print(menu)).toEqual([])
    router.on = () => 'empty'
    expect(await transport.print(menu)).toEqual([])
  })

  it('passes over what a later release may say', async () => {
    const router = await routerWith({ [menu]: rowsOf(1) })
    const transport = backend.open(router)
    expect(await transport.print(menu)).toHaveLength(1)
    router.on = () => 'unheard-of'
    expect(await transport.print(menu)).toEqual(rowsOf(1))
  })

  it('reads answers that come octet by octet', async () => {
    const router = await routerWith({
      [menu]: [...rowsOf(2), { '.id': '*9', name: 'ñandú', comment: 'x'.repeat(300) }],
    })
    router.splitsOctets = true
    expect(await backend.open(router).print(menu)).toEqual(router.tables.get(menu))
  })

  it('reads 20 000 rows', async () => {
    const router = await routerWith({ [menu]: rowsOf(20_000) })
    const rows = await backend.open(router).print(menu)
    expect(rows).toHaveLength(20_000)
    expect(rows.at(-1)).toEqual({ '.id': '*19999', name: 'user19999' })
  })

  it('gives 50 commands at once their own answers', async () => {
    const router = await routerWith({ [menu]: rowsOf(50) })
    const transport = backend.open(router)
    const answers = await Promise.all(rowsOf(50).map(async ({ name }) => transport.print(menu, { name })))
    expect(answers).toEqual(rowsOf(50).map((row) => [row]))
    if (!isRest) expect(router.connections).toBe(1)
  })

  it('removes by id, and says so where there is no such item', async () => {
    const router = await routerWith({ [menu]: rowsOf(2) })
    const transport = backend.open(router)
    await transport.remove(menu, '*0')
    expect(router.tables.get(menu)).toEqual([{ '.id': '*1', name: 'user1' }])
    const error = await failure(transport.remove(menu, '*0'))
    expect(error).toMatchObject({ kind: isRest ? 'http' : 'trap' })
    expect(error.message).toContain('no such item')
  })

  const refusals: [Behaviour, RouterErrorKind, RouterErrorKind, RegExp][] = [
    ['refuse', 'trap', 'http', /refused \/ppp\/active.*not enough permissions/],
    ['fatal', 'fatal', 'http', /session terminated on request|status 503: no reason/],
    ['close', 'closed', 'closed', /clos|broke/],
    ['garbage', 'protocol', 'protocol', /does not speak|octets|no list of rows|nobody/],
    ['endless', 'protocol', 'protocol', /longer than 100000 octets/],
  ]
  it.each(refusals)('%s is an error and the next command is answered', async (behaviour, viaApi, viaRest, sentence) => {
    const router = await routerWith({ [menu]: rowsOf(1) })
    const transport = backend.open(router, { maximumAnswer: 100_000 })
    await transport.print(menu)
    router.on = (command) => (command === `${menu}/print` ? behaviour : 'answer')
    const error = await failure(transport.print(menu))
    expect(error.kind).toBe(isRest ? viaRest : viaApi)
    expect(error.message).toMatch(sentence)
    expect(error.path).toContain(menu)
    router.on = () => 'answer'
    expect(await transport.print(menu)).toEqual(rowsOf(1))
  })

  it('a wrong menu is told with its path', async () => {
    const error = await failure(backend.open(await routerWith()).print('/no/such'))
    expect(error.message).toMatch(/refused \/no\/such.*: .*no such command/)
  })

  it('silence ends in a timeout that gives up the connection, and the next command opens another', async () => {
    const router = await routerWith({ [menu]: rowsOf(1) })
    const patient = backend.open(router, { timeoutMs: 400 })
    await patient.print(menu)
    router.on = () => 'silent'
    const error = await failure(patient.print(menu))
    expect(error).toMatchObject({ kind: 'timeout' })
    await router.untilAlone()
    expect(error.message).toMatch(/did not answer \/ppp\/active.* within 400 ms/)
    router.on = () => 'answer'
    expect(await patient.print(menu)).toEqual(rowsOf(1))
    expect(router.connections).toBe(isRest ? 3 : 2)
  })

  it('a wrong password is a refused login, and is never told', async () => {
    const router = await routerWith({ [menu]: [] })
    const error = await failure(backend.open(router, { password: 'hunter2' }).print(menu))
    expect(error).toMatchObject({ kind: 'refused-login' })
    expect(error.message).toContain('refused the login of gatehouse')
    expect(`${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`).not.toContain('hunter2')
  })

  it('a router that is off is a closed connection', async () => {
    const router = await routerWith()
    const transport = backend.open(router)
    await router.close()
    const error = await failure(transport.print(menu))
    expect(error).toMatchObject({ kind: 'closed' })
    expect(error.message).toContain('ECONNREFUSED')
  })

  it('a reboot in the middle of a command rejects it', async () => {
    const router = await routerWith({ [menu]: rowsOf(1) })
    const transport = backend.open(router)
    await transport.print(menu)
    router.on = () => {
      router.dropConnections()
      return 'silent'
    }
    expect(await failure(transport.print(menu))).toMatchObject({ kind: 'closed' })
    router.on = () => 'answer'
    expect(await transport.print(menu)).toHaveLength(1)
  })

  it('what takes the connection and says nothing is a timeout', async () => {
    const router = await routerWith()
    const mute = createServer()
    mute.listen(0, '127.0.0.1')
    await once(mute, 'listening')
    const { port } = mute.address() as AddressInfo
    const changes = { apiPort: port, apiTlsPort: port, restPort: port }
    try {
      const error = await failure(backend.open({ ...router, ...changes }, { timeoutMs: 200 }).print(menu))
      expect(error).toMatchObject({ kind: 'timeout' })
    } finally {
      mute.close()
    }
  })

  it('closing rejects what waits and what comes later', async () => {
    const router = await routerWith({ [menu]: rowsOf(1) })
    const transport = backend.open(router)
    await transport.print(menu)
    const arrived = new Promise<void>((resolve) => {
      router.on = () => {
        resolve()
        return 'silent'
      }
    })
    const waiting = failure(transport.print(menu))
    await arrived
    transport.close()
    expect(await waiting).toMatchObject({ kind: 'closed' })
    expect(await failure(transport.print(menu))).toMatchObject({ kind: 'closed' })
    expect((await failure(transport.print(menu))).message).toContain('by us')
  })
})
