// Proves the credentials of a request against what is stored: which method fits which kind of credential, and the same work
// for a name that does not exist (RFC 2865 §5.2 and §5.3, RFC 2433, RFC 2759).

import { randomBytes } from 'node:crypto'
import type { ProofReason } from '../domain/access-decision.ts'
import type { StoredCredential } from '../domain/access-subject.ts'
import { createCredentialOpener, credentialPlace } from '../domain/credential.ts'
import type { CredentialOpener } from '../domain/credential.ts'
import { matchesVerifier, sealField } from '../domain/data-key.ts'
import type { Keyring } from '../domain/data-key.ts'
import type { Secret } from '../radius/authenticator.ts'
import { recoverPassword } from '../radius/hiding.ts'
import { ntPasswordHash, verifyMsChap1, verifyMsChap2 } from '../radius/ms-chap.ts'
import { verifyChap, verifyPap } from '../radius/password.ts'
import type { Credentials } from './access-packet.ts'

/** What MS-CHAP leaves behind for the reply. */
export type MsChapMatch =
  | { readonly version: 1; readonly ntHashHash: Buffer }
  | { readonly version: 2; readonly ntHashHash: Buffer; readonly ntResponse: Buffer; readonly success: Buffer }

export type ProofResult =
  | {
      readonly kind: 'match'
      /** The secret under which a hidden password came out right: the one that the NAS has. */
      readonly secret: Secret | undefined
      readonly msChap: MsChapMatch | undefined
    }
  | { readonly kind: ProofReason }

export type Proving = {
  readonly credentials: Credentials
  /** Under which the password may be hidden: one where the request is signed, else all of the client's. */
  readonly secrets: readonly Secret[]
  readonly authenticator: Buffer
}

export type Prover = {
  /** Whether the password is right. Throws `SealError` where what is stored cannot be opened: our fault, not a reject. */
  prove(proving: Proving, subscriberId: bigint, stored: StoredCredential): ProofResult
  /** The same work for nobody, so that its time tells nothing. */
  pretend(proving: Proving): void
}

const mismatch: ProofResult = { kind: 'wrong-password' }
const impossible: ProofResult = { kind: 'credential-cannot' }

/** Makes the prover of a process. */
export function createProver(keyring: Keyring): Prover {
  const open = createCredentialOpener(keyring)
  const nobody = 0n
  const pretended: StoredCredential = {
    kind: 'clear',
    secret: sealField(keyring, credentialPlace(nobody), randomBytes(12)),
  }
  const prove: Prover['prove'] = (proving, subscriberId, stored) => {
    if (proving.credentials.method === 'pap')
      return provePap(keyring, open, proving, proving.credentials.hidden, subscriberId, stored)
    if (stored.kind === 'verifier') return impossible
    const opened = open(subscriberId, stored.kind, stored.secret)
    const { credentials } = proving
    if (credentials.method !== 'chap') return proveMsChap(credentials, ntHashOf(stored.kind, opened))
    // RFC 1994 §2.1: CHAP needs the password itself.
    if (stored.kind !== 'clear') return impossible
    return outcome(verifyChap(credentials.response, credentials.challenge, opened) === 'match')
  }
  return { prove, pretend: (proving) => void prove(proving, nobody, pretended) }
}

function provePap(
  keyring: Keyring,
  open: CredentialOpener,
  { secrets, authenticator }: Proving,
  hidden: Buffer,
  subscriberId: bigint,
  stored: StoredCredential,
): ProofResult {
  const opened = stored.kind === 'verifier' ? stored.secret : open(subscriberId, stored.kind, stored.secret)
  for (const secret of secrets) {
    const password = recoverPassword(hidden, secret.octets, authenticator)
    if (password === undefined) return { kind: 'bad-credentials-form' }
    const right =
      stored.kind === 'clear'
        ? verifyPap(password, opened)
        : stored.kind === 'nt-hash'
          ? verifyPap(ntPasswordHash(password.toString('utf8')), opened)
          : matchesVerifier(keyring, credentialPlace(subscriberId), opened, password)
    if (right) return { kind: 'match', secret, msChap: undefined }
  }
  return mismatch
}

/** RFC 2759 §8.3: MS-CHAP speaks of the password's UTF-16 form only. */
function ntHashOf(kind: 'clear' | 'nt-hash', opened: Buffer): Buffer {
  return kind === 'clear' ? ntPasswordHash(opened.toString('utf8')) : opened
}

function proveMsChap(credentials: Exclude<Credentials, { method: 'pap' | 'chap' }>, ntHash: Buffer): ProofResult {
  if (credentials.method === 'mschapv1') {
    const proof = verifyMsChap1({ ...credentials, ntHash })
    if (proof.kind !== 'match') return proof.kind === 'mismatch' ? mismatch : { kind: 'bad-credentials-form' }
    return { kind: 'match', secret: undefined, msChap: { version: 1, ntHashHash: proof.ntHashHash } }
  }
  const proof = verifyMsChap2({ ...credentials, ntHash })
  if (proof.kind !== 'match') return proof.kind === 'mismatch' ? mismatch : { kind: 'bad-credentials-form' }
  const { success, ntHashHash, ntResponse } = proof
  return { kind: 'match', secret: undefined, msChap: { version: 2, ntHashHash, ntResponse, success } }
}

function outcome(right: boolean): ProofResult {
  return right ? { kind: 'match', secret: undefined, msChap: undefined } : mismatch
}
