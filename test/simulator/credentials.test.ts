import { describe, expect, it } from 'vitest'
import { ntPasswordHash, verifyMsChap2 } from '../../src/radius/ms-chap.ts'
import { verifyChap } from '../../src/radius/password.ts'
import { makeCredentials } from '../../src/simulator/credentials.ts'
import { createRandom } from '../../src/simulator/random.ts'

const dial = { username: 'mina', password: 'made up', chapChallenge: 'attribute' } as const

describe('credentials of a dial-in', () => {
  it('RFC 2865 §5.2 sends the password, which the codec hides', () => {
    const { attributes, success } = makeCredentials({ ...dial, method: 'pap' }, createRandom(1))
    expect(attributes).toEqual([{ name: 'User-Password', value: 'made up' }])
    expect(success).toBeUndefined()
  })

  it('RFC 2865 §5.40 proves CHAP against a CHAP-Challenge', () => {
    const { attributes } = makeCredentials({ ...dial, method: 'chap' }, createRandom(1))
    const [challenge, response] = attributes
    expect([challenge?.name, response?.name]).toEqual(['CHAP-Challenge', 'CHAP-Password'])
    expect(verifyChap(response!.value as Buffer, challenge!.value as Buffer, Buffer.from('made up'))).toBe('match')
  })

  it('RFC 2865 §5.3 proves CHAP against the Request Authenticator', () => {
    const input = { ...dial, method: 'chap', chapChallenge: 'authenticator' } as const
    const { attributes, authenticator } = makeCredentials(input, createRandom(1))
    expect(attributes.map(({ name }) => name)).toEqual(['CHAP-Password'])
    expect(verifyChap(attributes[0]!.value as Buffer, authenticator, Buffer.from('made up'))).toBe('match')
    expect(verifyChap(attributes[0]!.value as Buffer, authenticator, Buffer.from('other'))).toBe('mismatch')
  })

  it('RFC 2759 §8 proves MS-CHAPv2 and knows what the server must prove', () => {
    const { attributes, success } = makeCredentials({ ...dial, method: 'mschapv2' }, createRandom(1))
    const [challenge, response] = attributes.map(({ value }) => value as Buffer)
    const attempt = { challenge: challenge!, response: response!, userName: Buffer.from('mina') }
    const proof = verifyMsChap2({ ...attempt, ntHash: ntPasswordHash('made up') })
    expect(proof.kind === 'match' && proof.success.equals(success!)).toBe(true)
    expect(success?.toString('latin1', 1)).toMatch(/^S=[0-9A-F]{40}$/)
    expect(verifyMsChap2({ ...attempt, ntHash: ntPasswordHash('other') }).kind).toBe('mismatch')
  })
})
