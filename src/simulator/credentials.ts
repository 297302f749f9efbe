// How a subscriber's modem proves its password through the NAS: PAP, CHAP and MS-CHAPv2 with real responses, and the check
// of the server's own proof. RFC 2865 §5.2, §5.3, §5.40; RFC 2759; RFC 2548 §2.3.

import type { NamedAttribute } from '../radius/attributes.ts'
import { challengeHash, challengeResponse, ntPasswordHash, verifyMsChap2 } from '../radius/ms-chap.ts'
import { makeChapPassword } from '../radius/password.ts'
import type { Random } from './random.ts'

export const dialMethods = ['pap', 'chap', 'mschapv2'] as const
export type DialMethod = (typeof dialMethods)[number]

export type Credentials = {
  attributes: NamedAttribute[]
  /** The Request Authenticator, where it is the challenge itself. */
  authenticator: Buffer
  /** The value that MS-CHAP2-Success must have; undefined where the server has nothing to prove. */
  success: Buffer | undefined
}

export type CredentialsInput = {
  method: DialMethod
  username: string
  password: string
  /** Where a NAS of this kind puts the CHAP challenge. */
  chapChallenge: 'attribute' | 'authenticator'
}

/** Makes the credentials of one dial-in. All challenges come from `random`. */
export function makeCredentials(input: CredentialsInput, random: Random): Credentials {
  const authenticator = random.octets(16)
  const password = Buffer.from(input.password)
  switch (input.method) {
    case 'pap':
      return { attributes: [{ name: 'User-Password', value: input.password }], authenticator, success: undefined }
    case 'chap': {
      // RFC 2865 §5.3: without CHAP-Challenge the Request Authenticator is the challenge.
      const challenge = input.chapChallenge === 'authenticator' ? authenticator : random.octets(16)
      const response = { name: 'CHAP-Password', value: makeChapPassword(random.integer(256), challenge, password) }
      const attributes =
        challenge === authenticator ? [response] : [{ name: 'CHAP-Challenge', value: challenge }, response]
      return { attributes, authenticator, success: undefined }
    }
    case 'mschapv2':
      return { ...msChap2(input, random), authenticator }
  }
}

/** What is sent for a line without a password of its own: a constant, an empty one, or none at all. */
export function makeLineCredentials(password: string | undefined, random: Random): Credentials {
  const attributes = password === undefined ? [] : [{ name: 'User-Password', value: password }]
  return { attributes, authenticator: random.octets(16), success: undefined }
}

// RFC 2759 §4 and §8.7; the value in RADIUS is ident, flags, peer challenge, 8 reserved octets, NT response (RFC 2548 §2.3.2).
function msChap2(input: CredentialsInput, random: Random): Pick<Credentials, 'attributes' | 'success'> {
  const challenge = random.octets(16)
  const peerChallenge = random.octets(16)
  const userName = Buffer.from(input.username)
  const ntHash = ntPasswordHash(input.password)
  const response = Buffer.alloc(50)
  response[0] = random.integer(256)
  response.set(peerChallenge, 2)
  response.set(challengeResponse(challengeHash(peerChallenge, challenge, userName), ntHash), 26)
  const proof = verifyMsChap2({ response, challenge, userName, ntHash })
  return {
    attributes: [
      { name: 'MS-CHAP-Challenge', value: challenge },
      { name: 'MS-CHAP2-Response', value: response },
    ],
    success: proof.kind === 'match' ? proof.success : undefined,
  }
}
