// What only the API protocol has: the old login, tags on one connection, and replies that belong to nobody.
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { createApiTransport } from '../../../src/nas/routeros/api.ts'
import { encodeSentence } from '../../../src/nas/routeros/words.ts'
import { failure, plainApi, routerWith } from './backends.ts'

const menu = '/ppp/active'

describe('login', () => {
  it('answers the challenge of a router older than 6.43', async () => {
    const router = await routerWith({ [menu]: [] })
    router.oldLogin = true
    expect(await plainApi.open(router).print(menu)).toEqual([])
    expect(router.seen).toEqual(['/login', '/login', `${menu}/print`])
  })

  it('is refused where the answer to the challenge is wrong', async () => {
    const router = await routerWith({ [menu]: [] })
    router.oldLogin = true
    const error = await failure(plainApi.open(router, { password: 'wrong' }).print(menu))
    expect(error).toMatchObject({ kind: 'refused-login', path: '/login' })
    expect(router.connections).toBe(1)
    await router.untilAlone()
  })

  it('is made once for many commands, and anew on a new connection', async () => {
    const router = await routerWith({ [menu]: [] })
    const transport = plainApi.open(router)
    await Promise.all([transport.print(menu), transport.print(menu)])
    router.on = (command) => (command === `${menu}/print` ? 'fatal' : 'answer')
    await failure(transport.print(menu))
    router.on = () => 'answer'
    await Promise.all([transport.print(menu), transport.print(menu)])
    expect(router.seen.filter((command) => command === '/login')).toHaveLength(2)
    expect(router.connections).toBe(2)
  })

  it('that failed is tried again by the next command', async () => {
    const router = await routerWith({ [menu]: [] })
    const transport = plainApi.open(router)
    router.on = () => 'fatal'
    expect(await failure(transport.print(menu))).toMatchObject({ kind: 'fatal' })
    router.on = () => 'answer'
    expect(await transport.print(menu)).toEqual([])
  })

  it('that has no answer is a timeout', async () => {
    const router = await routerWith({ [menu]: [] })
    router.on = () => 'silent'
    const error = await failure(plainApi.open(router, { timeoutMs: 150 }).print(menu))
    expect(error).toMatchObject({ kind: 'timeout', path: '/login' })
  })
})

it('a command without an answer takes those beside it along, each with its own reason', async () => {
  const router = await routerWith({ [menu]: [], '/interface': [] })
  const transport = plainApi.open(router, { timeoutMs: 300 })
  await transport.print(menu)
  router.on = () => 'silent'
  const outcomes = await Promise.all([failure(transport.print(menu)), failure(transport.print('/interface'))])
  expect(outcomes.map(({ kind }) => kind)).toEqual(['timeout', 'closed'])
  expect(outcomes[1].message).toContain('given up, as /ppp/active/print had no answer')
})

it('an idle connection that the router ends is replaced', async () => {
  const router = await routerWith({ [menu]: [] })
  const transport = plainApi.open(router)
  await transport.print(menu)
  router.dropConnections()
  // The end arrives after the commands of this turn: whichever of them meet it are told, and one of the next gets through.
  let answered = false
  for (let tries = 0; tries < 3 && !answered; tries += 1) {
    answered = await transport.print(menu).then(
      () => true,
      () => false,
    )
  }
  expect(answered).toBe(true)
})

it('closing while the connection is being opened leaves nothing open', async () => {
  const router = await routerWith({ [menu]: [] })
  const transport = plainApi.open(router)
  const early = failure(transport.print(menu))
  router.on = () => {
    transport.close()
    return 'answer'
  }
  expect(await early).toMatchObject({ kind: 'closed' })
  expect(router.connections).toBe(1)
  await router.untilAlone()
})

describe('a server that answers every command with', () => {
  /** Answers the login, and then each command with these words under its own tag where `TAG` stands. */
  async function answerWith(reply: string[], login = ['!done', 'TAG']): Promise<ReturnType<typeof failure>> {
    let commands = 0
    const server = createServer((socket: Socket) => {
      socket.on('error', () => undefined)
      socket.on('data', (chunk) => {
        const tag = /\.tag=\d+/.exec(chunk.toString())?.[0] ?? ''
        commands += 1
        socket.write(encodeSentence((commands === 1 ? login : reply).map((word) => (word === 'TAG' ? tag : word))))
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const account = { host: '127.0.0.1', port, user: 'a', password: 'b', timeoutMs: 20_000, trust: undefined }
    const transport = createApiTransport(account)
    try {
      return await failure(transport.print(menu))
    } finally {
      transport.close()
      server.close()
    }
  }

  it.each([
    ['a tag that nobody gave', ['!done', '.tag=999'], /for a command that nobody gave/],
    ['no tag', ['!done'], /for a command that nobody gave/],
    ['no reply word', ['hello', 'TAG'], /does not speak the RouterOS API/],
  ])('%s is a broken protocol', async (_, reply, sentence) => {
    const error = await answerWith(reply)
    expect(error).toMatchObject({ kind: 'protocol' })
    expect(error.message).toMatch(sentence)
  })

  it('!fatal without a reason is still an error', async () => {
    expect((await answerWith(['!fatal'])).message).toContain('no reason')
  })

  it('a challenge that is none is a broken protocol', async () => {
    expect(await answerWith(['!done', 'TAG'], ['!done', '=ret=xyz', 'TAG'])).toMatchObject({ kind: 'protocol' })
  })

  it('a challenge after the challenge is a broken protocol', async () => {
    const challenge = ['!done', `=ret=${'0f'.repeat(16)}`, 'TAG']
    const error = await answerWith(challenge, challenge)
    expect(error.message).toContain('with another one')
  })
})
