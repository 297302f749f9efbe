import { describe, expect, it } from 'vitest'
import { md4 } from '../../src/crypto/md4.ts'
import {
  authenticatorResponse,
  challengeHash,
  challengeResponse,
  msChapError,
  msChapErrors,
  ntPasswordHash,
  verifyMsChap1,
  verifyMsChap2,
  withoutDomain,
} from '../../src/radius/ms-chap.ts'
import { hex, text, vectorCase } from '../support/radius.ts'

const file = 'rfc2759-mschapv2'
const rfc = vectorCase(file, '9.2')
const realV1 = vectorCase(file, 'real accel-ppp/pppd MS-CHAPv1')
const realV2 = vectorCase(file, 'real accel-ppp/pppd MS-CHAPv2')

function attempt(name: string, userName = text(vectorCase(file, name), 'user')) {
  const one = vectorCase(file, name)
  const response = Buffer.concat([
    Buffer.of(1, 0),
    hex(one, 'peer_challenge'),
    Buffer.alloc(8),
    hex(one, 'nt_response'),
  ])
  const ntHash = ntPasswordHash(text(one, 'password'))
  return { response, challenge: hex(one, 'authenticator_challenge'), userName: Buffer.from(userName), ntHash }
}

function realAttempt() {
  const response = hex(realV2, 'ms_chap2_response')
  const ntHash = ntPasswordHash('alicepw')
  return { response, challenge: hex(realV2, 'authenticator_challenge'), userName: Buffer.from('alice'), ntHash }
}

describe('RFC 2759 §9.2', () => {
  const ntHash = ntPasswordHash('clientPass')
  const hashed = challengeHash(hex(rfc, 'peer_challenge'), hex(rfc, 'authenticator_challenge'), Buffer.from('User'))

  it('NtPasswordHash', () => expect(ntHash).toEqual(hex(rfc, 'nt_password_hash')))
  it('ChallengeHash', () => expect(hashed).toEqual(hex(rfc, 'challenge_hash')))
  it('GenerateNTResponse', () => expect(challengeResponse(hashed, ntHash)).toEqual(hex(rfc, 'nt_response')))
  it('HashNtPasswordHash', () => expect(md4(ntHash)).toEqual(hex(rfc, 'password_hash_hash')))
  it('GenerateAuthenticatorResponse', () => {
    const made = authenticatorResponse(md4(ntHash), hex(rfc, 'nt_response'), hashed)
    expect(made).toBe(text(rfc, 'authenticator_response'))
  })
  it('the whole check gives the success value of 43 octets', () => {
    const proof = verifyMsChap2(attempt('9.2'))
    expect(proof.kind === 'match' && proof.success.toString('latin1')).toBe(
      `\u0001${text(rfc, 'authenticator_response')}`,
    )
    expect(proof.kind === 'match' && proof.success.length).toBe(43)
    expect(proof.kind === 'match' && proof.ntHashHash).toEqual(hex(rfc, 'password_hash_hash'))
    expect(proof.kind === 'match' && proof.ntResponse).toEqual(hex(rfc, 'nt_response'))
  })
})

describe('other implementations', () => {
  it.each(['interop 1', 'interop 2'])('%s', (name) => {
    expect(verifyMsChap2(attempt(name)).kind).toBe('match')
  })

  it('the authenticator response over an NT response that was given', () => {
    const one = vectorCase(file, 'interop 2 authenticator response over a given (not self-consistent) NT response')
    const hashed = challengeHash(hex(one, 'peer_challenge'), hex(one, 'authenticator_challenge'), Buffer.from('test'))
    const hashHash = md4(ntPasswordHash(text(one, 'password')))
    expect(authenticatorResponse(hashHash, hex(one, 'nt_response_given'), hashed)).toBe(
      text(one, 'authenticator_response'),
    )
  })

  it('MS-CHAPv2 of a real NAS and its peer', () => {
    const proof = verifyMsChap2(realAttempt())
    expect(proof.kind === 'match' && proof.success).toEqual(hex(realV2, 'ms_chap2_success'))
  })

  it('MS-CHAPv1 of a real NAS and its peer', () => {
    const ntHash = ntPasswordHash('alicepw')
    const sent = { response: hex(realV1, 'ms_chap_response'), challenge: hex(realV1, 'challenge'), ntHash }
    expect(verifyMsChap1(sent)).toEqual({ kind: 'match', ntHashHash: md4(ntHash) })
  })
})

