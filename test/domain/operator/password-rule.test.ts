import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkNewPassword, passwordContext } from '../../../src/domain/operator/password-rule.ts'
import { makePassword, makeSecret } from '../../../src/domain/secret.ts'

const check =
  (password: string, context: string[] = []) =>
  () =>
    checkNewPassword('password', password, context)

describe('a new password (W23)', () => {
  it.each([
    'correct violin 7 umbrella',
    'Kelp7-Lantern-Oar',
    'Тихая река у старого дома',
    '雨が降る前に帰りましょうね今日は',
    '7391 0284 6102 8374',
    'my password is a sentence about otters',
  ])('may be %s', (password) => {
    expect(check(password)).not.toThrow()
  })

  it.each([
    ['eleven-char', 'at least 12'],
    ['', 'at least 12'],
    ['x'.repeat(257), 'at most 256'],
    ['abababababababab', 'repeats'],
    ['has a\ttab inside it', 'control'],
    ['passwordpassword', 'tried first'],
    ['P4ssw0rd-2026!', 'tried first'],
    ['Summer2026Summer', 'tried first'],
    ['administrator1', 'tried first'],
    ['qwertyuiop1234', 'tried first'],
    ['qwertz-asdfgh-1', 'tried first'],
    ['123456789012', 'tried first'],
    ['abcdefghijklmn', 'tried first'],
    ['letmein!letmein!', 'tried first'],
    ['iloveyou4ever!!', 'tried first'],
    ['gatehouse-gatehouse', 'tried first'],
    ['Gatehouse2026!', 'tried first'],
    ['correcthorsebatterystaple', 'tried first'],
  ])('is not %s', (password, reason) => {
    expect(check(password)).toThrow(reason)
  })

  it('is not made of the name, the address or the company', () => {
    const context = passwordContext({
      name: 'Anna Lindqvist',
      email: 'a.lindqvist@hillnet.example',
      organisation: 'Hillnet',
    })
    for (const password of ['annalindqvist1', 'Lindqvist-2026', 'hillnethillnet', 'Anna@Hillnet2026']) {
      expect(check(password, context)).toThrow('tried first')
    }
    expect(check('Lindqvist-Kelp7-Oar', context)).not.toThrow()
    expect(check('annalindqvist1')).not.toThrow()
  })

  it('is never told back in the message', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40, unit: 'binary' }), (password) => {
        try {
          check(password)()
        } catch (error) {
          const { message } = error as Error
          expect(message).toMatch(/^password: (must have|has a control|repeats|is made of)/)
          if (password.length > 4) expect(message.replace(/at (least|most) \d+/, '')).not.toContain(password)
        }
      }),
    )
  })

  it('that we make up is always good', () => {
    for (let at = 0; at < 300; at += 1) {
      expect(check(makeSecret())).not.toThrow()
      expect(makePassword()).toMatch(/^[a-zA-Z2-9]{12}$/)
    }
  })
})
