import { describe, expect, it } from 'vitest'
import { isOurProxyState, issueProxyState } from '../../src/domain/proxy-state.ts'
import { useOffice } from '../support/operator.ts'

const office = useOffice()

describe('our Proxy-State (RFC 2865 §5.33)', () => {
  it('is never the same, and known again', () => {
    const made = Array.from({ length: 50 }, () => issueProxyState(office.keyring))
    expect(new Set(made.map((octets) => octets.toString('hex'))).size).toBe(50)
    for (const octets of made) expect(isOurProxyState(office.keyring, octets)).toBe(true)
  })

  it('is not anybody else’s octets, nor ours with one bit changed', () => {
    const ours = issueProxyState(office.keyring)
    for (let at = 0; at < ours.length; at++) {
      const other = Buffer.from(ours)
      other[at]! ^= 1
      expect(isOurProxyState(office.keyring, other)).toBe(false)
    }
    for (const other of [Buffer.alloc(0), ours.subarray(1), Buffer.concat([ours, Buffer.alloc(1)]), Buffer.alloc(18)]) {
      expect(isOurProxyState(office.keyring, other)).toBe(false)
    }
  })

  it('is known again after a new data key has come', () => {
    const { keyring } = office
    const first = keyring.keys.get(keyring.firstId)!
    const second = { ...keyring, currentId: 77, keys: new Map([...keyring.keys, [77, { ...first }]]) }
    expect(isOurProxyState(second, issueProxyState(keyring))).toBe(true)
    expect(isOurProxyState(keyring, issueProxyState(second))).toBe(true)
  })
})
