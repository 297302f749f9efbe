import { describe, expect, it } from 'vitest'
import {
  accountRule,
  addressRule,
  countedAddress,
  forgiveGuess,
  guessKey,
  takeGuess,
  trimGuesses,
} from '../../../src/domain/operator/guess.ts'
import { noon, useOffice } from '../../support/operator.ts'

const office = useOffice()
const later = (milliseconds: number): Date => new Date(noon.getTime() + milliseconds)

describe('a guess', () => {
  it('is free five times; then the pause doubles up to a quarter of an hour, and to a day after a hundred', async () => {
    const key = guessKey('account', 'anna@example.net', '')
    let now = noon.getTime()
    const pauses: number[] = []
    for (let taken = 0; taken < 110;) {
      const guess = await takeGuess(office.db, [{ key, rule: accountRule }], new Date(now))
      if (guess.kind === 'taken') {
        taken += 1
        continue
      }
      pauses.push(guess.seconds)
      now += guess.seconds * 1000
    }
    expect(pauses.slice(0, 12)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900])
    expect(pauses.slice(12, 95)).toEqual(Array.from({ length: 83 }, () => 900))
    expect(pauses.slice(95)).toEqual(Array.from({ length: pauses.length - 95 }, () => 86_400))
  })

  it('is refused while the count is closed, without counting', async () => {
    const key = guessKey('account', 'ben@example.net', '')
    const take = (at: Date) => takeGuess(office.db, [{ key, rule: accountRule }], at)
    for (let at = 0; at < 6; at += 1) await take(noon)
    for (let at = 0; at < 20; at += 1) expect(await take(noon)).toEqual({ kind: 'wait', seconds: 1 })
    expect(await take(later(1_000))).toEqual({ kind: 'taken' })
    expect(await take(later(1_000))).toEqual({ kind: 'wait', seconds: 2 })
  })

  it('at once with fifty others counts fifty', async () => {
    const key = guessKey('account', 'cora@example.net', '')
    const guesses = await Promise.all(
      Array.from({ length: 50 }, () => takeGuess(office.db, [{ key, rule: accountRule }], noon)),
    )
    expect(guesses.filter((guess) => guess.kind === 'taken')).toHaveLength(accountRule.free)
  })

  it('that was right ends the account’s count and gives the address one back', async () => {
    const account = guessKey('account', 'dora@example.net', '')
    const address = guessKey('address', '192.0.2.1')
    const keys = [
      { key: address, rule: addressRule },
      { key: account, rule: accountRule },
    ]
    for (let at = 0; at < 4; at += 1) await takeGuess(office.db, keys, noon)
    await forgiveGuess(office.db, { account, address })
    const rows = await office.db
      .selectFrom('guess_counter')
      .selectAll()
      .where('key', 'in', [account, address])
      .execute()
    expect(rows.map((row) => row.failures)).toEqual([3])
    await forgiveGuess(office.db, { account, address: undefined })
  })

  it('from an address is forgotten after a quiet hour, at an account never by itself', async () => {
    const address = [{ key: guessKey('address', '192.0.2.9'), rule: addressRule }]
    for (let at = 0; at < 20; at += 1) await takeGuess(office.db, address, noon)
    expect(await takeGuess(office.db, address, noon)).toMatchObject({ kind: 'wait' })
    for (let at = 0; at < 19; at += 1) {
      expect(await takeGuess(office.db, address, later(3_700_000))).toEqual({ kind: 'taken' })
    }
    const account = [{ key: guessKey('account', 'emil@example.net', ''), rule: accountRule }]
    for (let at = 0; at < 6; at += 1) await takeGuess(office.db, account, noon)
    await takeGuess(office.db, account, later(86_400_000))
    expect(await takeGuess(office.db, account, later(86_400_000))).toEqual({ kind: 'wait', seconds: 2 })
  })

  it('leaves nothing behind after a month', async () => {
    const rows = async () => (await office.db.selectFrom('guess_counter').select('key').execute()).length
    expect(await rows()).toBeGreaterThan(0)
    expect(await trimGuesses(office.db, noon)).toBe(0)
    await trimGuesses(office.db, later(400 * 86_400_000))
    expect(await rows()).toBe(0)
  })
})

describe('an address is counted', () => {
  it.each([
    [null, ''],
    ['192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:0db8:0000::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
  ])('%s as %s', (address, counted) => {
    expect(countedAddress(address)).toBe(counted)
  })
})
