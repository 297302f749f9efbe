// Guessing passwords of one subscriber and spraying one password over many names: what it costs the guesser, what it does not
// cost the subscriber, and what can be learnt from the answers.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { insertPlan, insertSubscriber } from '../support/access.ts'
import { chap, pap, startAccess } from '../support/access-handler.ts'
import type { AccessUnderTest, Answer } from '../support/access-handler.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const password = 'secret of anna'
let access: AccessUnderTest

/** A NAS that waits 9 s in all, and the bounds of a delay: without guessing and with as much of it as counts. */
const nas = { patienceMs: 9_000 }
const usual = { atLeast: 900, atMost: 1_000 }
const braked = { atLeast: 6_480, atMost: 7_200 }

beforeAll(async () => {
  access = await startAccess(database)
  const planId = await insertPlan(database.pool)
  for (const username of ['anna', 'berta', 'cora']) {
    await insertSubscriber(database.pool, { username, plan_id: planId }, { keyring: access.keyring, password })
  }
})
afterAll(() => access.close())

const ask = async (username: string, secret: string, mac: string): Promise<Answer> => {
  const attributes = pap(username, secret).map((one) =>
    one.name === 'Calling-Station-Id' ? { ...one, value: mac } : one,
  )
  return (await access.ask(attributes, { nas }))!
}
const macOf = (at: number) =>
  `02:00:00:00:${(at >> 8).toString(16).padStart(2, '0')}:${(at & 255).toString(16).padStart(2, '0')}`

function expectDelay(answer: Answer, { atLeast, atMost }: typeof usual): void {
  expect(answer.code).toBe(3)
  expect(answer.delayMs).toBeGreaterThanOrEqual(atLeast)
  expect(answer.delayMs).toBeLessThanOrEqual(atMost)
}

describe('guessing one password', () => {
  it('R31: is answered ever later, from whatever lines; the right password is accepted at once all the same', async () => {
    expectDelay(await ask('anna', 'guess', macOf(0)), usual)
    for (let at = 1; at < 60; at++) await ask('anna', `guess ${at}`, macOf(at))
    expectDelay(await ask('anna', 'guess', macOf(60)), braked)
    expect(await ask('anna', password, macOf(61))).toMatchObject({ code: 2, delayMs: 0 })
    // And it is accepted from a line that guesses.
    expect(await ask('anna', password, macOf(60))).toMatchObject({ code: 2, delayMs: 0 })
    // A subscriber elsewhere who mistypes feels nothing of it.
    expectDelay(await ask('berta', 'guess', macOf(62)), usual)
  })

  it('R31: is forgotten within minutes', async () => {
    for (let at = 0; at < 60; at++) await ask('cora', `guess ${at}`, macOf(1_000 + at))
    access.clock.advance(600_000)
    const later = await ask('cora', 'guess', macOf(1_100))
    expect(later.delayMs).toBeLessThanOrEqual(usual.atMost)
  })
})

describe('spraying one password over many names', () => {
  it('R32: from one modem is answered ever later; another modem on the same NAS is not', async () => {
    for (let at = 0; at < 60; at++) await ask(`sub${at}`, '12345678', macOf(2_000))
    expectDelay(await ask('berta', '12345678', macOf(2_000)), braked)
    expectDelay(await ask('sub1000', '12345678', macOf(2_001)), usual)
    expect(await ask('berta', password, macOf(2_000))).toMatchObject({ code: 2, delayMs: 0 })
  })
})

describe('whether somebody exists', () => {
  it('R33: cannot be told from the answers, however often it is asked: code, text and delay are those of a wrong password', async () => {
    const answersOf = async (username: string, from: number) => {
      const answers: Answer[] = []
      for (let at = 0; at < 50; at++) answers.push(await ask(username, 'guess', macOf(from + at)))
      return answers
    }
    access.clock.advance(600_000)
    const known = await answersOf('anna', 3_000)
    const unknown = await answersOf('nobody of ours', 4_000)
    for (const [at, one] of known.entries()) {
      const other = unknown[at]!
      expect([one.code, one.list]).toEqual([other.code, other.list])
      // Each is the same delay less up to a tenth of it by chance.
      expect(one.delayMs).toBeGreaterThan(other.delayMs * 0.89)
      expect(one.delayMs).toBeLessThan(other.delayMs * 1.12)
    }
  })
})

describe('a replayed login', () => {
  it('R19: with CHAP is decided anew each time: it is accepted while the password is right, and never past a block', async () => {
    const captured = chap('berta', password, Buffer.alloc(16, 7))
    expect(await access.ask(captured)).toMatchObject({ code: 2 })
    expect(await access.ask(captured)).toMatchObject({ code: 2 })
    await database.pool.query(
      `update subscriber set blocked_at = now() - interval '1 day', block_reason = 'unpaid' where username = 'berta'`,
    )
    access.clock.advance(1)
    expect(await access.ask(captured)).toMatchObject({ code: 3 })
  })
})
