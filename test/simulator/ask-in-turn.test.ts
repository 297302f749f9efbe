import { describe, expect, it } from 'vitest'
import { askInTurn } from '../../src/simulator/ask-in-turn.ts'
import { compareSessions } from '../../src/simulator/compare.ts'
import type { Dial } from '../../src/simulator/nas-session.ts'
import { codes } from '../../src/radius/codes.ts'
import { agree, makeNas, scriptServer, type ScriptedServer } from './server.ts'

const dial: Dial = { username: 'anna', password: 'x', method: 'pap', mac: 'd4:ca:6d:01:02:03' }
const timers = { timeoutMs: 250, tries: 2 }
const toServer = ({ port }: ScriptedServer) => ({ address: '127.0.0.1', authPort: port, acctPort: port })

describe('a NAS with two servers', () => {
  it('asks the second nothing while the first answers', async () => {
    const [first, second] = [await scriptServer(), await scriptServer()]
    const nas = await makeNas(first, { secondary: toServer(second) })
    const outcome = await nas.dial(dial)
    expect(outcome.kind === 'online' && (await outcome.started)).toBe(true)
    expect([first.seen.length, second.seen.length]).toEqual([2, 0])
    for (const end of [nas, first, second]) end.close()
  })

  it('asks the second anew what the first left unanswered in all its tries, and the first again next time', async () => {
    const [first, second] = [await scriptServer(() => undefined), await scriptServer()]
    const nas = await makeNas(first, { timers, secondary: toServer(second) })
    const outcome = await nas.dial(dial)
    if (outcome.kind !== 'online') throw new Error(outcome.kind)
    expect(await outcome.started).toBe(true)
    const access = ({ seen }: ScriptedServer) => seen.filter(({ packet }) => packet.code === codes.accessRequest)
    expect([access(first).length, access(second).length]).toEqual([2, 1])
    first.script = agree
    const before = second.seen.length
    expect(await nas.interim(outcome.session)).toBe(true)
    expect(second.seen.length).toBe(before)
    for (const end of [nas, first, second]) end.close()
  })

  it('gives up when neither answers, and quiet comes only then', async () => {
    const [first, second] = [await scriptServer(() => undefined), await scriptServer(() => undefined)]
    const nas = await makeNas(first, { timers, secondary: toServer(second) })
    let ended = false
    const dialling = nas.dial(dial).then((outcome) => {
      ended = true
      return outcome
    })
    await nas.quiet()
    await new Promise((resolve) => setImmediate(resolve))
    expect(ended).toBe(true)
    expect(await dialling).toEqual({ kind: 'timeout' })
    expect([first.seen.length, second.seen.length]).toEqual([2, 2])
    for (const end of [nas, first, second]) end.close()
  })

  it('asks nobody any more when it has lost power meanwhile', async () => {
    const second: unknown[] = []
    const requester = {
      request: ({ port }: { port: number }) => {
        if (port === 2) second.push(port)
        return Promise.resolve(undefined)
      },
    }
    const servers = [1, 2].map((port) => ({ address: '127.0.0.1', authPort: port, acctPort: port }))
    const request = { label: 'x', port: 'authPort' } as Parameters<typeof askInTurn>[2]
    expect(await askInTurn(requester, servers, request, () => false)).toBeUndefined()
    expect(second).toEqual([])
    expect(await askInTurn(requester, servers, request, () => true)).toBeUndefined()
    expect(second).toEqual([2])
  })

  it('keeps a ledger in which a record is one, whichever server took it', async () => {
    const [first, second] = [await scriptServer(), await scriptServer()]
    const making = makeNas(first, { timers, secondary: toServer(second) })
    const [nas, { ledger }] = [await making, making]
    const outcome = await nas.dial(dial)
    if (outcome.kind !== 'online') throw new Error(outcome.kind)
    await outcome.started
    first.script = () => undefined
    nas.pass(outcome.session, 60)
    expect(await nas.stop(outcome.session, 'User-Request')).toBe(true)
    const [difference, ...others] = compareSessions(ledger.state, [])
    expect(others).toEqual([])
    expect(difference).toMatchObject({ kind: 'missing', username: 'anna' })
    for (const end of [nas, first, second]) end.close()
  })
})
