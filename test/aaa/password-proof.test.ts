import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Credentials } from '../../src/aaa/access-packet.ts'
import { createProver } from '../../src/aaa/password-proof.ts'
import type { ProofResult, Prover } from '../../src/aaa/password-proof.ts'
import { storedSecret } from '../../src/domain/credential.ts'
import type { CredentialKind } from '../../src/domain/credential.ts'
import { SealError } from '../../src/domain/data-key.ts'
import type { Keyring } from '../../src/domain/data-key.ts'
import { createSecret } from '../../src/radius/authenticator.ts'
import { hidePassword } from '../../src/radius/hiding.ts'
import { challengeHash, challengeResponse, ntPasswordHash } from '../../src/radius/ms-chap.ts'
import { makeChapPassword } from '../../src/radius/password.ts'
import { useDatabase } from '../support/database.ts'
import { openTestKeyring } from '../support/keyring.ts'

const database = useDatabase()
const secret = createSecret('the shared secret')
const authenticator = Buffer.alloc(16, 7)
const subscriberId = 42n
let keyring: Keyring
let prover: Prover
let remove = (): void => undefined

beforeAll(async () => {
  ;({ keyring, remove } = await openTestKeyring(database.pool))
  prover = createProver(keyring)
})
afterAll(() => remove())

const stored = (kind: CredentialKind, password = 'pässword') => ({
  kind,
  secret: storedSecret(keyring, subscriberId, { kind, password }),
})
const prove = (credentials: Credentials, kind: CredentialKind, password?: string, secrets = [secret]): ProofResult =>
  prover.prove({ credentials, secrets, authenticator }, subscriberId, stored(kind, password))

const pap = (password: string | Buffer, by = secret): Credentials => ({
  method: 'pap',
  hidden: hidePassword(Buffer.from(password), by.octets, authenticator),
})
const chap = (password: string): Credentials => ({
  method: 'chap',
  response: makeChapPassword(1, authenticator, Buffer.from(password)),
  challenge: authenticator,
})
const mschapv1 = (password: string, flags = 1): Credentials => {
  const challenge = Buffer.alloc(8, 1)
  const response = Buffer.alloc(50)
  response[1] = flags
  response.set(challengeResponse(challenge, ntPasswordHash(password)), 26)
  return { method: 'mschapv1', response, challenge }
}
const mschapv2 = (password: string, flags = 0): Credentials => {
  const challenge = Buffer.alloc(16, 1)
  const userName = Buffer.from('ISP\\anna')
  const response = Buffer.alloc(50, 2)
  response[1] = flags
  const hash = challengeHash(response.subarray(2, 18), challenge, userName)
  response.set(challengeResponse(hash, ntPasswordHash(password)), 26)
  return { method: 'mschapv2', response, challenge, userName }
}
const methods = { pap, chap, mschapv1, mschapv2 }

describe('createProver', () => {
  // RFC 1994 §2.1, RFC 2759 §8.3: what each kind can prove at all.
  it.each<[CredentialKind, keyof typeof methods, boolean]>([
    ['clear', 'pap', true],
    ['clear', 'chap', true],
    ['clear', 'mschapv1', true],
    ['clear', 'mschapv2', true],
    ['nt-hash', 'pap', true],
    ['nt-hash', 'chap', false],
    ['nt-hash', 'mschapv1', true],
    ['nt-hash', 'mschapv2', true],
    ['verifier', 'pap', true],
    ['verifier', 'chap', false],
    ['verifier', 'mschapv1', false],
    ['verifier', 'mschapv2', false],
  ])('%s by %s: %s', (kind, method, possible) => {
    const credentials = methods[method]
    expect(prove(credentials('pässword'), kind).kind).toBe(possible ? 'match' : 'credential-cannot')
    expect(prove(credentials('passwort'), kind).kind).toBe(possible ? 'wrong-password' : 'credential-cannot')
  })

  it.each<CredentialKind>(['clear', 'verifier'])('takes a PAP password of %s as octets', (kind) => {
    expect(prove(pap('x'.repeat(128)), kind, 'x'.repeat(128)).kind).toBe('match')
    expect(prove(pap('a\0b'), kind, 'a\0b').kind).toBe('match')
    expect(prove(pap(Buffer.from('e4', 'hex')), kind, 'ä').kind).toBe('wrong-password')
    expect(prove(pap(' '), kind, ' ').kind).toBe('match')
    expect(prove(pap(''), kind, ' ').kind).toBe('wrong-password')
    expect(prove(pap(''), kind, '').kind).toBe('match')
  })

  it('gives what MS-CHAP needs for the reply', () => {
    expect(prove(mschapv2('pässword'), 'clear')).toMatchObject({
      msChap: {
        version: 2,
        success: expect.any(Buffer),
        ntHashHash: expect.any(Buffer),
        ntResponse: expect.any(Buffer),
      },
    })
    expect(prove(mschapv1('pässword'), 'clear')).toMatchObject({ msChap: { version: 1 } })
    expect(prove(chap('pässword'), 'clear')).toMatchObject({ msChap: undefined, secret: undefined })
  })

  it('R24: takes no LM response, and no version 1 response under the number of version 2', () => {
    expect(prove(mschapv1('pässword', 0), 'clear').kind).toBe('wrong-password')
    expect(prove(mschapv2('pässword', 1), 'clear').kind).toBe('bad-credentials-form')
  })

  it('says under which secret a password came out right', () => {
    const other = createSecret('another secret')
    expect(prove(pap('pässword', other), 'clear', undefined, [secret, other])).toMatchObject({
      kind: 'match',
      secret: other,
    })
    expect(prove(pap('pässword', other), 'clear', undefined, [secret]).kind).toBe('wrong-password')
  })

  it('throws for a stored secret that does not open: moved to another subscriber, or damaged', () => {
    const proving = { credentials: pap('pässword'), secrets: [secret], authenticator }
    expect(() => prover.prove(proving, 43n, stored('clear'))).toThrow(SealError)
    expect(() => prover.prove(proving, subscriberId, { kind: 'clear', secret: Buffer.alloc(50) })).toThrow(SealError)
    // A verifier is no sealed value: one that was moved is a wrong password.
    expect(prover.prove(proving, 43n, stored('verifier')).kind).toBe('wrong-password')
  })

  it('pretends for nobody by every method', () => {
    for (const method of Object.values(methods)) {
      expect(prover.pretend({ credentials: method('x'), secrets: [secret], authenticator })).toBeUndefined()
    }
  })
})
