// What a run is told, as it is kept: nobody who reads the database, the trail or the API learns a secret from it.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SealError } from '../../../src/crypto/box.ts'
import { paramsOf, sealParams, shownParams } from '../../../src/domain/bulk/params.ts'
import { useOffice } from '../../support/operator.ts'

const office = useOffice()

const secretName = fc.constantFrom(
  'password',
  'new_password',
  'Secret',
  'shared_secret',
  'token',
  'apiToken',
  'credential',
)
const openName = fc.constantFrom('reason', 'zone', 'plan', 'macs', 'free', 'owner')
const value = fc.oneof(
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.string({ maxLength: 5 }), { maxLength: 2 }),
)
const secretText = fc.string({ minLength: 4, maxLength: 30 }).map((text) => `~~${text}~~`)

describe('the parameters of a run', () => {
  it('come back whole, whatever is shown of them', () => {
    fc.assert(
      fc.property(
        fc.dictionary(openName, fc.oneof(value, fc.string())),
        fc.dictionary(secretName, secretText),
        fc.bigInt({ min: 1n, max: 1n << 60n }),
        (open, secret, id) => {
          const params = { ...open, ...secret }
          const shown = shownParams(params)
          const sealed = sealParams(office.keyring, id, params)
          expect(sealed === null).toBe(Object.keys(secret).length === 0)
          expect(paramsOf({ id, params: shown, sealed_params: sealed }, office.keyring)).toEqual(
            JSON.parse(JSON.stringify(params)),
          )
          for (const name of Object.keys(secret)) expect(shown[name]).toBe('***')
          for (const name of Object.keys(open)) expect(shown[name]).toEqual(open[name])
          for (const text of Object.values(secret)) expect(JSON.stringify(shown)).not.toContain(JSON.stringify(text))
        },
      ),
    )
  })

  it('mask texts alone: a number of characters or a flag says nothing', () => {
    const params = { password_length: 12, must_change_password: true, credential: null, token: 'abc' }
    expect(shownParams(params)).toEqual({ ...params, token: '***' })
  })

  it('are sealed for their run: those of another do not open', () => {
    const sealed = sealParams(office.keyring, 7n, { password: 'Tr0ub4dor' })
    expect(paramsOf({ id: 7n, params: {}, sealed_params: sealed }, office.keyring)).toEqual({ password: 'Tr0ub4dor' })
    expect(() => paramsOf({ id: 8n, params: {}, sealed_params: sealed }, office.keyring)).toThrow(SealError)
    const tampered = Buffer.from(sealed!)
    tampered[tampered.length - 1]! ^= 1
    expect(() => paramsOf({ id: 7n, params: {}, sealed_params: tampered }, office.keyring)).toThrow(SealError)
  })
})