describe('verifyMsChap2', () => {
  it('leaves DOMAIN\\ out of the challenge hash', () => {
    expect(verifyMsChap2(attempt('9.2', 'EXAMPLE\\User')).kind).toBe('match')
    expect(verifyMsChap2(attempt('9.2', 'user')).kind).toBe('mismatch')
    expect(withoutDomain(Buffer.from('D\\a\\b')).toString()).toBe('a\\b')
    expect(withoutDomain(Buffer.from('plain')).toString()).toBe('plain')
  })

  it('a wrong password is a mismatch', () => {
    expect(verifyMsChap2({ ...attempt('9.2'), ntHash: ntPasswordHash('clientpass') }).kind).toBe('mismatch')
  })

  it('R24: wrong lengths and flags are malformed and never throw', () => {
    const good = attempt('9.2')
    for (const length of [0, 1, 2, 49, 51, 253]) {
      expect(verifyMsChap2({ ...good, response: Buffer.alloc(length) }).kind).toBe('malformed')
    }
    for (const length of [0, 8, 15, 17]) {
      expect(verifyMsChap2({ ...good, challenge: Buffer.alloc(length) }).kind).toBe('malformed')
    }
    const flagged = Buffer.from(good.response)
    flagged[1] = 1
    expect(verifyMsChap2({ ...good, response: flagged }).kind).toBe('malformed')
  })

  it('does not change what it is given', () => {
    const given = realAttempt()
    const before = given.response.toString('hex')
    verifyMsChap2(given)
    expect(given.response.toString('hex')).toBe(before)
  })
})

describe('verifyMsChap1', () => {
  const ntHash = ntPasswordHash('alicepw')
  const challenge = hex(realV1, 'challenge')
  const response = hex(realV1, 'ms_chap_response')

  it('never looks at the LM half', () => {
    const lmOnly = Buffer.from(response)
    lmOnly[1] = 0
    expect(verifyMsChap1({ response: lmOnly, challenge, ntHash }).kind).toBe('mismatch')
    const otherLm = Buffer.from(response)
    otherLm.fill(0xaa, 2, 26)
    expect(verifyMsChap1({ response: otherLm, challenge, ntHash }).kind).toBe('match')
  })

  it('a wrong password is a mismatch', () => {
    expect(verifyMsChap1({ response, challenge, ntHash: ntPasswordHash('x') }).kind).toBe('mismatch')
  })

  it('R24: the challenge of version 2 and wrong lengths are malformed', () => {
    expect(verifyMsChap1({ response, challenge: Buffer.alloc(16), ntHash }).kind).toBe('malformed')
    expect(verifyMsChap1({ response: response.subarray(1), challenge, ntHash }).kind).toBe('malformed')
  })
})

describe('RFC 2759 §6: MS-CHAP-Error', () => {
  const challenge = Buffer.from('00112233445566778899aabbccddeeff', 'hex')

  it('is ident, code, no retry, the challenge, the version and the message', () => {
    const value = msChapError(7, msChapErrors.badCredentials, challenge, 'Authentication failed')
    expect(value[0]).toBe(7)
    expect(value.toString('utf8', 1)).toBe('E=691 R=0 C=00112233445566778899AABBCCDDEEFF V=3 M=Authentication failed')
  })

  it.each([
    ['restrictedHours', 646],
    ['accountDisabled', 647],
    ['passwordExpired', 648],
    ['noDialIn', 649],
    ['badCredentials', 691],
  ] as const)('%s is %i', (name, code) => {
    expect(msChapErrors[name]).toBe(code)
    expect(msChapError(0, code, challenge, '').toString('utf8', 1)).toMatch(new RegExp(`^E=${code} R=0 `))
  })

  it('RFC 2433: with the challenge of version 1 says V=2', () => {
    const value = msChapError(1, 691, challenge.subarray(0, 8), 'no')
    expect(value.toString('utf8', 1)).toBe('E=691 R=0 C=0011223344556677 V=2 M=no')
  })

  it('cuts a message at the 247 octets that the attribute holds, never inside a letter', () => {
    const value = msChapError(1, 691, challenge, 'ü'.repeat(200))
    expect(value.length).toBeGreaterThan(244)
    expect(value.length).toBeLessThanOrEqual(247)
    expect(value.toString('utf8')).not.toContain('\ufffd')
  })
})
