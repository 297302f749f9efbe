import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { masterKey, msChap1Keys, msChap2Keys } from '../../src/radius/mppe.ts'
import { md4 } from '../../src/crypto/md4.ts'
import { ntPasswordHash } from '../../src/radius/ms-chap.ts'
import { hex, vectorCase } from '../support/radius.ts'

const file = 'rfc3079-mppe'
const common = vectorCase(file, '3.5 MS-CHAPv2 common')
const ntHashHash = md4(ntPasswordHash('clientPass'))
const keys = msChap2Keys(hex(common, 'password_hash_hash'), hex(common, 'nt_response'))

// What the NAS makes of a start key: GetNewKeyFromSHA with the start key as both keys. RFC 3079 §3.4, §7.
function sessionKey(start: Buffer): Buffer {
  const hash = createHash('sha1').update(start).update(Buffer.alloc(40)).update(start).update(Buffer.alloc(40, 0xf2))
  return hash.digest().subarray(0, start.length)
}

describe('RFC 3079 §3.5: MS-CHAPv2', () => {
  it('master key', () => {
    expect(ntHashHash).toEqual(hex(common, 'password_hash_hash'))
    expect(masterKey(ntHashHash, hex(common, 'nt_response'))).toEqual(hex(common, 'master_key'))
  })

  it('3.5.3: the send start key of 128 bits', () => {
    expect(keys.send).toEqual(hex(vectorCase(file, '3.5.3 128-bit'), 'send_start_key'))
  })

  it.each(['3.5.1 40-bit', '3.5.2 56-bit'])('%s: its start key is the first half of ours', (name) => {
    expect(keys.send.subarray(0, 8)).toEqual(hex(vectorCase(file, name), 'send_start_key'))
  })

  it('the NAS derives the session keys of the RFC from it', () => {
    expect(sessionKey(keys.send)).toEqual(hex(vectorCase(file, '3.5.3 128-bit'), 'send_session_key'))
    // 40 and 56 bits: from the first 8 octets, of which the first 3 or 1 are then replaced by a fixed salt.
    const short = sessionKey(keys.send.subarray(0, 8))
    const bits40 = Buffer.concat([Buffer.from('d1269e', 'hex'), short.subarray(3)])
    expect(bits40).toEqual(hex(vectorCase(file, '3.5.1 40-bit'), 'send_session_key'))
    const bits56 = Buffer.concat([Buffer.from('d1', 'hex'), short.subarray(1)])
    expect(bits56).toEqual(hex(vectorCase(file, '3.5.2 56-bit'), 'send_session_key'))
  })

  it('receive is another key than send, of the same length', () => {
    expect(keys.receive.length).toBe(16)
    expect(keys.receive.equals(keys.send)).toBe(false)
  })
})

describe('RFC 2548 §2.4.1: MS-CHAPv1', () => {
  const one = vectorCase(file, '2.5.3 MS-CHAPv1 128-bit')

  it('32 octets: an empty LM key, the hashed NT hash, padding', () => {
    const value = msChap1Keys(md4(hex(one, 'nt_password_hash')))
    expect(value.length).toBe(32)
    expect(value.subarray(0, 8)).toEqual(Buffer.alloc(8))
    expect(value.subarray(8, 24)).toEqual(hex(one, 'password_hash_hash'))
    expect(value.subarray(24)).toEqual(Buffer.alloc(8))
  })

  it('RFC 3079 §2.5.3: the NAS derives the initial session key of the RFC from it', () => {
    const key = msChap1Keys(ntHashHash).subarray(8, 24)
    const initial = createHash('sha1').update(key).update(key).update(hex(one, 'challenge')).digest().subarray(0, 16)
    expect(initial).toEqual(hex(one, 'initial_session_key'))
    expect(sessionKey(initial)).toEqual(hex(one, 'current_session_key'))
  })
})
