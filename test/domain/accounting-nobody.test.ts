// Accounting of sessions whose Class of ours says that they are nobody's (the garden for the unknown).
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { recordAccounting } from '../../src/domain/accounting.ts'
import { nobody } from '../../src/domain/session-class.ts'
import { at, makeNas, makeSession, makeSubscriber, recordEach, usageOf } from '../support/accounting.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const ofNobody = { class: { classId: 5n, subscriberId: nobody } }
const nothing = { hours: { input: 0n, output: 0n }, periods: { input: 0n, output: 0n } }

async function ownerOf(nasId: bigint, id: string): Promise<(bigint | null)[]> {
  const { rows } = await database.pool.query<{ subscriber_id: bigint | null }>(
    'select subscriber_id from session where nas_id = $1 and acct_session_id = $2 order by epoch',
    [nasId, id],
  )
  return rows.map((row) => row.subscriber_id)
}

describe('a session with the Class of nobody', () => {
  it('is kept with all that it counted, and is charged to no one, whatever its name is', async () => {
    const nas = await makeNas(database.pool)
    const subscriber = await makeSubscriber(database.pool)
    // The name of a subscriber that was made while the session was on its way.
    const session = makeSession({ nas, subscriber })
    const outcome = await recordEach(
      database.pool,
      session.start(ofNobody),
      session.interim(300, { ...ofNobody, input: 1_000, output: 9_000 }),
    )
    expect(outcome).toMatchObject({
      subscriberId: undefined,
      inputDelta: 1_000n,
      outputDelta: 9_000n,
    })
    expect(await ownerOf(nas.id, session.acctSessionId)).toEqual([null])
    expect(await usageOf(database.pool, subscriber.id)).toEqual(nothing)
    await recordEach(database.pool, session.stop(400, { ...ofNobody, input: 2_000, output: 9_500 }))
    expect(await usageOf(database.pool, subscriber.id)).toEqual(nothing)
  })

  it('ends no other session of its line', async () => {
    const nas = await makeNas(database.pool)
    const first = makeSession({ nas, mac: '02:00:00:00:77:01' })
    const second = makeSession({ nas, mac: '02:00:00:00:77:01' })
    const outcome = await recordEach(
      database.pool,
      first.start(ofNobody),
      second.start({ class: { classId: 6n, subscriberId: nobody } }),
    )
    expect(outcome.lineTaken).toBe(false)
  })

  it('is the subscriber’s from the record on whose Class names it, and stays so', async () => {
    const nas = await makeNas(database.pool)
    const subscriber = await makeSubscriber(database.pool)
    const session = makeSession({ nas })
    const theirs = { class: { classId: 8n, subscriberId: subscriber.id } }
    const records = [
      session.start(ofNobody),
      session.interim(300, { ...ofNobody, input: 1_000 }),
      session.interim(600, { ...theirs, input: 1_500 }),
      session.stop(900, { ...ofNobody, input: 1_700 }),
    ]
    expect((await recordAccounting(database.pool, records, at(900))).at(-1)).toMatchObject({
      subscriberId: subscriber.id,
    })
    expect(await ownerOf(nas.id, session.acctSessionId)).toEqual([subscriber.id])
    const used = { input: 700n, output: 0n }
    expect(await usageOf(database.pool, subscriber.id)).toEqual({ hours: used, periods: used })
  })

  it('never becomes another’s: what is charged is what was counted after the first Class with a name, whoever comes then', async () => {
    const nas = await makeNas(database.pool)
    const steps = fc.array(fc.record({ owner: fc.nat(2), octets: fc.nat(1_000) }), { minLength: 1, maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(steps, async (told) => {
        const subscribers = [await makeSubscriber(database.pool), await makeSubscriber(database.pool)]
        const session = makeSession({ nas })
        await recordEach(database.pool, session.start(ofNobody))
        let input = 0
        const charged = [0, 0]
        let owner: number | undefined
        for (const [i, step] of told.entries()) {
          const subscriberId = step.owner === 0 ? nobody : subscribers[step.owner - 1]!.id
          input += step.octets
          owner ??= step.owner === 0 ? undefined : step.owner - 1
          if (owner !== undefined) charged[owner]! += step.octets
          const said = { class: { classId: BigInt(10 + i), subscriberId }, input }
          await recordEach(database.pool, session.interim((i + 1) * 60, said))
        }
        for (const [i, { id }] of subscribers.entries()) {
          expect((await usageOf(database.pool, id)).periods.input).toBe(BigInt(charged[i]!))
        }
      }),
      { numRuns: 15 },
    )
  }, 30_000)
})
