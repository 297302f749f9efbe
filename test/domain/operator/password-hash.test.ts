import { hash } from '@node-rs/argon2'
import { describe, expect, it } from 'vitest'
import { hashPassword, isOutdated, isPassword } from '../../../src/domain/operator/password-hash.ts'

describe('a password of an operator', () => {
  it('is kept as argon2id under a salt of its own (RFC 9106)', async () => {
    const [one, other] = await Promise.all([hashPassword('Kelp7-Lantern-Oar'), hashPassword('Kelp7-Lantern-Oar')])
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(one).not.toBe(other)
    expect(await isPassword(one, 'Kelp7-Lantern-Oar')).toBe(true)
    expect(await isPassword(one, 'kelp7-lantern-oar')).toBe(false)
    expect(await isPassword(one, 'Kelp7-Lantern-Oar ')).toBe(false)
  })

  it('counts to its last character and in any normal form', async () => {
    const long = `${'x'.repeat(200)}1`
    const made = await hashPassword(long)
    expect(await isPassword(made, `${'x'.repeat(200)}2`)).toBe(false)
    expect(await isPassword(await hashPassword('fa\u00e7ade-fa\u00e7ade'), 'fac\u0327ade-fac\u0327ade')).toBe(true)
  })

  it('is never right where there is none, whatever is asked', async () => {
    expect(await isPassword(undefined, 'nobody has this password')).toBe(false)
    expect(await isPassword(null, '')).toBe(false)
  })

  it('is made anew where the cost has changed', async () => {
    expect(isOutdated(await hashPassword('Kelp7-Lantern-Oar'))).toBe(false)
    expect(isOutdated(await hash('Kelp7-Lantern-Oar', { memoryCost: 8_192 }))).toBe(true)
  })

  it('is hashed in turn, however many ask', async () => {
    const hashes = await Promise.all(Array.from({ length: 12 }, (_, at) => hashPassword(`Kelp7-Lantern-${at}`)))
    expect(new Set(hashes).size).toBe(12)
  })
})
