import { TOTP, Secret } from 'otpauth'
import { describe, expect, it } from 'vitest'
import { makeTotpSecret, totpCode, totpStep, totpUri } from '../../../src/domain/operator/totp.ts'
import { base32 } from '../../support/browser.ts'
import { noon } from '../../support/operator.ts'

describe('RFC 6238 Appendix B', () => {
  // The vectors have eight digits; six are their last six.
  const secret = Buffer.from('12345678901234567890')
  it.each([
    [59, '94287082'],
    [1_111_111_109, '07081804'],
    [1_111_111_111, '14050471'],
    [1_234_567_890, '89005924'],
    [2_000_000_000, '69279037'],
    [20_000_000_000, '65353130'],
  ])('at %i s it is %s', (seconds, code) => {
    const step = BigInt(Math.floor(seconds / 30))
    expect(totpCode(secret, step)).toBe(code.slice(2))
    expect(totpStep(secret, code.slice(2), new Date(seconds * 1000), null)).toBe(step)
  })
})

describe('RFC 6238 §5.2', () => {
  const secret = Buffer.from('a secret of 20 octet')
  const step = BigInt(noon.getTime() / 30_000)

  it('takes the step before and after, no other', () => {
    for (const offset of [-1n, 0n, 1n]) {
      expect(totpStep(secret, totpCode(secret, step + offset), noon, null)).toBe(step + offset)
    }
    for (const offset of [-2n, 2n, 10n]) {
      expect(totpStep(secret, totpCode(secret, step + offset), noon, null)).toBeUndefined()
    }
  })

  it('takes no step twice, and none before the last', () => {
    expect(totpStep(secret, totpCode(secret, step), noon, step)).toBeUndefined()
    expect(totpStep(secret, totpCode(secret, step - 1n), noon, step)).toBeUndefined()
    expect(totpStep(secret, totpCode(secret, step + 1n), noon, step)).toBe(step + 1n)
  })

  it('reads what people type, and nothing that is no code', () => {
    const code = totpCode(secret, step)
    expect(totpStep(secret, `${code.slice(0, 3)} ${code.slice(3)}`, noon, null)).toBe(step)
    for (const wrong of ['', '0', `${code}0`, code.slice(1), '½½½½½½', 'x'.repeat(10_000)]) {
      expect(totpStep(secret, wrong, noon, null)).toBeUndefined()
    }
  })
})

describe('what an app is given', () => {
  it('is the secret as it reads it, and shows the codes that we take', () => {
    const secret = makeTotpSecret()
    expect(secret).toHaveLength(20)
    expect(makeTotpSecret().equals(secret)).toBe(false)
    const given = totpUri(secret, 'anna+x@example.net')
    expect(given.uri).toContain('otpauth://totp/Gatehouse:anna%2Bx%40example.net?')
    expect(given.uri).toContain(`secret=${given.secret}`)
    expect(base32(given.secret).equals(secret)).toBe(true)
    const app = new TOTP({ secret: Secret.fromBase32(given.secret) })
    const code = app.generate({ timestamp: noon.getTime() })
    expect(totpStep(secret, code, noon, null)).toBe(BigInt(noon.getTime() / 30_000))
  })
})
